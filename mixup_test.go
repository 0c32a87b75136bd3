package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/services"
)

// shaky is a network in front of a server. It can reset all its connections.
type shaky struct {
	upstream string
	listener net.Listener
	mu       sync.Mutex
	open     map[*net.TCPConn]bool
	resets   int
}

// shakyBefore returns a shaky network in front of address, and its own address.
func shakyBefore(t *testing.T, address string) (*shaky, string) {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shaky{upstream: u.Host, listener: listener, open: map[*net.TCPConn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.carry(conn.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.reset()
		all.Wait()
	})
	u.Host = listener.Addr().String()
	return s, u.String()
}

func (s *shaky) carry(client *net.TCPConn) {
	defer client.Close()
	server, err := net.Dial("tcp", s.upstream)
	if err != nil {
		return
	}
	defer server.Close()
	s.mu.Lock()
	s.open[client] = true
	s.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
	s.mu.Lock()
	delete(s.open, client)
	s.mu.Unlock()
}

func (s *shaky) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.open {
		_ = conn.SetLinger(0)
		_ = conn.Close()
		s.resets++
	}
}

// TestMIX1_EverybodyGetsTheirOwn: 64 concurrent visitors hang up at any moment, time
// out, and lose connections to the store. Each answer goes to the visitor who asked.
// The number of failures does not depend on the speed of the machine: a fixed share of
// the requests hangs up, and connections break after a number of requests.
func TestMIX1_EverybodyGetsTheirOwn(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) (sessions.Backend, *shaky){
		"memory": func(*testing.T) (sessions.Backend, *shaky) { return memory.New(nil), nil },
		"redis": func(t *testing.T) (sessions.Backend, *shaky) {
			s, url := shakyBefore(t, services.Redis(t))
			return openRedis(func(services.T) string { return url })(t)(t), s
		},
		"postgres": func(t *testing.T) (sessions.Backend, *shaky) {
			s, url := shakyBefore(t, services.Postgres(t))
			return openPostgres(func(services.T) string { return url })(t)(t), s
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, network := open(t)
			mixUp(t, b, network)
		})
	}
}

func mixUp(t *testing.T, b sessions.Backend, network *shaky) {
	const people, requests = 64, 16
	pages := routes{
		"/who": basics["/who"],
		"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, second(visits.Update(s, one)))
			basics["/who"](w, r, s)
		},
		"/login": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.RegenerateID())
			check(t, user.Set(s, r.URL.Query().Get("name")))
			basics["/who"](w, r, s)
		},
		"/logout": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = s.Destroy(r.Context()) },
	}
	handlers := []http.Handler{}
	for _, timeout := range []time.Duration{20 * time.Second, 2 * time.Millisecond} {
		mw := newMiddleware(t, b, &sessions.Config{Timeout: timeout, DisableBreaker: true, Transport: sessions.Cookie{Insecure: true}})
		handlers = append(handlers, serve(t, mw, pages))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		patience := 0
		if rand.IntN(8) == 0 {
			patience = 1
		}
		handlers[patience].ServeHTTP(w, r)
	}))
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: people}
	defer transport.CloseIdleConnections()

	var answered, left, refused atomic.Int64
	var owners sync.Map // token to its visitor
	together(people, func(i int) {
		name := fmt.Sprint("user", i)
		token := ""
		for n := range requests {
			path := []string{"/who", "/who", "/count", "/count", "/login", "/logout"}[rand.IntN(6)]
			if n == 0 || token == "" {
				path = "/login"
			}
			if network != nil && rand.IntN(24) == 0 {
				network.reset()
			}
			ctx, cancel := t.Context(), func() {}
			if rand.IntN(3) == 0 { // from 4 ms down to nothing, for fast machines
				ctx, cancel = context.WithTimeout(ctx, rand.N(4*time.Millisecond)>>rand.IntN(8))
			}
			request, err := http.NewRequestWithContext(ctx, "GET", server.URL+path+"?name="+name, nil)
			check(t, err)
			if token != "" {
				request.AddCookie(&http.Cookie{Name: "session", Value: token})
			}
			response, err := transport.RoundTrip(request)
			if err != nil {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", path, err)
				}
				left.Add(1)
				cancel()
				continue
			}
			got, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			cancel()
			for _, c := range response.Cookies() {
				if token = c.Value; c.MaxAge < 0 {
					token = ""
				} else if owner, known := owners.LoadOrStore(token, i); known && owner != i {
					t.Errorf("%s got the token of user%d", name, owner)
				}
			}
			switch {
			case err != nil:
				left.Add(1)
			case response.StatusCode == http.StatusOK && string(got) == name:
				answered.Add(1)
			case response.StatusCode == http.StatusOK && len(got) > 0:
				t.Errorf("%s: %s sees %q", path, name, got)
			case response.StatusCode == http.StatusConflict: // the response with the new token was lost
				token = ""
				refused.Add(1)
			case response.StatusCode == http.StatusServiceUnavailable:
				refused.Add(1)
			case response.StatusCode != http.StatusOK:
				t.Errorf("%s: status %d, %q", path, response.StatusCode, got)
			}
		}
	})
	t.Logf("%d answered, %d hung up, %d refused", answered.Load(), left.Load(), refused.Load())
	if answered.Load() < people/2 || left.Load() < people/8 || network != nil && network.resets == 0 {
		t.Errorf("%d answered, %d hung up, %d refused: nothing was put to the test", answered.Load(), left.Load(), refused.Load())
	}
}

// TestMIX2_SessionsThatLeak: a goroutine that uses a session after its handler has
// returned gets errors for its changes, and sees that session and no other, however
// many requests follow.
func TestMIX2_SessionsThatLeak(t *testing.T) {
	type leak struct {
		name string
		s    *sessions.Session
		ctx  context.Context
	}
	var leaks []leak
	h := serve(t, newMiddleware(t, memory.New(nil), nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		name := r.URL.Query().Get("name")
		check(t, user.Set(s, name))
		leaks = append(leaks, leak{name, s, r.Context()})
	}, "/who": basics["/who"]})
	clients := map[string]*client{}
	for i := range 50 {
		name := fmt.Sprint("user", i)
		clients[name] = newClient(t, h)
		clients[name].get("/?name=" + name)
	}
	look := func(l leak) {
		if got, err := user.Get(l.s); got != l.name || err != nil {
			t.Errorf("the session of %s holds %q, %v", l.name, got, err)
		}
		if again, err := sessions.Load(l.ctx); again != l.s || err != nil {
			t.Errorf("%s: Load after the handler: another session, %v", l.name, err)
		}
		if err := user.Set(l.s, "eve"); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("%s: Set after the handler: got %v, want ErrCommitted", l.name, err)
		}
		check(t, l.s.Save(l.ctx))
		check(t, l.s.Transact(l.ctx, func(s *sessions.Session) error { return second(visits.Update(s, one)) }))
	}
	together(2*len(leaks), func(i int) {
		l := leaks[i/2]
		if i%2 == 0 {
			look(l)
			return
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, clients[l.name].request("/who")); w.Body.String() != l.name {
			t.Errorf("%s sees %q", l.name, w.Body)
		}
	})
}
