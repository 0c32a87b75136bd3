package cookie_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

// quiet is the default configuration without what New has to say.
var quiet = &sessions.Config{Logger: slog.New(slog.DiscardHandler)}

// visit sends one request that carries the cookie header through a middleware
// over codec, lets do work on its session, and returns the cookie in the answer,
// nil if there is none.
func visit(t *testing.T, backend backends.Backend, header string, do func(*sessions.Session) error) *http.Cookie {
	t.Helper()
	return visitAs(t, quiet, backend, header, do)
}

// visitAs is visit with a configuration.
func visitAs(t *testing.T, config *sessions.Config, backend backends.Backend, header string, do func(*sessions.Session) error) *http.Cookie {
	t.Helper()
	mw, err := sessions.New(backend, config)
	if err != nil {
		t.Fatal(err)
	}
	handler := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = do(session)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	r := httptest.NewRequest("GET", "/", nil)
	if header != "" {
		r.Header.Set("Cookie", header)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	switch cookies := w.Result().Cookies(); len(cookies) {
	case 0:
		return nil
	case 1:
		return cookies[0]
	default:
		t.Fatalf("%d cookies in the answer", len(cookies))
		return nil
	}
}

// at runs f when the clock stands at t0, to which the vectors belong.
func at(t *testing.T, f func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(t0))
		f(t)
	})
}

// TestFlaskDropIn: one line makes Go read and write what Flask does under the
// same secret.
func TestFlaskDropIn(t *testing.T) {
	at(t, func(t *testing.T) {
		backend := cookie.New(cookie.Flask("dev", "old-key"))

		got := visit(t, backend, "", func(s *sessions.Session) error { return s.Set("user", "ada") })
		if got == nil || got.Name != "session" || got.Value != "eyJ1c2VyIjoiYWRhIn0.ZVPxAA.YQZXjVwxAyiJVjjn7LSv8-6inHc" {
			t.Fatalf("a new session: %v, want Flask's own cookie", got)
		}
		if !got.HttpOnly || !got.Secure || got.Path != "/" || got.MaxAge != 0 || !got.Expires.IsZero() {
			t.Errorf("a new session: %v, want a browser session", got)
		}

		got = visit(t, backend, "session="+got.Value, func(s *sessions.Session) error {
			if user, err := s.Get("user"); user != "ada" || err != nil {
				t.Errorf("user = %v, %v", user, err)
			}
			return nil
		})
		if got != nil {
			t.Errorf("only read: %v, want no cookie", got)
		}

		got = visit(t, backend, "session=eyJhIjoxfQ.ZVPxAA.a5CogzY9x-5RTptoUZicjZGVeh8", func(s *sessions.Session) error {
			return errors.Join(s.SetPersistent(true), s.Set("t", serializer.Tuple{int64(1), "x"}))
		})
		if got == nil || got.MaxAge != 31*24*3600 && !got.Expires.Equal(t0.Add(31*24*time.Hour)) {
			t.Fatalf("a permanent session: %v, want it to last for 31 days", got)
		}
		data, _, err := cookie.Flask("dev").Open(got.Value, cookie.Terms{Now: t0, MaxAge: time.Hour})
		if want := `{"_permanent":true,"a":1,"t":{" t":[1,"x"]}}`; err != nil || string(data) != want {
			t.Errorf("under an old key, changed: %q, %v, want %q under the new one", data, err, want)
		}

		got = visit(t, backend, "session="+got.Value, func(s *sessions.Session) error { return s.Clear() })
		if got == nil || got.MaxAge >= 0 || got.Value != "" {
			t.Errorf("cleared: %v, want a deleted cookie", got)
		}

		for what, value := range map[string]string{
			"expired": "eyJhIjoxfQ.ZSsSfw.8bQlE-jCXpvtydICh4O6c4uv4xI", "forged": "eyJhIjoyfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk",
			"a list": "WzEsMl0.ZVPxAA.wF08k9JZCTjTRAeE6r-6Uf3gIZY", "junk": "junk",
		} {
			got = visit(t, backend, "session="+value, func(s *sessions.Session) error {
				if !s.IsNew() || s.Len() != 0 {
					t.Errorf("%s: not a new, empty session", what)
				}
				return nil
			})
			if got != nil {
				t.Errorf("%s: %v, want the cookie left alone", what, got)
			}
		}

		// Of two cookies Flask takes the first.
		visit(t, backend, "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk; session=eyJ1c2VyIjoiYWRhIn0.ZVPxAA.YQZXjVwxAyiJVjjn7LSv8-6inHc",
			func(s *sessions.Session) error {
				if !s.Has("a") {
					t.Error("of two cookies not the first one counts")
				}
				return nil
			})
	})
}

