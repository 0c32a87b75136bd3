package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// keeper is a memory backend that notes every ID it gets, and fails if a test wants
// it to.
type keeper struct {
	*memory.Backend
	seen *secrets
	fail error
}

func (k *keeper) note(ids ...string) error {
	k.seen.add("stored ID", ids...)
	return k.fail
}

func (k *keeper) Read(ctx context.Context, id string) (sessions.Record, error) {
	if err := k.note(id); err != nil {
		return sessions.Record{}, err
	}
	return k.Backend.Read(ctx, id)
}

func (k *keeper) Remove(ctx context.Context, id string) error {
	return errors.Join(k.note(id), k.Backend.Remove(ctx, id))
}

func (k *keeper) Swap(ctx context.Context, id string, old []byte, r sessions.Record) error {
	if err := k.note(id); err != nil {
		return err
	}
	return k.Backend.Swap(ctx, id, old, r)
}

func (k *keeper) Rotate(ctx context.Context, id string, old []byte, tombstone sessions.Record, newID string, r sessions.Record) error {
	if err := k.note(id, newID); err != nil {
		return err
	}
	return k.Backend.Rotate(ctx, id, old, tombstone, newID, r)
}

// secrets are the texts that must not be seen, and the texts that were seen.
type secrets struct {
	mu     sync.Mutex
	hidden map[string]string // secret to its description
	shown  strings.Builder
}

func (s *secrets) add(kind string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if len(v) > 5 {
			s.hidden[v] = kind
		}
	}
}

func (s *secrets) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.Write(b)
}

func (s *secrets) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

// print writes v in every way in which a program may print it.
func (s *secrets) print(values ...any) {
	for _, v := range values {
		fmt.Fprintf(s, "%v %+v %#v %s\n", v, v, v, v)
	}
}

// TestID3_NothingSecretIsShown: whatever happens, no log, event, error, response or
// printed session contains a token, an ID, a key or a value.
func TestID3_NothingSecretIsShown(t *testing.T) {
	const key, value, subject = "secret-key-name", "secret-value-text", "secret-subject-name"
	for _, kind := range []string{"memory", "flask", "encrypted"} {
		t.Run(kind, func(t *testing.T) {
			seen := &secrets{hidden: map[string]string{}}
			seen.add("key", key)
			seen.add("value", value)
			seen.add("subject", subject)
			seen.add("secret", secret)
			logger := slog.New(slog.NewJSONHandler(seen, &slog.HandlerOptions{Level: slog.LevelDebug}))
			text := slog.New(slog.NewTextHandler(seen, &slog.HandlerOptions{Level: slog.LevelDebug}))
			config := func() *sessions.Config {
				json, plain := sessions.LogEvents(logger), sessions.LogEvents(text)
				return &sessions.Config{Logger: logger, MaxSize: 2000, Observe: func(ctx context.Context, e sessions.Event) {
					json(ctx, e)
					plain(ctx, e)
					seen.print(e)
				}}
			}
			old := &keeper{Backend: memory.New(nil), seen: seen}
			oldConfig := config()
			oldConfig.Transport = oldCookie
			before := mustNew(t, old, oldConfig)

			store := &keeper{Backend: memory.New(nil), seen: seen}
			var b sessions.Backend = store
			switch kind {
			case "flask":
				b = cookie.New(cookie.Flask(secret))
			case "encrypted":
				b = cookie.New(cookie.Encrypted(secret))
			}
			newConfig := config()
			newConfig.Sources = []sessions.Source{{Backend: old, Transport: oldCookie}}
			mw := mustNew(t, b, newConfig)

			visit := func(c *client, mw *sessions.Middleware, f func(r *http.Request, s *sessions.Session)) {
				w := httptest.NewRecorder()
				mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s, err := sessions.Load(r.Context())
					seen.print(err)
					if err != nil {
						sessions.Error(w, r, err)
						return
					}
					f(r, s)
					seen.print(s, s.PublicID())
					logger.Info("session", "session", s)
					text.Info("session", "session", s)
				})).ServeHTTP(w, c.request("/"))
				for _, cookie := range w.Result().Cookies() {
					seen.add("token", cookie.Value)
				}
				seen.print(w.Body.String())
				c.keep(w.Result())
			}
			set := func(r *http.Request, s *sessions.Session) {
				seen.print(s.Set(key, value), s.SetSubject(subject), s.Flash(key, value))
			}
			look := func(r *http.Request, s *sessions.Session) {
				_, err := s.Decode(key, new(int)) // the error of a Key would contain its name
				seen.print(err)
			}
			c := newClient(t, nil)
			visit(c, before, set)
			visit(c, mw, look) // moves the session
			for _, f := range []func(r *http.Request, s *sessions.Session){
				set, look,
				func(r *http.Request, s *sessions.Session) { seen.print(s.RegenerateID(), s.Set(key, value+"2")) },
				func(r *http.Request, s *sessions.Session) { seen.print(s.Set(key, strings.Repeat(value, 5000))) },
				func(r *http.Request, s *sessions.Session) {
					_, err := s.Update(key, func(any) (any, error) { return func() {}, nil })
					seen.print(err)
				},
				func(r *http.Request, s *sessions.Session) {
					seen.print(s.Transact(r.Context(), func(s *sessions.Session) error { seen.print(s); return s.Set(key, 1) }))
				},
			} {
				visit(c, mw, f)
			}
			stale := newClient(t, nil)
			for name, value := range c.cookies {
				stale.cookies[name] = value
			}
			visit(c, mw, func(r *http.Request, s *sessions.Session) { seen.print(s.RegenerateID()) })
			visit(stale, mw, set) // with a retired token
			list, err := mw.List(t.Context(), subject)
			seen.print(list, err)
			store.fail = errors.New("connection refused")
			visit(c, mw, set)
			visit(c, mw, func(r *http.Request, s *sessions.Session) { seen.print(s.Destroy(r.Context())) })
			store.fail = nil
			for _, token := range []string{strings.Repeat("A", 43), secret + ".x", "", value} { // unknown, forged, junk
				visit(&client{t: t, cookies: map[string]string{"__Host-session": token, "session": token, "__Host-old": token}}, mw, look)
				seen.add("token", token)
			}
			visit(c, mw, func(r *http.Request, s *sessions.Session) { seen.print(s.Destroy(r.Context())) })
			seen.print(mw)
			if b != sessions.Backend(store) {
				seen.print(b)
			}

			shown := seen.shown.String()
			if !strings.Contains(shown, "imported") || len(seen.hidden) < 8 {
				t.Fatalf("too little happened: %d secrets in %d bytes", len(seen.hidden), len(shown))
			}
			for hidden, kind := range seen.hidden {
				if i := strings.Index(shown, hidden); i >= 0 {
					t.Errorf("a %s is shown: %q", kind, shown[max(0, i-150):i+len(hidden)])
				}
			}
		})
	}
}

func mustNew(t *testing.T, b sessions.Backend, config *sessions.Config) *sessions.Middleware {
	t.Helper()
	mw, err := sessions.New(b, config)
	if err != nil {
		t.Fatal(err)
	}
	return mw
}
