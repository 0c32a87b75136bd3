package sessions_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestC1_TheClientHangsUp lets the client hang up at every point of a request.
// What the handler did is stored, as if the client had stayed, and nothing is
// left over.
func TestC1_TheClientHangsUp(t *testing.T) {
	const (
		unread   = "before the body is read"
		inside   = "in the handler"
		commit   = "in the commit"
		silent   = "before the first byte"
		halfway  = "in the middle of the body"
		received = "0123456789"
	)
	for _, method := range []string{"GET", "POST"} {
		for _, point := range []string{unread, inside, commit, silent, halfway} {
			t.Run(method+" "+point, func(t *testing.T) {
				reached, left, finished := make(chan bool), make(chan bool), make(chan bool)
				pause := func(here string) {
					if point == here {
						close(reached)
						<-left
					}
				}
				b := hook(memory.New(nil))
				c := start(t, newMiddleware(t, b.Backend, nil), routes{"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					defer close(finished)
					pause(unread)
					if point != silent { // there the body of a POST stays unread
						_, _ = io.Copy(io.Discard, r.Body)
					}
					pause(inside)
					if point == inside {
						<-r.Context().Done() // the server has noticed
					}
					check(t, user.Set(s, "eve"))
					if point == commit {
						b.once(backends.OpSwap, func() { pause(commit) })
					}
					check(t, s.Save(r.Context()))
					check(t, s.Set("more", true))
					pause(silent)
					_, _ = w.Write([]byte("first"))
					_ = http.NewResponseController(w).Flush()
					pause(halfway)
					_, _ = w.Write(make([]byte, 1<<20))
				}})
				server := httptest.NewServer(c.handler)
				defer server.Close()
				conn, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				r := c.request("/slow")
				r.Method = method
				if method == "POST" {
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader(received)), int64(len(received))
				}
				check(t, r.Write(conn))
				within(t, func() {
					<-reached
					check(t, conn.Close())
					close(left)
					<-finished
					server.Close()
				})
				in(c, newMiddleware(t, b.Backend, nil), func(r *http.Request, s *sessions.Session) {
					if name, err := user.Get(s); name != "eve" || !s.Has("more") || err != nil {
						t.Errorf("stored: %q, %v, %v", name, s.Keys(), err)
					}
				})
				nothingRuns(t)
			})
		}
	}
}

// nothingRuns fails the test if one of our goroutines is still running.
func nothingRuns(t *testing.T) {
	t.Helper()
	var left string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		var all bytes.Buffer
		check(t, pprof.Lookup("goroutine").WriteTo(&all, 2))
		left = ""
		for _, stack := range strings.Split(all.String(), "\n\n") {
			// The goroutines of this test, of parallel tests, of the runtime and of
			// package testing are not ours.
			if strings.Contains(stack, "gosessions/sessions.(") && !strings.Contains(stack, "testing.tRunner") {
				left = stack
			}
		}
		if left == "" {
			return
		}
		<-time.After(time.Millisecond)
	}
	t.Errorf("a goroutine is left over:\n%s", left)
}

// TestR11_TheBackendDoesNotSeeTheClientLeave: the context that a backend gets ends
// with Config.Timeout and not with the client. It has the values of the request's
// context, such as a trace.
func TestR11_TheBackendDoesNotSeeTheClientLeave(t *testing.T) {
	type traceKey struct{}
	for name, b := range variants(t) {
		seen := map[backends.Op]int{}
		watched := backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
			seen[op]++
			if err := ctx.Err(); err != nil {
				t.Errorf("%s, %s: the context has ended: %v", name, op, err)
			}
			if got := ctx.Value(traceKey{}); got != "trace" {
				t.Errorf("%s, %s: the context carries %v", name, op, got)
			}
			// A backend in the process needs no deadline.
			if end, ok := ctx.Deadline(); name != "full" && (!ok || time.Until(end) > time.Minute) {
				t.Errorf("%s, %s: deadline in %v", name, op, time.Until(end))
			}
			return next(ctx)
		})
		mw := newMiddleware(t, watched, &sessions.Config{Timeout: time.Minute})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), traceKey{}, "trace"))
		cancel()
		c := newClient(t, nil)
		for _, f := range []func(w http.ResponseWriter, r *http.Request, s *sessions.Session){
			basics["/same"], basics["/login"], basics["/other"],
			func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, s.Transact(r.Context(), func(s *sessions.Session) error { return s.Set("k", 1) }))
			},
			basics["/destroy"],
		} {
			if response := c.with(mw, ctx, handler(t, f)); response.StatusCode != 200 {
				t.Errorf("%s: status %d", name, response.StatusCode)
			}
		}
		if len(c.cookies) != 0 || seen[backends.OpRead] == 0 {
			t.Errorf("%s: cookies %v, operations %v", name, c.cookies, seen)
		}
	}
}

// TestR11_ASilentBackendCostsItsTimeout: if a backend never answers, a request waits
// for Config.Timeout, and then the backend's context ends.
func TestR11_ASilentBackendCostsItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(nil)
		defer m.Close()
		var silent bool
		b := backends.Intercept(swapOnly{m}, func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
			if silent {
				<-ctx.Done()
				return ctx.Err()
			}
			return next(ctx)
		})
		mw := newMiddleware(t, b, &sessions.Config{DisableBreaker: true, Timeout: 3 * time.Second})
		for _, path := range []string{"/read", "/other", "/login", "/logout", "/transact"} {
			c := start(t, mw, nil)
			began := time.Now()
			silent = path == "/read"
			w := httptest.NewRecorder()
			mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := sessions.Load(r.Context())
				silent = true
				switch {
				case err != nil:
				case path == "/logout":
					err = s.Destroy(r.Context())
				case path == "/transact":
					err = s.Transact(r.Context(), func(*sessions.Session) error { return nil })
				default:
					basics[path](w, r, s)
				}
				if err != nil {
					sessions.Error(w, r, err)
				}
			})).ServeHTTP(w, c.request(path))
			silent = false
			if took := time.Since(began); took == 0 || took > 3*time.Second || w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: status %d after %v, want 503 within 3 s", path, w.Code, took)
			}
			if got := body(c.get("/who")); got != "ada" {
				t.Errorf("%s: afterwards the cookie leads to %q", path, got)
			}
		}
	})
}

func TestE16_ClientWhoHangsUpLosesNothing(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, user.Set(s, "eve"))
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/").WithContext(ctx))
	if got := body(c.get("/who")); got != "eve" {
		t.Errorf("got %q, want eve", got)
	}
}