func TestEncryptedThroughTheMiddleware(t *testing.T) {
	backend := cookie.New(cookie.Encrypted(keyA))
	got := visit(t, backend, "", func(s *sessions.Session) error { return s.Set("user", "ada") })
	if got == nil || got.Name != "__Host-session" || strings.Contains(got.Value, "YWRh") {
		t.Fatalf("a new session: %v", got)
	}
	visit(t, backend, "__Host-session="+got.Value, func(s *sessions.Session) error {
		if user, err := s.Get("user"); user != "ada" || err != nil || s.IsNew() {
			t.Errorf("user = %v, %v", user, err)
		}
		return nil
	})
}

// spy is a format that counts what it is given to read.
type spy struct {
	serializer.Format
	calls int
}

func (s *spy) Unpack(data []byte, content *serializer.Content) error {
	s.calls++
	return s.Format.Unpack(data, content)
}

func TestCR5_NothingIsReadBeforeItIsAuthentic(t *testing.T) {
	for _, codec := range allCodecs() {
		format := &spy{Format: serializer.FlaskFormat}
		config := *quiet
		config.Format = format
		mw, err := sessions.New(cookie.New(codec), &config)
		if err != nil {
			t.Fatal(err)
		}
		load := mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := sessions.Load(r.Context()); err != nil {
				t.Errorf("%s: %v", codec.Name(), err)
			}
		}))
		good := seal(t, codec, []byte(`{"a":1}`), cookie.Terms{Now: time.Now(), Cookie: "session", TTL: time.Hour})
		other := "_"
		if good[8] == '_' {
			other = "-"
		}
		for _, token := range []string{"", "null", good[1:], good[:len(good)-1], good[:8] + other + good[9:], b64(`{"a":1}`), strings.Repeat("A.", 50)} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "session="+token)
			load.ServeHTTP(httptest.NewRecorder(), r)
			if format.calls != 0 {
				t.Fatalf("%s: the format was given what %.20q holds", codec.Name(), token)
			}
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "session="+good)
		load.ServeHTTP(httptest.NewRecorder(), r)
		if format.calls == 0 {
			t.Errorf("%s: the format was not given an authentic record", codec.Name())
		}
	}
}

// TestRES5_EXP4_JWT10_CopiedTokenStaysValid: what the documentation says that
// this backend cannot do.
func TestRES5_EXP4_JWT10_CopiedTokenStaysValid(t *testing.T) {
	backend := cookie.New(cookie.JWT(keyA))
	made := visit(t, backend, "", func(s *sessions.Session) error { return s.Set("user", "ada") })
	if made == nil {
		t.Fatal("no cookie for a new session")
	}
	header := made.Name + "=" + made.Value
	gone := visit(t, backend, header, func(s *sessions.Session) error { return s.Destroy(t.Context()) })
	if gone == nil || gone.Name != made.Name || gone.MaxAge >= 0 {
		t.Errorf("logged out: %v, want a deleted cookie", gone)
	}
	visit(t, backend, header, func(s *sessions.Session) error {
		if user, err := s.Get("user"); user != "ada" || err != nil {
			t.Errorf("with a copy of the token: user %v, %v", user, err)
		}
		return nil
	})
}

func TestID4_NewReportsKeys(t *testing.T) {
	var logged strings.Builder
	if _, err := sessions.New(cookie.New(cookie.Flask("dev")), &sessions.Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(logged.String(), "level=WARN") || !strings.Contains(logged.String(), "the primary key has 3 bytes") {
		t.Errorf("New with a weak secret logs %q, want a warning", logged.String())
	}
	mw, err := sessions.New(cookie.New(cookie.Encrypted("short")), nil)
	if err == nil || mw != nil || !strings.Contains(err.Error(), "keygen") {
		t.Errorf("New with a short key: %v, want an error with a remedy", err)
	}
}
