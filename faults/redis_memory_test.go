package faults_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/internal/services"
)

// TestF7_RedisFull: a server that is full refuses writes. Reads go on.
func TestF7_RedisFull(t *testing.T) {
	server, p := privateRedis(t)
	newWorld(t, p).run(fault{
		name: "F7 Redis: full",
		strike: func(w *world) {
			tell(t, server, "CONFIG", "SET", "maxmemory", "1")
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); {
				u := w.users[0] // stays logged in
				r := w.do("/all", u.life.Load().see().token, nil)
				if r.status != http.StatusOK {
					t.Errorf("a read got %d, want 200", r.status)
				}
				time.Sleep(10 * time.Millisecond)
			}
			tell(t, server, "CONFIG", "SET", "maxmemory", "0")
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}

// TestF8_RedisEvicts: a session that the server evicts is gone, and that is not
// an error.
func TestF8_RedisEvicts(t *testing.T) {
	for _, policy := range []string{"volatile-ttl", "allkeys-lru"} {
		t.Run(policy, func(t *testing.T) {
			server, p := privateRedis(t, "maxmemory-policy "+policy)
			p.forgets = true
			newWorld(t, p).run(fault{
				name: "F8 Redis: evicts by " + policy,
				strike: func(w *world) {
					lives := w.lives()
					used, err := strconv.Atoi(server.Info("memory", "used_memory"))
					if err != nil {
						t.Error(err)
					}
					tell(t, server, "CONFIG", "SET", "maxmemory", strconv.Itoa(used+1<<20))
					fill := strings.Repeat("x", 64<<10)
					for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
						tell(t, server, "SET", fmt.Sprint("fill", w.faults.Load()), fill, "EX", "100000000")
						time.Sleep(5 * time.Millisecond)
					}
					tell(t, server, "CONFIG", "SET", "maxmemory", "0")
					if left := w.survivors(lives); left == len(lives) {
						t.Error("no session was evicted")
					}
				},
				mayRefuse: 0.01,
			})
		})
	}
}

// lives returns the lives of the users who never log out.
func (w *world) lives() (lives []*life) {
	for _, u := range w.users {
		if !u.restless {
			lives = append(lives, u.life.Load())
		}
	}
	return lives
}

// survivors counts those that still last.
func (w *world) survivors(lives []*life) (n int) {
	for i, l := range w.lives() {
		if l == lives[i] {
			n++
		}
	}
	return n
}

// TestF12_RedisFlushed: when all sessions are lost everybody is anonymous, and
// gets a new ID.
func TestF12_RedisFlushed(t *testing.T) {
	server, p := privateRedis(t)
	p.forgets = true
	newWorld(t, p).run(fault{
		name: "F12 Redis: FLUSHALL",
		strike: func(w *world) {
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				lives := w.lives()
				flushed(t, server, p)
				time.Sleep(300 * time.Millisecond)
				if left := w.survivors(lives); left > 0 {
					t.Errorf("%d users have their session still", left)
				}
			}
		},
	})
}

// flushed removes everything while a visitor has a session, and looks at the ID
// that he gets for the next one.
func flushed(t *testing.T, server *services.RedisNode, p plan) {
	t.Helper()
	b := p.backend(t)
	defer b.(interface{ Close() error }).Close()
	mw, err := sessions.New(b, nil)
	if err != nil {
		t.Error(err)
		return
	}
	h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err == nil {
			err = countKey.Set(s, 1)
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	}))
	visit := func(token string) string {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
		h.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			token = c.Value
		}
		if w.Code != http.StatusOK {
			t.Errorf("got %d, want 200", w.Code)
		}
		return token
	}
	first := visit("")
	tell(t, server, "FLUSHALL")
	if second := visit(first); second == first || second == "" {
		t.Error("after FLUSHALL a visitor keeps the ID of the session that is lost")
	}
}
