package sessions_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
)

// flaskRow is an answer of the real Flask, from testdata/http_flask.json.
type flaskRow struct {
	Name    string
	Handler string
	Config  struct {
		Secure    bool     `json:"SESSION_COOKIE_SECURE"`
		HTTPOnly  *bool    `json:"SESSION_COOKIE_HTTPONLY"`
		SameSite  string   `json:"SESSION_COOKIE_SAMESITE"`
		Domain    string   `json:"SESSION_COOKIE_DOMAIN"`
		Path      string   `json:"SESSION_COOKIE_PATH"`
		Root      string   `json:"APPLICATION_ROOT"`
		Name      string   `json:"SESSION_COOKIE_NAME"`
		Partition bool     `json:"SESSION_COOKIE_PARTITIONED"`
		Lifetime  int      `json:"PERMANENT_SESSION_LIFETIME"`
		Fallbacks []string `json:"SECRET_KEY_FALLBACKS"`
		Refresh   *bool    `json:"SESSION_REFRESH_EACH_REQUEST"`
	}
	RequestCookie *string `json:"request_cookie"`
	Response      struct {
		Status  int
		Headers [][2]string
	}
}

// flaskViews do with our session what the views of the rows do in Flask. The keys are
// the descriptions in the rows.
var flaskViews = map[string]func(w http.ResponseWriter, r *http.Request, s *sessions.Session) error{
	`session.get("user")`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		_, err := s.Get("user")
		return err
	},
	`session["user"]`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		_, err := s.Get("user")
		return err
	},
	`"user" in session`:                          func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { s.Has("user"); return nil },
	`len(session)`:                               func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { s.Len(); return nil },
	`session["user"] = "ada"`:                    setUser("ada"),
	`session["user"] = "ada" (HEAD)`:             setUser("ada"),
	`session["user"] = "ada" (the value it has)`: setUser("ada"),
	`session["user"] = "bob"`:                    setUser("bob"),
	`session["user"] = "ada"; session["n"] = 1`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		return join(s.Set("user", "ada"), s.Set("n", 1))
	},
	`session["x"] = 1; del session["x"]`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		return join(s.Set("x", 1), s.Delete("x"))
	},
	`session.clear()`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Clear() },
	`session.pop("x", None)`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		_, err := s.Take("x")
		return err
	},
	`session.permanent = True; session["user"] = "ada"`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		return join(s.SetPersistent(true), s.Set("user", "ada"))
	},
	`session.permanent = True`:  func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.SetPersistent(true) },
	`session.permanent = False`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.SetPersistent(false) },
	`session["user"] = "ada"; return redirect("/next")`: func(w http.ResponseWriter, r *http.Request, s *sessions.Session) error {
		defer http.Redirect(w, r, "/next", http.StatusFound)
		return s.Set("user", "ada")
	},
	`session["user"] = "ada"; raise RuntimeError (HTTP 500 page)`: func(w http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		defer http.Error(w, "", 500)
		return s.Set("user", "ada")
	},
	`session["k"] = "v"`:                         func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Set("k", "v") },
	`session["k"] = 1`:                           func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Set("k", 1) },
	`session["k"] = 1 (signed with the new key)`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Set("k", 1) },
	`del session["n"]`:                           func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Delete("n") },
	`session.setdefault("user", "x")`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		if s.Has("user") {
			return nil
		}
		return s.Set("user", "x")
	},
	`session.pop("user")`:                           func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Delete("user") },
	`session.pop("user") (only _permanent is left)`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Delete("user") },
	`session.clear(); session["user"] = "bob"`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		return join(s.Clear(), s.Set("user", "bob"))
	},
	`session["nested"]["n"] = 1; session.modified = True`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		return s.Set("nested", map[string]any{"n": 1})
	},
	`flash("hi")`:          func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Flash("", "hi") },
	`flash("hi", "error")`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Flash("error", "hi") },
	`get_flashed_messages()`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		_, err := s.Flashes()
		return err
	},
	`session["user"] = "ada"; the view sets Vary: Accept-Encoding`:   setUserAndHeader("Vary", "Accept-Encoding"),
	`session["user"] = "ada"; the view sets Vary: cookie, Accept`:    setUserAndHeader("Vary", "cookie, Accept"),
	`session["user"] = "ada"; the view sets Vary: *`:                 setUserAndHeader("Vary", "*"),
	`session["user"] = "ada"; the view also sets the cookie other=1`: setUserAndHeader("Set-Cookie", "other=1; Path=/"),
	`session["blob"] = 6000 incompressible characters (a warning is logged, the cookie is sent)`: func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		var b strings.Builder
		for i := uint32(1); b.Len() < 6000; i = i*1664525 + 1013904223 {
			b.WriteByte('0' + byte(i>>24)%75)
		}
		return s.Set("blob", b.String())
	},
}

func setUser(name string) func(http.ResponseWriter, *http.Request, *sessions.Session) error {
	return func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) error { return s.Set("user", name) }
}

