package demo

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/example/internal/web"
)

// user is who is logged in.
const user sessions.Key[string] = "user"

// login asks for no password: every name is accepted. The new ID makes the old
// one worthless, in case someone has planted it; the list of devices is found
// by the subject.
func (app *app) login(s *sessions.Session, r *http.Request) (any, error) {
	name, err := web.Field(r, "user")
	if err != nil {
		return nil, err
	}
	if len(name) > 255 {
		return nil, web.BadField("the field \"user\" is longer than 255 bytes")
	}
	if err := s.RegenerateID(); err != nil {
		return nil, err
	}
	if err := user.Set(s, name); err != nil {
		return nil, err
	}
	if err := s.SetSubject(name); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	if err := s.SetLabel(browser(r.UserAgent())); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	return map[string]string{"user": name}, app.Tell(s, r, "Welcome, %s.", name)
}

// browser names the browser and the system of a User-Agent, or returns "".
func browser(agent string) string {
	find := func(names ...[2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	name := find([2]string{"Edg/", "Edge"}, [2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"}, [2]string{"Safari/", "Safari"}, [2]string{"curl/", "curl"})
	system := find([2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"}, [2]string{"Mac OS X", "macOS"}, [2]string{"Linux", "Linux"})
	if name == "" || system == "" {
		return name + system
	}
	return name + " on " + system
}

// logout ends the session, at once and for good.
func logout(s *sessions.Session, r *http.Request) (any, error) {
	return nil, s.Destroy(r.Context())
}

// device is one of a user's sessions.
type device struct {
	ID       string     `json:"id"`
	Label    string     `json:"label,omitempty"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"last_used,omitempty"` // with -idle
	Current  bool       `json:"current"`
}

// devices lists where the user is logged in.
func (app *app) devices(s *sessions.Session, r *http.Request) (any, error) {
	list, err := app.listDevices(s, r)
	if err != nil {
		return nil, err
	}
	return map[string][]device{"devices": list}, nil
}

func (app *app) listDevices(s *sessions.Session, r *http.Request) ([]device, error) {
	subject, err := app.subject(s)
	if err != nil {
		return nil, err
	}
	found, err := app.sessions.List(r.Context(), subject)
	if err != nil {
		return nil, err
	}
	list := make([]device, len(found))
	for i, info := range found {
		list[i] = device{ID: info.PublicID, Label: info.Label, Created: info.Created.UTC(), Current: info.PublicID == s.PublicID()}
		if !info.LastUsed.IsZero() {
			used := info.LastUsed.UTC()
			list[i].LastUsed = &used
		}
	}
	slices.SortStableFunc(list, func(a, b device) int {
		switch {
		case a.Current:
			return -1
		case b.Current:
			return 1
		}
		return 0 // the newest first, as they came
	})
	return list, nil
}

// revoke ends sessions of the user: all of them, all others, or one by its ID.
func (app *app) revoke(s *sessions.Session, r *http.Request) (any, error) {
	which, err := web.Field(r, "which")
	if err != nil {
		return nil, err
	}
	subject, err := app.subject(s)
	if err != nil {
		return nil, err
	}
	n := 0
	switch which {
	case "others":
		n, err = app.sessions.RevokeOthers(r.Context(), s)
	case "all":
		n, err = app.sessions.RevokeAll(r.Context(), subject) // this browser included
	case "one":
		n, err = app.revokeOne(r, subject)
	default:
		err = web.BadField("the field \"which\" must be others, all or one; one also needs the field \"id\"")
	}
	if err != nil {
		return nil, err
	}
	answer := map[string]int{"revoked": n}
	if which == "all" {
		return answer, nil // there is no session left to hold a message
	}
	return answer, app.Tell(s, r, "Sessions logged out: %d.", n)
}

func (app *app) revokeOne(r *http.Request, subject string) (int, error) {
	id, err := web.Field(r, "id")
	if err != nil {
		return 0, err
	}
	found, err := app.sessions.Revoke(r.Context(), subject, id)
	if found && err == nil {
		return 1, nil
	}
	return 0, err
}

// subject returns the session's owner. It returns an error if nobody is logged
// in, or if the backend has no index of subjects and so cannot list devices.
func (app *app) subject(s *sessions.Session) (string, error) {
	switch subject := s.Subject(); {
	case subject != "":
		return subject, nil
	case !app.can(backends.CanSubjects) && user.Has(s):
		return "", errors.ErrUnsupported
	}
	return "", &web.Problem{Status: http.StatusUnauthorized, Text: "log in first"}
}

// can reports whether the backend has an ability.
func (app *app) can(ability backends.Ability) bool {
	return slices.Contains(backends.Abilities(app.backend), ability)
}
