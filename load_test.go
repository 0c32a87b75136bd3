package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

func TestLoadWithoutMiddleware(t *testing.T) {
	if _, err := sessions.Load(context.Background()); !errors.Is(err, sessions.ErrNoMiddleware) {
		t.Errorf("got %v, want ErrNoMiddleware", err)
	}
	if s, ok := sessions.FromContext(context.Background()); s != nil || ok {
		t.Error("FromContext found a session")
	}
}

func TestLoadAfterTheFirstByte(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		if _, err := sessions.Load(r.Context()); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("got %v, want ErrCommitted", err)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

// TestR15_E19_UnreadableRecordsAreLeftAlone: if a record cannot be read, the visitor
// gets a new session with a new ID, the record stays as it is, and the observer is
// told.
func TestR15_E19_UnreadableRecordsAreLeftAlone(t *testing.T) {
	for name, spoil := range map[string]func(data []byte) []byte{
		"cut off":         func(data []byte) []byte { return data[:len(data)-3] },
		"another format":  func([]byte) []byte { return []byte(`{"user":"ada"}`) },
		"junk":            func([]byte) []byte { return []byte{0xff, 0, 0xff} },
		"more at the end": func(data []byte) []byte { return append(slices.Clone(data), 1, 2, 3) },
	} {
		for _, path := range []string{"/other", "/login", "/destroy", "/read"} {
			var kinds []sessions.EventKind
			m := memory.New(nil)
			mw := newMiddleware(t, m, &sessions.Config{Observe: func(_ context.Context, e sessions.Event) { kinds = append(kinds, e.Kind) }})
			c := start(t, mw, nil)
			token := c.cookies["__Host-session"]
			var spoilt backends.Entry
			check(t, m.Walk(t.Context(), func(s backends.Entry) error { spoilt = s; return nil }))
			spoilt.Record.Data = spoil(spoilt.Record.Data)
			check(t, second(m.Write(t.Context(), spoilt.ID, spoilt.Record)))
			kinds = nil

			response := c.get(path)
			if got := c.cookies["__Host-session"]; response.StatusCode != 200 || got == token && path != "/read" {
				t.Errorf("%s, %s: status %d, the token is the same: %v", name, path, response.StatusCode, got == token)
			}
			if path == "/read" && len(response.Cookies()) != 0 {
				t.Errorf("%s, %s: cookies %v", name, path, response.Cookies())
			}
			if !slices.Contains(kinds, sessions.EventCorrupt) {
				t.Errorf("%s, %s: the operator was told %v", name, path, kinds)
			}
			left, err := m.Read(t.Context(), spoilt.ID)
			if string(left.Data) != string(spoilt.Record.Data) || err != nil {
				t.Errorf("%s, %s: the record was changed (%v)", name, path, err)
			}
		}
	}
}

// TestR15_NewerRecordsAreKept: a request whose record a newer release wrote is answered
// with 503 until the deployment is complete. There is no new session and no deleted
// cookie.
func TestR15_NewerRecordsAreKept(t *testing.T) {
	m := memory.New(nil)
	c := start(t, newMiddleware(t, m, nil), nil)
	var stored backends.Entry
	check(t, m.Walk(t.Context(), func(s backends.Entry) error { stored = s; return nil }))
	ours := stored.Record
	stored.Record.Data = slices.Clone(ours.Data)
	stored.Record.Data[0]++
	check(t, second(m.Write(t.Context(), stored.ID, stored.Record)))
	for _, path := range []string{"/who", "/other", "/login", "/destroy"} {
		if response := c.get(path); response.StatusCode != http.StatusServiceUnavailable || len(response.Cookies()) != 0 {
			t.Errorf("%s: got %d, cookies %v", path, response.StatusCode, response.Cookies())
		}
	}
	left, err := m.Read(t.Context(), stored.ID)
	if string(left.Data) != string(stored.Record.Data) || err != nil {
		t.Errorf("the record was changed (%v)", err)
	}
	check(t, second(m.Write(t.Context(), stored.ID, ours)))
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("after the deployment: got %q, want ada", got)
	}
}
