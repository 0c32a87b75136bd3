// Command scs is an application that has moved from alexedwards/scs and still
// accepts its old sessions. README.md explains it.
package main

import (
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
	scsbackend "github.com/gosessions/sessions/backends/scs"
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
			Backend:   scsbackend.New(old, nil),
			Format:    scsFormat{scs.GobCodec{}, lifetime},
			IDs:       sessions.RawIDs,                                  // scs stores tokens as they are
			Transport: sessions.Cookie{Name: "session", Insecure: true}, // SessionManager.Cookie
		}},
	})
}

// kept keeps sessions in a store of scs, such as mongodbstore or etcdstore, for
// which this module has no backend.
func kept(store scs.Store) (*sessions.Middleware, error) {
	return sessions.New(scsbackend.New(store, nil), nil)
}

// underneath lets a program whose handlers still use scs keep its sessions in a
// backend of this module.
func underneath(manager *scs.SessionManager, backend sessions.Backend) error {
	store, err := scsbackend.StoreOf(backend)
	if err != nil {
		return err
	}
	manager.Store = store
	return nil
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
