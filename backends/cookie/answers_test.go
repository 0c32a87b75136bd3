package cookie_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
)

// answer is what a Python framework answered, from testdata/answers. The
// answers of Flask are tested with the middleware.
type answer struct {
	Name    string
	Handler string
	Config  struct {
		MaxAge   *int `json:"max_age"`
		Secure   bool `json:"https_only"`
		SameSite string
		Same     string `json:"same_site"`
		Domain   string
		Path     string
	}
	RequestCookie string `json:"request_cookie"`
	Response      struct {
		Status  int
		Headers [][2]string
	}
}

// views do with our session what the handlers do with Python's.
var views = map[string]func(*http.Request, *sessions.Session) error{
	`session.get("user")`:                        func(_ *http.Request, s *sessions.Session) error { _, err := s.Get("user"); return err },
	`session["user"] = "ada"`:                    func(_ *http.Request, s *sessions.Session) error { return s.Set("user", "ada") },
	`session["user"] = "ada" (the value it has)`: func(_ *http.Request, s *sessions.Session) error { return s.Set("user", "ada") },
	`session["user"] = "bob"`:                    func(_ *http.Request, s *sessions.Session) error { return s.Set("user", "bob") },
	`session["user"] = "\u00e9\U0001f600"`:       func(_ *http.Request, s *sessions.Session) error { return s.Set("user", "\u00e9\U0001f600") },
	`session["k"] = "v"`:                         func(_ *http.Request, s *sessions.Session) error { return s.Set("k", "v") },
	`del session["n"]`:                           func(_ *http.Request, s *sessions.Session) error { return s.Delete("n") },
	`session.pop("user")`:                        func(_ *http.Request, s *sessions.Session) error { return s.Delete("user") },
	`session.clear()`:                            func(_ *http.Request, s *sessions.Session) error { return s.Clear() },
	`await session.delete()`:                     func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) },
	`await session.flush()`:                      func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) },
	`session["x"] = 1; del session["x"]`: func(_ *http.Request, s *sessions.Session) error {
		if err := s.Set("x", 1); err != nil {
			return err
		}
		return s.Delete("x")
	},
}

const deleted = "(deleted)"

// theirs is the cookie of the framework's answer: nil if there is none.
func (a *answer) theirs(t *testing.T) *http.Cookie {
	t.Helper()
	for _, header := range a.Response.Headers {
		if !strings.EqualFold(header[0], "Set-Cookie") {
			continue
		}
		c, err := http.ParseSetCookie(header[1])
		if err != nil {
			t.Fatal(err)
		}
		if c.Value == "null" || c.Value == "''" || strings.HasPrefix(c.Value, "e30=") {
			c.Value = deleted // starsessions 1.0 signs an empty session instead
		}
		return c
	}
	return nil
}

// wanted is the cookie that we answer: theirs, except on purpose.
func (a *answer) wanted(t *testing.T, junk *http.Cookie) *http.Cookie {
	t.Helper()
	theirs := a.theirs(t)
	valid := strings.HasPrefix(a.Name, "valid/") || strings.HasPrefix(a.Name, "config/") || strings.HasPrefix(a.Name, "root-path/")
	switch {
	case a.Response.Status == 500:
		return junk // a validly signed but unreadable payload means that there is no session, not that something failed
	case theirs == nil:
		return nil
	case strings.HasSuffix(a.Handler, `session.get("user")`), strings.HasSuffix(a.Name, "set-same-value"):
		return nil // no change, no cookie
	case theirs.Value == deleted && (a.RequestCookie == "" || !valid):
		return nil // where there is nothing, nothing is deleted
	}
	return theirs
}

