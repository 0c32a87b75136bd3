package interop_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	scsbackend "github.com/gosessions/sessions/backends/scs"
	"github.com/gosessions/sessions/internal/services"
)

// ours are backends of this module.
var ours = map[string]func(t *testing.T) backends.Backend{
	"memory": func(*testing.T) backends.Backend { return memory.New(nil) },
	"redis": func(t *testing.T) backends.Backend {
		b, err := redis.Open(services.Redis(t), &redis.Options{Prefix: services.Unique("scs") + ":"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		return b
	},
	"postgres": func(t *testing.T) backends.Backend {
		b, err := postgres.Open(services.Postgres(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		if err := b.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b
	},
	"a real store, turned twice": func(*testing.T) backends.Backend { return scsbackend.New(memstore.New(), nil) },
}

// TestManager: a SessionManager works on our backends as on its own stores.
func TestManager(t *testing.T) {
	t.Parallel()
	for name, newBackend := range ours {
		for _, hash := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s hashed=%v", name, hash), func(t *testing.T) {
				store, err := scsbackend.StoreOf(newBackend(t))
				if err != nil {
					t.Fatal(err)
				}
				manager := scs.New()
				manager.Store = store
				manager.HashTokenInStore = hash
				manager.IdleTimeout = time.Hour
				manager.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
					t.Error(err)
					http.Error(w, "", http.StatusInternalServerError)
				}
				site := newSite(t, manager.LoadAndSave(counter(manager)))
				other := newSite(t, manager.LoadAndSave(counter(manager)))
				site.want("/", "1")
				site.want("/", "2")
				other.want("/", "1")
				site.want("/renew", "renewed")
				site.want("/", "3")
				if !hash {
					visits := 0
					if err := manager.Iterate(t.Context(), func(ctx context.Context) error {
						visits += manager.GetInt(ctx, "visits")
						return nil
					}); err != nil || visits != 4 {
						t.Errorf("Iterate finds %d visits, %v, want 4", visits, err)
					}
				}
				site.want("/logout", "bye")
				site.want("/", "1")
				other.want("/", "2")
			})
		}
	}
}

func counter(manager *scs.SessionManager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		n := manager.GetInt(r.Context(), "visits") + 1
		manager.Put(r.Context(), "visits", n)
		fmt.Fprint(w, n)
	})
	mux.HandleFunc("/renew", func(w http.ResponseWriter, r *http.Request) {
		if err := manager.RenewToken(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "renewed")
	})
	mux.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) {
		if err := manager.Destroy(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "bye")
	})
	return mux
}

const visits sessions.Key[int] = "visits"

// TestMiddleware: our middleware works on real stores of scs: sessions are kept,
// changed, get a new ID and end.
func TestMiddleware(t *testing.T) {
	t.Parallel()
	for name, newStore := range stores {
		t.Run(name, func(t *testing.T) {
			mw, err := sessions.New(scsbackend.New(newStore(t), nil), &sessions.Config{IdleTimeout: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			mux := http.NewServeMux()
			handle := func(path string, f func(r *http.Request, s *sessions.Session) (any, error)) {
				mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
					s, err := sessions.Load(r.Context())
					var answer any
					if err == nil {
						answer, err = f(r, s)
					}
					if err != nil {
						t.Error(err)
						sessions.Error(w, r, err)
						return
					}
					fmt.Fprint(w, answer)
				})
			}
			handle("/", func(_ *http.Request, s *sessions.Session) (any, error) {
				return visits.Update(s, func(n int) (int, error) { return n + 1, nil })
			})
			handle("/renew", func(_ *http.Request, s *sessions.Session) (any, error) { return "renewed", s.RegenerateID() })
			handle("/logout", func(r *http.Request, s *sessions.Session) (any, error) { return "bye", s.Destroy(r.Context()) })
			site := newSite(t, mw.Handler(mux))
			site.want("/", "1")
			site.want("/", "2")
			site.want("/renew", "renewed")
			site.want("/", "3")
			site.want("/logout", "bye")
			site.want("/", "1")
		})
	}
}

// site is a server and a browser.
type site struct {
	t      *testing.T
	client *http.Client
	url    string
}

func newSite(t *testing.T, handler http.Handler) *site {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	client := server.Client()
	var err error
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return &site{t, client, server.URL}
}

// want gets a page and compares it.
func (s *site) want(path, want string) {
	s.t.Helper()
	response, err := s.client.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || string(body) != want {
		s.t.Errorf("%s: %d %q, %v, want %q", path, response.StatusCode, body, err, want)
	}
}

// TestTogether: both kinds of session live in one backend.
func TestTogether(t *testing.T) {
	backend := memory.New(nil)
	store, err := scsbackend.StoreOf(backend)
	if err != nil {
		t.Fatal(err)
	}
	manager := scs.New()
	manager.Store = store
	mw, err := sessions.New(backend, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", manager.LoadAndSave(counter(manager)))
	mux.Handle("/new", mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		n, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		fmt.Fprint(w, n)
	})))
	site := newSite(t, mux)
	for i := range 3 {
		site.want("/", fmt.Sprint(i+1))
		site.want("/new", fmt.Sprint(i+1))
	}
	seen := 0
	if err := manager.Iterate(t.Context(), func(context.Context) error { seen++; return nil }); err != nil || seen != 1 {
		t.Errorf("Iterate finds %d sessions, %v, want scs's one", seen, err)
	}
}
