package sessions_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestC5_R24_ShutdownDuringCommits shuts down or closes a server while 200 commits are
// under way. What was acknowledged is stored, every commit ends, and no goroutine is
// left.
func TestC5_R24_ShutdownDuringCommits(t *testing.T) {
	const inFlight = 200
	for name, end := range map[string]func(*http.Server) error{
		"Shutdown": func(s *http.Server) error { return s.Shutdown(context.Background()) },
		"Close":    (*http.Server).Close,
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(nil)
			arrived, release := make(chan bool, inFlight), make(chan bool)
			held := backends.Intercept(store, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
				if op == backends.OpSwap {
					arrived <- true
					<-release
				}
				return next(ctx)
			})
			var handlers sync.WaitGroup
			h := serve(t, newMiddleware(t, held, &sessions.Config{Timeout: time.Minute}), routes{
				"/who": basics["/who"],
				"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					check(t, user.Set(s, r.URL.Query().Get("name")))
					_, _ = io.WriteString(w, "stored")
				},
			})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				handlers.Add(1)
				defer handlers.Done()
				h.ServeHTTP(w, r)
			}))
			defer server.Close()

			var mu sync.Mutex
			acknowledged := map[string]string{} // name to token
			var clients sync.WaitGroup
			for i := range inFlight {
				clients.Go(func() {
					name := fmt.Sprint("user", i)
					response, err := server.Client().Get(server.URL + "/?name=" + name)
					if err != nil {
						return // the server was closed, and has acknowledged nothing
					}
					defer response.Body.Close()
					got, err := io.ReadAll(response.Body)
					if response.StatusCode != 200 || err == nil && string(got) != "stored" {
						t.Errorf("%s: status %d, %q", name, response.StatusCode, got)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					for _, c := range response.Cookies() {
						acknowledged[name] = c.Value
					}
				})
			}
			within(t, func() {
				for range inFlight {
					<-arrived
				}
				ended := make(chan error)
				go func() { ended <- end(server.Config) }()
				for { // until the server refuses new clients
					conn, err := net.Dial("tcp", server.Listener.Addr().String())
					if err != nil {
						break
					}
					_ = conn.Close()
				}
				close(release)
				check(t, <-ended)
				clients.Wait()
				handlers.Wait()
				check(t, store.Close())
			})

			if name == "Shutdown" && len(acknowledged) != inFlight {
				t.Errorf("%d of %d requests under way were answered", len(acknowledged), inFlight)
			}
			if n := count(t, store); n != inFlight {
				t.Errorf("%d of %d commits under way were carried out", n, inFlight)
			}
			for name, token := range acknowledged {
				c := &client{t, h, map[string]string{"__Host-session": token}}
				if got := body(c.get("/who")); got != name {
					t.Errorf("the token of %s leads to %q", name, got)
				}
			}
			nothingRuns(t)
		})
	}
}
