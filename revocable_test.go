package sessions_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// fleet is a site with sessions in tokens and a store of what has ended, on two
// instances. The owner's name is its own.
type fleet struct {
	owner    string
	first    *sessions.Middleware
	mw       [2]*sessions.Middleware
	handlers [2]http.Handler
	during   func() // runs within a request for /during… once
	heard    heard
}

func newFleet(t *testing.T, codec cookie.Codec, store sessions.Backend, options *cookie.RevocationOptions) *fleet {
	f := &fleet{owner: rand.Text()}
	once := func() {
		if f.during != nil {
			during := f.during
			f.during = nil
			during()
		}
	}
	more := routes{
		"/bind": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.RegenerateID())
			check(t, s.SetSubject(f.owner))
			check(t, user.Set(s, "ada"))
		},
		"/visit": account["/count"], "/who": account["/who"],
		"/regenerate": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.RegenerateID()) },
		"/logout": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if err := s.Destroy(r.Context()); err != nil {
				sessions.Error(w, r, err)
			}
		},
		"/during": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			once()
			check(t, s.Set("late", 1))
		},
		"/during/regenerate": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			once()
			check(t, s.RegenerateID())
		},
		"/during/unbind": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			once()
			check(t, s.SetSubject(""))
		},
		"/during/bind": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			once()
			check(t, s.SetSubject("someone else"))
		},
		"/everywhere": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if _, err := f.first.RevokeAll(r.Context(), f.owner); err != nil {
				sessions.Error(w, r, err)
			}
		},
		"/everywhere/again": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := f.first.RevokeAll(r.Context(), f.owner)
			check(t, err)
			check(t, s.SetSubject(f.owner))
			check(t, user.Set(s, "ada again"))
		},
		"/others": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if _, err := f.first.RevokeOthers(r.Context(), s); err != nil {
				sessions.Error(w, r, err)
			}
		},
		"/during/others": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			once()
			if _, err := f.first.RevokeOthers(r.Context(), s); err != nil {
				sessions.Error(w, r, err)
			}
		},
	}
	for i := range f.mw {
		f.mw[i] = newMiddleware(t, cookie.Revocable(codec, store, options), &sessions.Config{Observe: f.heard.observe})
		f.handlers[i] = serve(t, f.mw[i], join2(basics, more))
	}
	f.first = f.mw[0]
	return f
}

// visitor logs in on the first instance.
func (f *fleet) visitor(t *testing.T) *client {
	c := newClient(t, f.handlers[0])
	if response := c.get("/bind"); response.StatusCode != 200 || len(c.cookies) != 1 {
		t.Fatalf("login: status %d, %d cookies", response.StatusCode, len(c.cookies))
	}
	return c
}

// who asks instance i whose session cookies lead to.
func (f *fleet) who(t *testing.T, i int, cookies map[string]string) string {
	t.Helper()
	c := newClient(t, f.handlers[i])
	response := c.do("/who", cookies)
	if response.StatusCode != 200 {
		return fmt.Sprint("status ", response.StatusCode)
	}
	return body(response)
}

// want checks whose session cookies lead to on both instances.
func (f *fleet) want(t *testing.T, want, words string, cookies map[string]string) {
	t.Helper()
	for i := range f.handlers {
		if got := f.who(t, i, cookies); got != want {
			t.Errorf("instance %d: %s: %q, want %q", i+1, words, got, want)
		}
	}
}

var revocableCodecs = map[string]cookie.Codec{"encrypted": cookie.Encrypted(secret), "jwt": cookie.JWT(secret)}

var alwaysAsk = &cookie.RevocationOptions{CacheFor: -1}

// onStores runs f for each store of what has ended, and each codec.
func onStores(t *testing.T, options *cookie.RevocationOptions, test func(t *testing.T, f *fleet)) {
	for name, codec := range revocableCodecs {
		for _, k := range kinds {
			switch k.name {
			case "memory", "redis-mini", "redis", "postgres":
				t.Run(name+"/"+k.name, func(t *testing.T) { test(t, newFleet(t, codec, k.open(t)(t), options)) })
			}
		}
	}
}