func TestAnswers(t *testing.T) {
	codecs := map[string]func(cookie.Signing) cookie.Codec{
		"starlette": func(s cookie.Signing) cookie.Codec { return cookie.StarletteWith(s, "dev") },
		"signer":    func(s cookie.Signing) cookie.Codec { return cookie.StarletteWith(s, "dev") },
		"jwt":       func(cookie.Signing) cookie.Codec { return cookie.PyJWT("dev-secret-that-is-32-bytes-long") },

		"starsessions1":                 func(cookie.Signing) cookie.Codec { return cookie.Starlette("dev") },
		"starsessions2":                 func(cookie.Signing) cookie.Codec { return cookie.Starsessions(0, "dev") },
		"starsessions2 with a lifetime": func(cookie.Signing) cookie.Codec { return cookie.Starsessions(time.Hour, "dev") },
		"starlette_flask":               func(s cookie.Signing) cookie.Codec { return cookie.StarletteFlaskWith(s, "dev") },
	}
	for name, codecOf := range codecs {
		framework, _, _ := strings.Cut(name, " ")
		data, err := os.ReadFile(filepath.Join("testdata", "answers", framework+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Rows []answer }
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		if len(file.Rows) < 40 {
			t.Fatalf("%s: only %d rows", framework, len(file.Rows))
		}
		var junk *http.Cookie
		for _, a := range file.Rows {
			if a.Name == "junk/set" {
				junk = a.theirs(t)
			}
		}
		for _, a := range file.Rows {
			if framework == "starsessions2" && (a.Config.MaxAge != nil) != (name != framework) {
				continue // here the lifetime is the codec's
			}
			t.Run(framework+"/"+a.Name, func(t *testing.T) {
				at(t, func(t *testing.T) { a.run(t, codecOf, junk) })
			})
		}
	}
}

func (a *answer) run(t *testing.T, codecOf func(cookie.Signing) cookie.Codec, junk *http.Cookie) {
	if strings.HasPrefix(a.Handler, "does not touch the session") {
		return // nor do we then: no cookie is read, and none is sent
	}
	if a.Config.MaxAge != nil && *a.Config.MaxAge == 0 {
		return // a session that is over at once is a mistake: New says so
	}
	path, handler, mounted := a.Config.Path, a.Handler, false
	if handler, mounted = strings.CutPrefix(handler, `root_path="/mounted"; `); mounted && strings.Contains(t.Name(), "starsessions") {
		path = "/mounted"
	}
	view := views[handler]
	if view == nil {
		t.Fatalf("unknown handler %s", a.Handler)
	}
	want := a.wanted(t, junk)
	if path == "/app" && want == nil {
		return // starsessions deletes only where the request's path lies within the cookie's
	}

	config := &sessions.Config{Logger: slog.New(slog.DiscardHandler)}
	transport := sessions.Cookie{Domain: a.Config.Domain, Path: path, Insecure: !a.Config.Secure}
	switch a.Config.Same {
	case "strict":
		transport.SameSite = http.SameSiteStrictMode
	case "none":
		transport.SameSite = http.SameSiteNoneMode
	}
	config.Transport = transport
	var signing cookie.Signing
	switch {
	case a.Config.MaxAge != nil:
		config.Lifetime = time.Duration(*a.Config.MaxAge) * time.Second
	case strings.Contains(a.Name, "max_age=None"):
		signing.InsecureNoMaxAge, config.BrowserSession = true, true
	}
	mw, err := sessions.New(cookie.New(codecOf(signing)), config)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	if a.RequestCookie != "" {
		r.Header.Set("Cookie", a.RequestCookie)
	}
	w := httptest.NewRecorder()
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err == nil {
			err = view(r, s)
		}
		if err != nil {
			t.Error(err)
		}
	})).ServeHTTP(w, r)

	var got *http.Cookie
	for _, got = range w.Result().Cookies() {
		if got.MaxAge < 0 && got.Value == "" {
			got.Value = deleted
		}
	}
	switch {
	case got == nil && want == nil:
	case got == nil || want == nil:
		t.Errorf("our cookie is %v, want %v", got, want)
	case got.Name != want.Name || got.Value != want.Value || got.Path != want.Path || got.Domain != want.Domain ||
		got.HttpOnly != want.HttpOnly || got.Secure != want.Secure || got.SameSite != want.SameSite:
		t.Errorf("our cookie is\n%v, want\n%v", got, want)
	case got.Value != deleted && got.MaxAge != want.MaxAge:
		t.Errorf("our cookie lives %d s, want %d", got.MaxAge, want.MaxAge)
	}
}
