// Command flasksession answers the routes that have moved to Go, of an
// application that keeps its sessions in Redis with Flask-Session. README.md
// explains it.
//
//	REDIS_URL=redis://127.0.0.1:6379/0 go run .
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions"
	sessionsredis "github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/serializer"
)

func main() {
	client, err := sessionsredis.Client(os.Getenv("REDIS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	mw, err := shared(client, nil)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mw.Handler(http.HandlerFunc(visit))))
}

// shared reads and writes the records of Flask-Session. Options say what the
// application has configured differently; nil means nothing.
func shared(client redis.UniversalClient, options *sessionsredis.FlaskSessionOptions) (*sessions.Middleware, error) {
	return sessions.New(sessionsredis.FlaskSession(client, options), nil)
}

const visits sessions.Key[int] = "visits" // session["visits"] in Flask

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

// left is the last step: sessions are in Go's own records, in the same Redis or
// elsewhere, and those of Flask-Session are moved when their visitors return.
func left(store sessions.Backend, client redis.UniversalClient, options *sessionsredis.FlaskSessionOptions) (*sessions.Middleware, error) {
	return sessions.New(store, &sessions.Config{
		Format:  serializer.Native(serializer.MsgPack), // keeps bytes and times apart from text
		Sources: []sessions.Source{{Backend: sessionsredis.FlaskSession(client, options)}},
	})
}
