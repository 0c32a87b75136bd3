// Command scs is an application that has moved from alexedwards/scs and still
// accepts its old sessions. README.md explains it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/serializer"
)

func main() {
	backend, err := redis.Open(os.Getenv("REDIS_URL"), nil)
	if err != nil {
		log.Fatal(err)
	}
	mw, err := moved(backend, memstore.New(), 24*time.Hour) // yours: goredisstore.New(client), pgxstore.New(pool), …
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mw.Handler(http.HandlerFunc(visit))))
}

// moved keeps sessions in backend. It takes over the sessions of an
// scs.SessionManager with the store old and the given Lifetime when their
// visitors return.
func moved(backend sessions.Backend, old scs.Store, lifetime time.Duration) (*sessions.Middleware, error) {
	return sessions.New(backend, &sessions.Config{
		Lifetime: lifetime,
		Sources: []sessions.Source{{
			Backend:   scsBackend{old},
			Format:    scsFormat{scs.GobCodec{}, lifetime},
			IDs:       sessions.RawIDs,                                  // scs stores tokens as they are
			Transport: sessions.Cookie{Name: "session", Insecure: true}, // SessionManager.Cookie
		}},
	})
}

const visits sessions.Key[int] = "visits"

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

// scsBackend reads and removes what is in a store of scs. Nothing is written
// there any more.
type scsBackend struct{ store scs.Store }

func (b scsBackend) Read(_ context.Context, token string) (sessions.Record, error) {
	data, found, err := b.store.Find(token)
	if err == nil && !found {
		err = sessions.ErrNotFound
	}
	return sessions.Record{Data: data}, err
}

func (b scsBackend) Exists(_ context.Context, token string) (bool, error) {
	_, found, err := b.store.Find(token)
	return found, err
}

func (b scsBackend) Remove(_ context.Context, token string) error { return b.store.Delete(token) }

func (b scsBackend) Write(context.Context, string, sessions.Record) (string, error) {
	return "", errors.ErrUnsupported
}

// scsFormat is the layout of what scs stores: all values in one gob.
type scsFormat struct {
	codec    scs.Codec
	lifetime time.Duration // SessionManager.Lifetime
}

func (scsFormat) Name() string                      { return "scs" }
func (scsFormat) Serializer() serializer.Serializer { return serializer.JSON }
func (scsFormat) Holds() serializer.Holds           { return serializer.Holds{Created: true, Lifetime: true} }

func (f scsFormat) Unpack(data []byte, content *serializer.Content) error {
	deadline, values, err := f.codec.Decode(data)
	if err != nil {
		return fmt.Errorf("scs: %w", serializer.ErrCorrupt)
	}
	*content = serializer.Content{Created: deadline.Add(-f.lifetime), Lifetime: f.lifetime}
	for key, value := range values {
		encoded, err := serializer.JSON.Marshal(value)
		if err != nil {
			return fmt.Errorf("scs: %w", serializer.ErrCorrupt)
		}
		content.Fields = append(content.Fields, serializer.Field{Key: key, Value: encoded})
	}
	return nil
}

func (scsFormat) Pack(*serializer.Content) ([]byte, error) { return nil, errors.ErrUnsupported }
