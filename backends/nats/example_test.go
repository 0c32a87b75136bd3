package nats_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
)

// Open does not wait for the server, so a program starts while its server is down.
// Migrate creates the bucket. It may run at each start of each instance.
func ExampleOpen() {
	backend, err := nats.Open("nats://127.0.0.1:1", &nats.Options{Bucket: "shop-sessions"})
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
	// [swap touch sweep walk]
}
