package sessions_test

import (
	"context"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// preset is a memory backend that proposes a configuration, like a store that is
// shared with another framework.
type preset struct {
	*memory.Backend
	defaults backends.Defaults
}

func (p preset) Describe() backends.Facts { return backends.Facts{Defaults: p.defaults} }

func asStarsessions() preset {
	return preset{memory.New(nil), backends.Defaults{Format: serializer.StarsessionsFormat, IDs: sessions.RawIDs, EmptyIsAbsent: true}}
}

// TestR3_EmptiedWhileAnotherAdds: if an empty session is removed from the store, values
// that another request adds meanwhile are not lost.
func TestR3_EmptiedWhileAnotherAdds(t *testing.T) {
	b := asStarsessions()
	mw := newMiddleware(t, b, nil)
	var c *client
	c = start(t, mw, routes{
		"/slow-delete": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			c.get("/add")
			check(t, user.Delete(s))
		},
		"/add":    func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Set("added", 1)) },
		"/delete": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Delete("added")) },
	})
	if response := c.get("/slow-delete"); response.StatusCode != 200 || len(c.cookies) != 1 {
		t.Errorf("status %d, cookies %v", response.StatusCode, c.cookies)
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if !s.Has("added") || s.Len() != 1 {
			t.Errorf("stored: %v", s.Keys())
		}
	})
	if c.get("/delete"); len(c.cookies) != 0 || count(t, b) != 0 {
		t.Errorf("emptied: cookies %v, %d records", c.cookies, count(t, b))
	}
}

// TestR4_LostAnswerToARemoval: if the answer to such a removal is lost, the request
// succeeds.
func TestR4_LostAnswerToARemoval(t *testing.T) {
	for _, before := range []bool{false, true} {
		var n atomic.Int32
		b := asStarsessions()
		mw := newMiddleware(t, lossy(b, backends.OpSwap, before, &n), nil)
		c := start(t, mw, nil)
		n.Store(1)
		if response := c.get("/clear"); response.StatusCode != 200 || len(c.cookies) != 0 || count(t, b) != 0 {
			t.Errorf("before %v: status %d, cookies %v, %d records", before, response.StatusCode, c.cookies, count(t, b))
		}
	}
}

// TestEmptiedAndFilledAgain: whatever order a request empties, fills and saves its
// session in, the browser gets a cookie only if a session is stored.
func TestEmptiedAndFilledAgain(t *testing.T) {
	for name, newBackend := range map[string]func() sessions.Backend{
		"starsessions": func() sessions.Backend { return asStarsessions() },
		"flask":        func() sessions.Backend { return cookie.New(cookie.Flask(secret)) },
		"encrypted":    func() sessions.Backend { return cookie.New(cookie.Encrypted(secret)) },
	} {
		mw := newMiddleware(t, newBackend(), nil)
		save := func(r *http.Request, s *sessions.Session) { check(t, s.Save(r.Context())) }
		for i, tt := range []struct {
			f    func(r *http.Request, s *sessions.Session)
			want int // number of keys afterwards; 0 means no cookie
		}{
			{func(r *http.Request, s *sessions.Session) { _ = s.Clear(); save(r, s); _ = s.Set("a", 1) }, 1},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Clear()
				save(r, s)
				_ = s.Set("a", 1)
				save(r, s)
				_ = s.Clear()
			}, 0},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Destroy(r.Context())
				_ = s.Set("a", 1)
				_ = s.Clear()
			}, 0},
			{func(r *http.Request, s *sessions.Session) { _ = s.RegenerateID(); _ = s.Clear() }, 0},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.RegenerateID()
				_ = s.Destroy(r.Context())
				_ = s.Set("a", 1)
				_ = s.Set("b", 1)
			}, 2},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Set("b", 1)
				save(r, s)
				_ = s.Destroy(r.Context())
				_ = s.Set("a", 1)
			}, 1},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Set("b", 1)
				save(r, s)
				s.Discard()
				_ = s.Delete("b")
			}, 1},
		} {
			c := start(t, mw, nil)
			response := in(c, mw, tt.f)
			if response.StatusCode != 200 || len(response.Cookies()) > 1 || (len(c.cookies) == 0) != (tt.want == 0) {
				t.Errorf("%s %d: status %d, cookies %v", name, i, response.StatusCode, response.Cookies())
			}
			in(c, mw, func(r *http.Request, s *sessions.Session) {
				if s.Len() != tt.want {
					t.Errorf("%s %d: stored %v, want %d keys", name, i, s.Keys(), tt.want)
				}
			})
		}
		fresh := newClient(t, nil)
		if response := in(fresh, mw, func(r *http.Request, s *sessions.Session) { _ = s.Set("a", 1); save(r, s); _ = s.Destroy(r.Context()) }); len(fresh.cookies) != 0 || response.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: a visitor who came and went has a cookie: %v", name, response.Header)
		}
	}
}