// TestRevocableLogout: a logout ends every token of the session, copies included.
func TestRevocableLogout(t *testing.T) {
	onStores(t, alwaysAsk, func(t *testing.T, f *fleet) {
		c, other := f.visitor(t), f.visitor(t)
		copies := []map[string]string{c.copies()}
		for range 3 {
			c.get("/visit")
			copies = append(copies, c.copies())
		}
		for _, cookies := range copies {
			f.want(t, "ada", "before the logout", cookies)
		}
		if response := c.do("/logout", copies[2]); response.StatusCode != 200 {
			t.Errorf("logout: status %d", response.StatusCode)
		}
		for i, cookies := range copies {
			f.want(t, "", fmt.Sprintf("token %d after the logout", i), cookies)
			if response := c.do("/logout", cookies); response.StatusCode != 200 {
				t.Errorf("logout again: status %d", response.StatusCode)
			}
		}
		f.want(t, "ada", "another session", other.copies())
		f.heard.take("")
		f.who(t, 0, copies[0])
		if refused := f.heard.take(sessions.EventRefused); len(refused) != 1 || cookie.Reason(refused[0].Err) != "revoked" {
			t.Errorf("events: %v", refused)
		}
	})
}

// TestRevocableRegenerate: after RegenerateID the old tokens end, and a request
// that still carries one neither changes anything nor takes the new token from
// the browser.
func TestRevocableRegenerate(t *testing.T) {
	onStores(t, alwaysAsk, func(t *testing.T, f *fleet) {
		c := f.visitor(t)
		older := c.copies()
		c.get("/visit")
		old := c.copies()
		c.get("/regenerate")
		f.want(t, "ada", "the new token", c.copies())
		for _, cookies := range []map[string]string{older, old} {
			f.want(t, "", "an old token", cookies)
			f.heard.take("")
			response := c.do("/visit", cookies)
			if response.StatusCode != http.StatusConflict || len(response.Cookies()) > 0 {
				t.Errorf("a change with an old token: status %d, cookies %v, want 409 and none", response.StatusCode, response.Cookies())
			}
			if len(f.heard.take(sessions.EventRetired)) != 1 {
				t.Error("no event says that the token was retired")
			}
			if response := c.do("/logout", cookies); response.StatusCode != http.StatusConflict {
				t.Errorf("logout with an old token: status %d, want 409: the session lives on", response.StatusCode)
			}
		}
		f.want(t, "ada", "the new token, in the end", c.copies())
	})
}

// TestRevocableEverywhere: "Log out everywhere" ends what was issued before,
// and nothing that is issued afterwards, if only a moment lies between.
func TestRevocableEverywhere(t *testing.T) {
	onStores(t, alwaysAsk, func(t *testing.T, f *fleet) {
		phone, laptop := f.visitor(t), f.visitor(t)
		stranger := newClient(t, f.handlers[1])
		stranger.get("/same")
		laptop.get("/visit")
		phone.get("/others")
		f.want(t, "ada", "the one that is spared", phone.copies())
		f.want(t, "", "another one", laptop.copies())
		spared := phone.copies()
		phone.get("/visit")
		later := f.visitor(t)
		for words, cookies := range map[string]map[string]string{"the one that is spared, changed": phone.copies(), "its older token": spared, "a later login": later.copies()} {
			f.want(t, "ada", words, cookies)
		}
		if response := phone.get("/everywhere"); response.StatusCode != 200 || len(phone.cookies) > 0 {
			t.Errorf("status %d, cookies %v, want 200 and none", response.StatusCode, phone.cookies)
		}
		f.want(t, "", "the one that was spared before", spared)
		f.want(t, "", "a login before", later.copies())
		again := f.visitor(t)
		before := again.copies()
		again.get("/everywhere/again")
		f.want(t, "", "before it was issued again in one request", before)
		f.want(t, "ada again", "issued again in one request", again.copies())
		f.want(t, "ada", "a session of nobody", stranger.copies())
	})
}

