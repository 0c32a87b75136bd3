package gorilla_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	gorillasessions "github.com/gorilla/sessions"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/gorilla"
	"github.com/gosessions/sessions/sessionstest"
)

// browser is a visitor of handlers that use a store.
type browser struct {
	t       *testing.T
	mw      *sessions.Middleware
	store   *gorilla.Store
	visitor *sessionstest.Visitor
}

func newBrowser(t *testing.T, options *gorilla.Options, backend sessions.Backend, config *sessions.Config, identity ...any) *browser {
	t.Helper()
	if backend == nil {
		backend = memory.New(nil)
	}
	mw, err := sessions.New(backend, config)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, mw, gorilla.NewStore(identity, options), sessionstest.NewVisitor(mw)}
}

// do runs a handler and returns the response.
func (b *browser) do(handler http.HandlerFunc) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.visitor.Do(b.mw.Handler(handler), httptest.NewRequest("GET", "https://example.com/", nil))
}

// with runs a handler that changes the session of the given name and saves it.
func (b *browser) with(name string, change func(*gorillasessions.Session)) {
	b.t.Helper()
	b.do(func(w http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, name)
		if err != nil {
			b.t.Errorf("Get: %v", err)
		}
		change(session)
		if err := session.Save(r, w); err != nil {
			b.t.Errorf("Save: %v", err)
		}
	})
}

// values returns what is stored under a name.
func (b *browser) values(name string) map[any]any {
	b.t.Helper()
	var values map[any]any
	b.do(func(_ http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, name)
		if err != nil {
			b.t.Errorf("Get: %v", err)
		}
		values = session.Values
		if session.IsNew != (len(values) == 0) || (session.ID == "") != session.IsNew {
			b.t.Errorf("IsNew is %v and ID %q, with %d values", session.IsNew, session.ID, len(values))
		}
	})
	return values
}

// wantValues compares what is stored under a name.
func (b *browser) wantValues(name string, want map[any]any) {
	b.t.Helper()
	if got := fmt.Sprintf("%#v", b.values(name)); got != fmt.Sprintf("%#v", want) {
		b.t.Errorf("%s holds %s, want %#v", name, got, want)
	}
}

// publicID returns the public ID of the middleware's session.
func (b *browser) publicID() (id string) {
	b.do(func(_ http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			b.t.Error(err)
			return
		}
		id = session.PublicID()
	})
	return id
}