func setUserAndHeader(name, value string) func(http.ResponseWriter, *http.Request, *sessions.Session) error {
	return func(w http.ResponseWriter, _ *http.Request, s *sessions.Session) error {
		w.Header().Add(name, value)
		return s.Set("user", "ada")
	}
}

func join(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// different are the rows in which we differ from Flask on purpose, and what we
// answer instead: "Vary" only, nothing, or a status.
var different = map[string]struct {
	why    string
	vary   bool
	status int
}{
	"no-cookie/set-then-delete":   {"no cookie came, and nothing is stored", true, 200},
	"no-cookie/clear":             {"no cookie came, and nothing is stored", true, 200},
	"valid/set-same-value":        {"no change, no cookie", true, 200},
	"permanent/untouched":         {"a session that is never loaded is never refreshed", false, 200},
	"permanent-only/untouched":    {"a session that is never loaded is never refreshed", false, 200},
	"permanent/read":              {"refreshed once a tenth of the lifetime is used", true, 200},
	"bad-payload/untouched":       {"signed nonsense is an empty session, and this one is not even loaded", false, 200},
	"signed-list/untouched":       {"signed nonsense is an empty session, and this one is not even loaded", false, 200},
	"flask-login/untouched":       {"nothing looks into the session", false, 200},
	"flask-login/valid-untouched": {"nothing looks into the session", false, 200},
	"oversize":                    {"a cookie that browsers drop is an error", true, 500},
}

// notOurs are the rows about things that do not exist in Go.
var notOurs = map[string]string{
	"valid/update-nothing":     "Python's modified flag",
	"valid/modified-flag-only": "Python's modified flag",
	"valid/nested-mutation":    "values are copies",
	"no-secret-key/untouched":  "New refuses an empty key",
	"no-secret-key/read":       "New refuses an empty key",
	"no-secret-key/set":        "New refuses an empty key",
	"flask-login/login":        "internal/peers logs in with the real Flask-Login",
}

func TestAnswersAsFlask(t *testing.T) {
	data, err := os.ReadFile("testdata/http_flask.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Now    int64
		Secret string
		Rows   []flaskRow
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Rows) == 0 {
		t.Fatalf("%d rows, %v", len(file.Rows), err)
	}
	for _, row := range file.Rows {
		if notOurs[row.Name] != "" {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Unix(file.Now, 0)))
				row.check(t, file.Secret)
			})
		})
	}
}

func (row flaskRow) check(t *testing.T, secret string) {
	c := row.Config
	jar := sessions.Cookie{
		Name: c.Name, Domain: c.Domain, Path: c.Path + c.Root, Insecure: !c.Secure, Partitioned: c.Partition,
		ScriptReadable: c.HTTPOnly != nil && !*c.HTTPOnly,
		SameSite:       map[string]http.SameSite{"Lax": http.SameSiteLaxMode, "Strict": http.SameSiteStrictMode, "None": http.SameSiteNoneMode}[c.SameSite],
	}
	mw := newMiddleware(t, cookie.New(cookie.Flask(secret, c.Fallbacks...)), &sessions.Config{Transport: jar, Lifetime: time.Duration(c.Lifetime) * time.Second})
	h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		view, ok := flaskViews[row.Handler]
		if !ok {
			if !strings.Contains(row.Handler, "does not touch the session") {
				t.Errorf("no view for %s", row.Handler)
			}
			return
		}
		s, err := sessions.Load(r.Context())
		check(t, err)
		check(t, view(w, r, s))
	}))
	method := "GET"
	if strings.HasSuffix(row.Handler, "(HEAD)") {
		method = "HEAD"
	}
	r := httptest.NewRequest(method, "/", nil)
	if row.RequestCookie != nil {
		r.Header.Set("Cookie", *row.RequestCookie)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)

	status, vary, cookies := row.Response.Status, "", []string{}
	for _, header := range row.Response.Headers {
		switch header[0] {
		case "Vary":
			vary = header[1]
		case "Set-Cookie":
			cookies = append(cookies, header[1])
		}
	}
	if d, ok := different[row.Name]; ok {
		status, cookies, vary = d.status, nil, ""
		if d.vary {
			vary = "Cookie"
		}
	}
	if w.Code != status {
		t.Errorf("status: got %d, want %d", w.Code, status)
	}
	if got := w.Header().Get("Vary"); got != vary {
		t.Errorf("Vary: got %q, want %q", got, vary)
	}
	got := w.Header().Values("Set-Cookie")
	if len(got) != len(cookies) {
		t.Fatalf("Set-Cookie: got %q, want %q", got, cookies)
	}
	for i := range got {
		if g, want := meaning(t, got[i]), meaning(t, cookies[i]); g != want {
			t.Errorf("Set-Cookie: got %q, want %q", g, want)
		}
	}
}

// meaning returns a Set-Cookie line with its attributes sorted, and without those that
// only we add: Max-Age beside Expires, and SameSite=Lax.
func meaning(t *testing.T, line string) string {
	t.Helper()
	c, err := http.ParseSetCookie(line)
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxAge > 0 {
		c.MaxAge = 0
	}
	if c.SameSite == http.SameSiteLaxMode {
		c.SameSite = 0
	}
	return c.String()
}