// TestR40_RES5_EXP4_CookiesAreReplayed shows what sessions in cookies do not promise:
// old cookies stay valid.
func TestR40_RES5_EXP4_CookiesAreReplayed(t *testing.T) {
	mw := newMiddleware(t, cookie.New(cookie.Encrypted(secret)), nil)
	c := start(t, mw, nil)
	copied := c.copies()
	c.get("/destroy")
	if len(c.cookies) != 0 {
		t.Errorf("after the logout: %v", c.cookies)
	}
	if got := body(c.do("/who", copied)); got != "ada" {
		t.Errorf("a copy of the token leads to %q: say so in docs/security.md", got)
	}
}

// lastRecord keeps the last record that was written.
type lastRecord struct {
	sessions.Backend
	last string
}

func (l *lastRecord) Write(ctx context.Context, id string, record sessions.Record) (string, error) {
	l.last = string(record.Data)
	return l.Backend.Write(ctx, id, record)
}

// TestStarsessionsMetadata: a record of starsessions contains its lifetime and the time
// of its last use. Other metadata is kept.
func TestStarsessionsMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &lastRecord{Backend: memory.New(nil)}
		mw := newMiddleware(t, b, &sessions.Config{Format: serializer.StarsessionsFormat, Lifetime: time.Hour})
		c := start(t, mw, nil)
		if want := `"__metadata__": {"lifetime": 3600, "created": 946684800.0, "last_access": 946684800.0}}`; !strings.HasSuffix(b.last, want) {
			t.Errorf("a new session is %s, want …%s", b.last, want)
		}
		time.Sleep(time.Minute)
		c.get("/other")
		if want := `"__metadata__": {"lifetime": 3600, "created": 946684800.0, "last_access": 946684860.0}}`; !strings.HasSuffix(b.last, want) {
			t.Errorf("a changed session is %s, want …%s", b.last, want)
		}
	})
}

// TestReservedKey: a value under the key of the format's own metadata is refused at
// once, and not when the session is committed.
func TestReservedKey(t *testing.T) {
	mw := newMiddleware(t, asStarsessions(), nil)
	c := start(t, mw, nil)
	response := in(c, mw, func(_ *http.Request, s *sessions.Session) {
		_, updateErr := s.Update("__metadata__", func(any) (any, error) { return 1, nil })
		for _, err := range []error{s.Set("__metadata__", 1), sessions.Key[int]("__metadata__").Set(s, 1), updateErr} {
			if err == nil || !strings.Contains(err.Error(), "choose another") {
				t.Errorf("got %v, want an error that names the remedy", err)
			}
		}
		check(t, s.Delete("__metadata__"))
	})
	if response.StatusCode != 200 {
		t.Errorf("status: got %d, want 200", response.StatusCode)
	}
	mw = newMiddleware(t, memory.New(nil), nil)
	in(newClient(t, nil), mw, func(_ *http.Request, s *sessions.Session) { check(t, s.Set("__metadata__", 1)) })
}

// TestPermanentAsInPython: Flask keeps the cookie if Python takes _permanent for true,
// whatever its type is.
func TestPermanentAsInPython(t *testing.T) {
	mw := newMiddleware(t, cookie.New(cookie.Flask(secret)), nil)
	for _, test := range []struct {
		value any
		want  bool
	}{
		{true, true}, {1, true}, {-1, true}, {0.5, true}, {"no", true}, {[]any{0}, true}, {map[string]any{"a": 1}, true},
		{serializer.Tuple{1}, true}, {time.Now(), true}, {uuid.New(), true}, {new(big.Int).Lsh(big.NewInt(1), 80), true},
		{false, false}, {0, false}, {0.0, false}, {"", false}, {[]any{}, false}, {map[string]any{}, false}, {nil, false},
		{serializer.Tuple{}, false}, {[]byte{}, false},
	} {
		response := in(newClient(t, nil), mw, func(_ *http.Request, s *sessions.Session) {
			check(t, s.Set("user", "ada"))
			check(t, s.Set("_permanent", test.value))
		})
		cookies := response.Cookies()
		if len(cookies) != 1 || (cookies[0].MaxAge > 0 || !cookies[0].Expires.IsZero()) != test.want {
			t.Errorf("_permanent = %v: got %v, want a permanent cookie: %v", test.value, cookies, test.want)
		}
	}
}