// TestRevocableUnderWay: a request that is under way with what ends meanwhile
// begets nothing that lives, whatever it does and wherever the session was
// ended.
func TestRevocableUnderWay(t *testing.T) {
	for _, options := range []*cookie.RevocationOptions{alwaysAsk, nil} {
		onStores(t, options, func(t *testing.T, f *fleet) {
			for _, end := range []string{"/logout", "/regenerate", "/everywhere"} {
				for _, path := range []string{"/during", "/during/regenerate", "/during/unbind", "/during/bind", "/during/others"} {
					for instance := range f.handlers {
						c := f.visitor(t)
						cookies := c.copies()
						f.want(t, "ada", "before", cookies) // known to both
						f.during = func() {
							ender := newClient(t, f.handlers[0])
							if response := ender.do(end, cookies); response.StatusCode != 200 {
								t.Errorf("%s: status %d", end, response.StatusCode)
							}
						}
						late := newClient(t, f.handlers[instance])
						response := late.do(path, cookies)
						words := fmt.Sprintf("instance %d, %s during %s", instance+1, end, path)
						stale := options == nil && instance == 1 && path == "/during"
						if response.StatusCode != http.StatusConflict && !stale {
							t.Errorf("%s: status %d, want 409", words, response.StatusCode)
						}
						late.keep(response)
						if got := f.who(t, 0, late.cookies); got != "" {
							t.Errorf("%s: a session of %q is left", words, got)
						}
					}
				}
			}
		})
	}
}

// TestRevocableConfig: New says what cannot work, and what to do instead.
func TestRevocableConfig(t *testing.T) {
	for name, tt := range map[string]struct {
		backend     sessions.Backend
		want        string
		unsupported bool
	}{
		"good":             {cookie.Revocable(cookie.Encrypted(secret), memory.New(nil), nil), "", false},
		"flask":            {cookie.Revocable(cookie.Flask(secret), memory.New(nil), nil), "the codec flask do not say", true},
		"starlette":        {cookie.Revocable(cookie.Starlette(secret), memory.New(nil), nil), "use Encrypted or JWT", true},
		"starlette-flask":  {cookie.Revocable(cookie.StarletteFlask(secret), memory.New(nil), nil), "use Encrypted or JWT", true},
		"starsessions":     {cookie.Revocable(cookie.Starsessions(0, secret), memory.New(nil), nil), "use Encrypted or JWT", true},
		"pyjwt":            {cookie.Revocable(cookie.PyJWT(secret), memory.New(nil), nil), "use Encrypted or JWT", true},
		"short key":        {cookie.Revocable(cookie.Encrypted("short"), memory.New(nil), nil), "at least 32", false},
		"no codec":         {cookie.Revocable(nil, memory.New(nil), nil), "the codec is nil", false},
		"no store":         {cookie.Revocable(cookie.JWT(secret), nil, nil), "the store is nil: give one", false},
		"stateless store":  {cookie.Revocable(cookie.JWT(secret), cookie.New(cookie.JWT(secret)), nil), "use memory, redis or postgres", false},
		"plain store":      {cookie.Revocable(cookie.JWT(secret), basic{memory.New(nil)}, nil), "cannot compare and swap: use memory, redis or postgres", true},
		"broken store":     {cookie.Revocable(cookie.JWT(secret), memory.New(&memory.Options{MaxSessions: -1}), nil), "MaxSessions", false},
		"negative maximum": {cookie.Revocable(cookie.JWT(secret), memory.New(nil), &cookie.RevocationOptions{MaxLifetime: -1}), "MaxLifetime is negative", false},
	} {
		mw, err := sessions.New(tt.backend, nil)
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) || errors.Is(err, errors.ErrUnsupported) != tt.unsupported {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if err != nil {
			continue
		}
		_, listing := mw.List(t.Context(), "ada")
		_, revoking := mw.Revoke(t.Context(), "ada", "x")
		for _, err := range []error{listing, revoking} {
			if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "nobody stores them") {
				t.Errorf("%s: List: %v", name, err)
			}
		}
		if _, err := sessions.New(tt.backend, &sessions.Config{Require: []backends.Ability{backends.CanRevoke}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
