package postgres_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
)

// Open takes a URL and does not connect, so a program starts while its server is
// down. Migrate creates the table. It may run at each start of each instance.
func ExampleOpen() {
	backend, err := postgres.Open("postgres://app:password@127.0.0.1:1/shop", &postgres.Options{Table: "auth.sessions"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := backend.Migrate(ctx); err != nil {
		fmt.Println("the server is not up yet")
	}

	mw, err := sessions.New(backend, &sessions.Config{IdleTimeout: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/", mw.Handler(http.NotFoundHandler()))

	fmt.Println(backends.Abilities(backend))
	// Output:
	// the server is not up yet
	// [swap touch rotate subjects sweep walk]
}
