// Command shutdown is a server that ends without losing a change or a stream.
// docs/recipes.md explains it.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	streams, endStreams := context.WithCancel(context.Background())
	server := &http.Server{Handler: application(streams, mw), ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(endStreams)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, server, listener, 20*time.Second); err != nil {
		log.Fatal(err)
	}
	// Close the pool of connections to the store here, not earlier.
}

// serve serves until ctx ends, and then at most for grace, so that requests under
// way can save their sessions and answer.
func serve(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return server.Shutdown(limited)
}

// application returns the site. Its streams end with the context streams: Shutdown
// waits for them, and does not end the contexts of requests.
func application(streams context.Context, mw *sessions.Middleware) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /order", order)
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for n := 1; ; n++ {
			fmt.Fprintf(w, "data: %d\n\n", n)
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-streams.Done():
				return
			case <-r.Context().Done():
				return
			case <-time.After(time.Second):
			}
		}
	})
	return mw.Handler(mux)
}

const orders sessions.Key[int] = "orders"

func order(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	time.Sleep(100 * time.Millisecond) // it takes a moment
	n, err := orders.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	fmt.Fprintf(w, "order %d\n", n)
}
