package cookie_test

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
)

// Sessions in encrypted cookies need no store. Make a key with
// `sessions keygen`.
func Example_encrypted() {
	mw, err := sessions.New(cookie.New(cookie.Encrypted(os.Getenv("SESSION_KEY"))), nil)
	if err != nil {
		log.Print(err)
		return
	}
	http.Handle("/", mw.Handler(http.NotFoundHandler()))
}

// A Go application beside a Flask one, behind the same origin and with the same
// SECRET_KEY, has the same sessions. The codec says all that there is to
// configure.
func Example_flask() {
	codec := cookie.Flask("dev")
	fmt.Println(cookie.New(codec).Describe().Err)

	// What Flask makes of session["a"] = 1.
	token := "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"
	document, _, err := codec.Open(token, cookie.Terms{Now: time.Unix(1700000000, 0), MaxAge: time.Hour})
	fmt.Printf("%s %v\n", document, err)

	// Output:
	// <nil>
	// {"a":1} <nil>
}

// A new key is first added as an older one on every instance, then made the
// primary one, and the old key is dropped when the last session sealed with it
// has ended.
func Example_rotation() {
	const first = "b4UcPqHk7tZsWm2xYd9rLg6vNa3jEo8fTiKpRuCzQlShMwXyV5G0"
	const second = "J8nRzvYqT2kXcBd5LwGfHs7mPaUe9oKiQj4tVhNxSyZrMb6gCuWp"
	terms := cookie.Terms{Now: time.Now(), Cookie: "__Host-session", TTL: time.Hour}

	old, err := cookie.Encrypted(first).Seal([]byte("a session"), terms)
	if err != nil {
		log.Print(err)
		return
	}
	during := cookie.Encrypted(second, first)
	after := cookie.Encrypted(second)

	session, _, err := during.Open(old, terms)
	fmt.Printf("during: %q %v\n", session, err)
	_, _, err = after.Open(old, terms)
	fmt.Printf("after: %s\n", cookie.Reason(err))

	// Output:
	// during: "a session" <nil>
	// after: bad-signature
}
