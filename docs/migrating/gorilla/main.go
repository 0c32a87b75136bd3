// Command gorilla is an application that has moved from gorilla/sessions and
// still accepts its old sessions. README.md explains it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"

	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	gorillastore "github.com/gosessions/sessions/gorilla"
	"github.com/gosessions/sessions/serializer"
)

func main() {
	backend := cookie.New(cookie.Encrypted(os.Getenv("SESSION_KEY"))) // or redis.Open, postgres.Open
	old := gorilla.NewCookieStore([]byte(os.Getenv("OLD_KEY")))       // as it was: with its keys and options
	mw, err := moved(backend, old, "visits")
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mw.Handler(http.HandlerFunc(visit))))
}

// moved keeps sessions in backend. It takes over the sessions of the given name
// in any store of gorilla's when their visitors return.
func moved(backend sessions.Backend, old gorilla.Store, name string) (*sessions.Middleware, error) {
	return sessions.New(backend, &sessions.Config{
		Sources: []sessions.Source{{
			Backend:   gorillaBackend{old, name},
			Format:    serializer.ClaimsFormat, // plain JSON
			IDs:       sessions.RawIDs,         // the token is the cookie's value
			Transport: sessions.Cookie{Name: name, Insecure: true},
		}},
	})
}

// unchanged returns a middleware, and the store to use in its handlers in place of
// old. They and gothic continue to use gorilla/sessions.
func unchanged(backend sessions.Backend, old gorilla.Store) (*sessions.Middleware, gorilla.Store, error) {
	mw, err := sessions.New(backend, nil)
	identity := []any{"user"} // the keys under which your login stores the user
	store := gorillastore.NewStore(identity, &gorillastore.Options{
		Old: old, // until the last of its sessions has expired
	})
	return mw, store, err
}

const visits sessions.Key[int] = "visits" // session.Values["visits"]

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

// gorillaBackend reads and removes what is in a store of gorilla's, by asking
// it as a request with the cookie would. Nothing is written there any more.
type gorillaBackend struct {
	store gorilla.Store
	name  string
}

var _ backends.Minter = gorillaBackend{}

// open returns the session that a cookie leads to, and its request.
func (b gorillaBackend) open(ctx context.Context, value string) (*http.Request, *gorilla.Session, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return nil, nil, err
	}
	r.AddCookie(&http.Cookie{Name: b.name, Value: value})
	session, err := b.store.New(r, b.name)
	var refused securecookie.Error
	switch {
	case err == nil && session.IsNew, errors.Is(err, fs.ErrNotExist), errors.As(err, &refused) && refused.IsDecode():
		err = sessions.ErrNotFound
	}
	return r, session, err
}

// Read leaves out keys that are not text.
func (b gorillaBackend) Read(ctx context.Context, value string) (sessions.Record, error) {
	_, session, err := b.open(ctx, value)
	if err != nil {
		return sessions.Record{}, err
	}
	named := make(map[string]any, len(session.Values))
	for key, value := range session.Values {
		if name, ok := key.(string); ok {
			named[name] = value
		}
	}
	data, err := serializer.JSON.Marshal(named)
	return sessions.Record{Data: data}, err
}

func (b gorillaBackend) Exists(ctx context.Context, value string) (bool, error) {
	_, _, err := b.open(ctx, value)
	if errors.Is(err, sessions.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (b gorillaBackend) Remove(ctx context.Context, value string) error {
	r, session, err := b.open(ctx, value)
	if err != nil {
		if errors.Is(err, sessions.ErrNotFound) {
			return nil
		}
		return err
	}
	session.Options.MaxAge = -1
	return b.store.Save(r, nowhere{}, session)
}

func (gorillaBackend) Write(context.Context, string, sessions.Record) (string, error) {
	return "", errors.ErrUnsupported
}

// ValidID accepts every ID, because Read verifies the cookie first.
func (gorillaBackend) ValidID(string) bool { return true }
func (gorillaBackend) MintID() string      { return "" } // never called: nothing is written

// nowhere takes the cookie by which gorilla would delete the old one.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
