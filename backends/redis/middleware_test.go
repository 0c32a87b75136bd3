package redis_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/internal/services"
)

// visitor is a browser with one cookie.
type visitor struct {
	mw      *sessions.Middleware
	cookie  *http.Cookie
	cookies []*http.Cookie // of the last response
}

// visit makes a request whose handler is f, and returns the status.
func (v *visitor) visit(t testing.TB, f func(s *sessions.Session) error) int {
	t.Helper()
	r := httptest.NewRequest("GET", "https://example.org/", nil)
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	w := httptest.NewRecorder()
	v.mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f == nil {
			return
		}
		s, err := sessions.Load(r.Context())
		if err == nil {
			err = f(s)
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	})).ServeHTTP(w, r)
	v.cookies = w.Result().Cookies()
	for _, c := range v.cookies {
		if v.cookie = c; c.MaxAge < 0 {
			v.cookie = nil
		}
	}
	_, _ = io.Copy(io.Discard, w.Result().Body)
	return w.Code
}

func set(key string, value any) func(*sessions.Session) error {
	return func(s *sessions.Session) error { return s.Set(key, value) }
}

func look(s *sessions.Session) error {
	_, err := s.Get("key")
	return err
}

// TestB6_Requests: what a request costs, counted by the server.
func TestB6_Requests(t *testing.T) {
	const filed = "evalsha [time zremrangebyscore zscore zadd zrange expireat]"
	for _, idle := range []time.Duration{0, time.Hour} {
		server := services.RedisServer(t, services.RedisOptions{})
		b := open(t, server.URL())
		if err := b.Check(t.Context()); err != nil { // the server learns the scripts
			t.Fatal(err)
		}
		if _, err := server.Do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
		mw, err := sessions.New(b, &sessions.Config{IdleTimeout: idle})
		if err != nil {
			t.Fatal(err)
		}
		read := "get"
		if idle > 0 {
			read = "get pttl"
		}
		v := &visitor{mw: mw}
		for _, tt := range []struct {
			name string
			do   func(*sessions.Session) error
			want string
		}{
			{"nobody, untouched", nil, ""},
			{"nobody, read", look, ""},
			{"create", set("key", 1), "set"},
			{"untouched", nil, ""},
			{"read", look, read},
			{"unchanged", set("key", 1), read},
			{"changed", set("key", 2), read + " evalsha [get set]"},
			{"login", func(s *sessions.Session) error {
				return errors.Join(s.RegenerateID(), s.SetSubject("alice"), s.Set("user", "alice"))
			}, read + " " + filed + " set evalsha [get set]"},
			{"changed by another", set("key", 3), read + " evalsha [get time set]"},
			{"privileges", func(s *sessions.Session) error { return s.RegenerateID() },
				read + " " + filed + " set evalsha [get set]"},
			{"logout", func(s *sessions.Session) error { return s.Destroy(context.Background()) }, read + " evalsha [get del]"},
		} {
			got := ran(t, server, func() {
				if status := v.visit(t, tt.do); status != http.StatusOK {
					t.Errorf("%s: status %d", tt.name, status)
				}
			})
			want := commandsOf(tt.want)
			for name := range got {
				if got[name] != want[name] {
					t.Errorf("idle %v: %s: the server ran %v, want %v", idle, tt.name, got, want)
					break
				}
			}
			if len(got) != len(want) {
				t.Errorf("idle %v: %s: the server ran %v, want %v", idle, tt.name, got, want)
			}
		}
	}
}

// TestF12_FlushAll: an outage is a 503 with nothing lost: the same cookie works
// afterwards. F8's sibling F12: what the server forgets is a new session under
// a new ID.
func TestF12_FlushAll(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	mw, err := sessions.New(open(t, server.URL()), nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{mw: mw}
	if status := v.visit(t, set("key", 1)); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	before := v.cookie.Value
	if _, err := server.Do("FLUSHALL"); err != nil {
		t.Fatal(err)
	}
	if status := v.visit(t, func(s *sessions.Session) error {
		if !s.IsNew() || s.Len() != 0 {
			t.Errorf("after FLUSHALL: new %v with %d keys, want a new empty session", s.IsNew(), s.Len())
		}
		return s.Set("key", 2)
	}); status != http.StatusOK {
		t.Errorf("after FLUSHALL: status %d, want 200", status)
	}
	if v.cookie == nil || v.cookie.Value == before {
		t.Error("after FLUSHALL the old ID was taken up again")
	}
}

// TestF7_OutOfMemory: a server that is full refuses changes with a 503, answers
// reads, and goes on when there is room again.
func TestF7_OutOfMemory(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	mw, err := sessions.New(open(t, server.URL()), nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{mw: mw}
	if status := v.visit(t, set("key", 1)); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if _, err := server.Do("CONFIG", "SET", "maxmemory", "1"); err != nil {
		t.Fatal(err)
	}
	if status := v.visit(t, set("key", 2)); status != http.StatusServiceUnavailable {
		t.Errorf("a change while the server is full: status %d, want 503", status)
	}
	if status := v.visit(t, look); status != http.StatusOK {
		t.Errorf("a look while the server is full: status %d, want 200", status)
	}
	if _, err := server.Do("CONFIG", "SET", "maxmemory", "0"); err != nil {
		t.Fatal(err)
	}
	if status := v.visit(t, func(s *sessions.Session) error {
		if n, err := sessions.Key[int]("key").Get(s); n != 1 || err != nil {
			t.Errorf("key: %d, %v; want 1", n, err)
		}
		return s.Set("key", 3)
	}); status != http.StatusOK {
		t.Errorf("a change when there is room again: status %d, want 200", status)
	}
}

// TestE6_LostReplyOfARequest: a lost reply to a commit is neither a conflict
// nor a double: the middleware looks whether its own write is there.
func TestE6_LostReplyOfARequest(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	proxy := startLeaky(t, server.Addr())
	mw, err := sessions.New(open(t, "redis://"+proxy.listener.Addr().String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	counter := sessions.Key[int]("n")
	count := func(s *sessions.Session) error {
		_, err := counter.Update(s, func(n int) (int, error) { return n + 1, nil })
		return err
	}
	v := &visitor{mw: mw}
	for n := range 10 {
		if n == 5 {
			proxy.name.Store("evalsha")
		}
		proxy.lose.Store(1)
		if status := v.visit(t, count); status != http.StatusOK {
			t.Errorf("request %d, whose reply was lost: status %d, want 200", n, status)
		}
	}
	v.visit(t, func(s *sessions.Session) error {
		if n, err := counter.Get(s); n != 10 || err != nil {
			t.Errorf("counted %d, %v; want 10", n, err)
		}
		return nil
	})
	if got := proxy.seen.Load(); got < 5 {
		t.Errorf("%d commits, want those of 5 requests", got)
	}
}
