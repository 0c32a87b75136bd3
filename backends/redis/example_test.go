package redis_test

import (
	"fmt"
	"log"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
)

// Open takes a URL, such as that of a managed server. It does not connect, so a
// program starts while its server is down. Check says at the start what the server
// would refuse later.
func ExampleOpen() {
	backend, err := redis.Open("rediss://user:password@redis.example.com:6379/0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()

	mw, err := sessions.New(backend, &sessions.Config{MaxPerSubject: 5})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/", mw.Handler(http.NotFoundHandler()))

	fmt.Println(backends.Abilities(backend))
	// Output: [swap touch subjects walk]
}

// A URL for Valkey begins with valkey, or with valkeys for TLS.
func ExampleOpen_valkey() {
	backend, err := redis.Open("valkey://valkey.example.com:6379/0", &redis.Options{Prefix: "shop:"})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()

	_, err = sessions.New(backend, nil)
	fmt.Println(err)
	// Output: <nil>
}
