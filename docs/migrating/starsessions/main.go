// Command starsessions answers the routes that have moved to Go, of a Starlette
// or FastAPI application that keeps its sessions with starsessions 2. README.md
// explains it.
//
//	SECRET_KEY=… go run .                              # its CookieStore
//	REDIS_URL=redis://127.0.0.1:6379/0 go run .        # its RedisStore
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/redis"
)

// lifetime is that of the application's SessionMiddleware: 0, which is its
// default, for cookies that end with the browser.
const lifetime = 14 * 24 * time.Hour

func main() {
	backend, err := store(os.Getenv("REDIS_URL"), os.Getenv("SECRET_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	mw, err := shared(backend)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mw.Handler(http.HandlerFunc(visit))))
}

// store is where starsessions keeps the sessions.
func store(redisURL, secretKey string) (sessions.Backend, error) {
	if redisURL == "" {
		return cookie.New(cookie.Starsessions(lifetime, secretKey)), nil
	}
	client, err := redis.Client(redisURL)
	if err != nil {
		return nil, err
	}
	return redis.Starsessions(client, lifetime, nil), nil
}

// shared reads and writes them.
func shared(backend sessions.Backend) (*sessions.Middleware, error) {
	return sessions.New(backend, &sessions.Config{
		ClockSkew: 2 * time.Second, // a cookie from one second ahead would be refused
	})
}

const visits sessions.Key[int] = "visits" // request.session["visits"]

func visit(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	fmt.Fprintf(w, "visit %d\n", n)
}

// left is the last step: sessions are in Go's own records, and those of
// starsessions are moved when their visitors return.
func left(backend, old sessions.Backend) (*sessions.Middleware, error) {
	return sessions.New(backend, &sessions.Config{
		Lifetime: lifetime,
		Sources:  []sessions.Source{{Backend: old}},
	})
}
