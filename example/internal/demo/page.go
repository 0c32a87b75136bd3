package demo

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/example/internal/shop"
	"github.com/gosessions/sessions/example/internal/web"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"when": when, "ago": ago}).Parse(pageText))

// view is what the page shows.
type view struct {
	Problem string // nothing else is shown then

	Settings     *settings
	Host         string // as the visitor calls it
	User         string
	Flashes      []sessions.Flash
	Shelf        []shop.Shelf
	Session      *sessions.Session
	Values       []shop.Row
	Token        token
	Devices      []device
	CanList      bool
	Alternatives []alternative
	Typed        typed
}

// typed is what a person wanted to store, and why it cannot be.
type typed struct{ Key, Value, Problem string }

// ForPrograms reports whether a browser can do nothing here: it cannot send the
// header in which the token travels.
func (v *view) ForPrograms() bool { return v.Settings.Transport == "header" && v.Session.IsNew() }

// page shows all of it to a person.
func (app *app) page(w http.ResponseWriter, r *http.Request) {
	v, err := app.look(r)
	if err != nil {
		app.Fail(w, r, err)
		return
	}
	web.Render(w, http.StatusOK, pageTemplate, v)
}

// look gathers what the page shows. Only the flash messages are consumed.
func (app *app) look(r *http.Request) (*view, error) {
	s, err := sessions.Load(r.Context())
	if err != nil {
		return nil, err
	}
	v := &view{
		Settings:     app.settings,
		Host:         r.Host,
		Session:      s,
		CanList:      app.can(backends.CanSubjects),
		Alternatives: app.settings.alternatives(),
	}
	if v.Flashes, err = s.Flashes(); err != nil {
		return nil, err
	}
	v.Values = shop.Contents(s)
	v.User, _ = user.Get(s) // of any type, if it was stored by hand
	v.Shelf = shop.Shelves(s)
	v.Token = app.describeToken(r, s)
	v.Devices, err = app.listDevices(s, r)
	var problem *web.Problem
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.As(err, &problem) {
		return nil, err
	}
	return v, nil
}

// again shows the page with the value that cannot be stored, so that nobody has to type
// it again.
func (app *app) again(w http.ResponseWriter, r *http.Request, problem *web.Problem) bool {
	if r.URL.Path != "/set" {
		return false
	}
	v, err := app.look(r)
	if err != nil || v.ForPrograms() {
		return false
	}
	v.Typed = typed{r.PostFormValue("key"), r.PostFormValue("value"), problem.Text}
	web.Render(w, problem.Status, pageTemplate, v)
	return true
}

// trouble shows a person what went wrong.
func trouble(w http.ResponseWriter, status int, problem string) {
	web.Render(w, status, pageTemplate, &view{Problem: problem})
}

// when formats a time for people.
func when(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// ago says how long ago t was, because the server does not know where the visitor's
// clock is.
func ago(t time.Time) string {
	since := time.Since(t)
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(since / unit.length); {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now"
}

// alternative is a way to start the demonstration.
type alternative struct {
	Flags, Note string
	Runs        bool
}

// alternatives lists them, and which are in use.
func (s *settings) alternatives() []alternative {
	sealed := func(codec string) bool { return s.Backend == "cookie" && s.Codec == codec }
	list := []alternative{
		{"-backend memory", "in this process; sessions end with it", s.Backend == "memory"},
		{"-backend redis", "a single server, Sentinel or Cluster", s.Backend == "redis"},
		{"-backend postgres", "one table", s.Backend == "postgres"},
		{"-backend cookie -codec flask", "signed, as by Flask", sealed("flask")},
		{"-backend cookie -codec starlette", "signed, as by Starlette and FastAPI", sealed("starlette")},
		{"-backend cookie -codec jwt", "a JSON Web Token, as by PyJWT", sealed("jwt")},
		{"-backend cookie -codec encrypted", "encrypted, so only the server can read it", sealed("encrypted")},
		{"-serializer msgpack", "smaller records", s.serializer == "msgpack"},
		{"-transport header", "for programs; uses Authorization: Bearer", s.Transport == "header"},
	}
	for i, store := range s.stores {
		list = slices.Insert(list, 3+i, alternative{"-backend " + store.Name, store.Note, s.Backend == store.Name})
	}
	return list
}
