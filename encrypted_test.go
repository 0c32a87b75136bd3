package sessions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

const newerSecret = "p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa"

// sealed is the format of encrypted records.
func sealed(primary string, older ...string) serializer.Format {
	return serializer.Encrypted(serializer.Native(serializer.JSON), primary, older...)
}

// account is what the tests' site does with sessions that have an owner.
var account = routes{
	"/bind": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = s.RegenerateID()
		_ = s.SetSubject("owner of it")
		_ = user.Set(s, "ada")
	},
	"/who": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		name, _ := user.Get(s)
		fmt.Fprint(w, name)
	},
	"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_, _ = visits.Update(s, func(n int) (int, error) { return n + 1, nil })
	},
	"/visits": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		n, _ := visits.Get(s)
		fmt.Fprint(w, n)
	},
}

// heard collects the events of a kind.
type heard struct {
	mu     sync.Mutex
	events []sessions.Event
}

func (h *heard) observe(_ context.Context, e sessions.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// take returns the events of a kind since it was last asked.
func (h *heard) take(kind sessions.EventKind) []sessions.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []sessions.Event
	for _, e := range h.events {
		if e.Kind == kind {
			list = append(list, e)
		}
	}
	h.events = nil
	return list
}

// walk returns what is stored in b.
func walk(t *testing.T, b sessions.Backend) []backends.Entry {
	t.Helper()
	var list []backends.Entry
	check(t, backends.Walk(t.Context(), b, func(e backends.Entry) error {
		list = append(list, e)
		return nil
	}))
	return list
}

// TestEncryptedRecords: the whole life of a session whose records are
// encrypted, on every backend.
func TestEncryptedRecords(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		var h heard
		mw := newMiddleware(t, b, &sessions.Config{Format: sealed(secret), Observe: h.observe})
		c := start(t, mw, account)
		before := c.copies()
		if c.get("/bind"); c.copies()["__Host-session"] == before["__Host-session"] {
			t.Error("the ID is the same after a login")
		}
		if got := body(c.get("/who")); got != "ada" {
			t.Errorf("after the login: %q, want ada", got)
		}
		h.take("")
		if got := body(c.do("/who", before)); got != "" {
			t.Errorf("with the old token: %q", got)
		}
		if len(h.take(sessions.EventRetired)) != 1 {
			t.Error("the tombstone was not read")
		}
		if backends.Has(b, backends.CanSubjects) {
			if list, err := mw.List(t.Context(), "owner of it"); err != nil || len(list) == 0 || list[0].Created.IsZero() {
				t.Errorf("List: %v, %v", list, err)
			}
		}
		if backends.Has(b, backends.CanSwap) {
			together(20, func(int) { c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/count")) })
			if got := body(c.get("/visits")); got != "20" {
				t.Errorf("20 requests at once counted to %s", got)
			}
		}
		copied := c.copies()
		c.get("/destroy")
		if got := body(c.do("/who", copied)); got != "" {
			t.Errorf("after the logout: %q", got)
		}
	})
}

// TestEncryptedRecordsInACopy: a copy of the store shows no value, and a row
// that was copied under another ID is not a session but an event.
func TestEncryptedRecordsInACopy(t *testing.T) {
	b := memory.New(nil)
	var h heard
	mw := newMiddleware(t, b, &sessions.Config{Format: sealed(secret), Observe: h.observe})
	victim := start(t, mw, account)
	victims := walk(t, b)
	attacker := start(t, mw, account)
	attacker.get("/count")
	entries := walk(t, b)
	if len(victims) != 1 || len(entries) != 2 {
		t.Fatalf("%d and %d records, want 1 and 2", len(victims), len(entries))
	}
	for _, e := range entries {
		if bytes.Contains(e.Record.Data, []byte("ada")) || bytes.Contains(e.Record.Data, []byte("user")) {
			t.Error("a record shows what is in it")
		}
	}
	own := entries[slices.IndexFunc(entries, func(e backends.Entry) bool { return e.ID != victims[0].ID })]
	row := victims[0].Record
	if _, err := b.Write(t.Context(), own.ID, row); err != nil {
		t.Fatal(err)
	}
	h.take("")
	if got := body(attacker.get("/who")); got != "" {
		t.Errorf("the copied row is a session of %q", got)
	}
	events := h.take(sessions.EventCorrupt)
	if len(events) != 1 || !errors.Is(events[0].Err, serializer.ErrCorrupt) || strings.Contains(fmt.Sprint(events), own.ID) {
		t.Errorf("events: %v", events)
	}
	if got := body(victim.get("/who")); got != "ada" {
		t.Errorf("the victim is %q", got)
	}
}

// TestEncryptedRecordsMoveOver: records from before move over one by one, with
// the next change; then plain ones are accepted no longer.
func TestEncryptedRecordsMoveOver(t *testing.T) {
	b := memory.New(nil)
	with := func(c *client, f serializer.Format) {
		c.handler = serve(t, newMiddleware(t, b, &sessions.Config{Format: f}), join2(basics, account))
	}
	both := serializer.EncryptedWith(serializer.Encryption{InsecureReadPlain: true}, serializer.Native(serializer.JSON), secret)
	moved, idle := start(t, newMiddleware(t, b, nil), nil), start(t, newMiddleware(t, b, nil), nil)
	for _, c := range []*client{moved, idle} {
		with(c, both)
		if got := body(c.get("/who")); got != "ada" {
			t.Errorf("a plain record: %q, want ada", got)
		}
	}
	moved.get("/count")
	for _, c := range []*client{moved, idle} {
		with(c, sealed(newerSecret, secret))
	}
	if got := body(moved.get("/who")); got != "ada" {
		t.Errorf("the encrypted record, with its key the older one: %q, want ada", got)
	}
	if got := body(idle.get("/who")); got != "" {
		t.Errorf("a plain record, when none is accepted: %q", got)
	}
	moved.get("/count")
	with(moved, sealed(newerSecret))
	if got := body(moved.get("/visits")); got != "2" {
		t.Errorf("without the older key: %s visits, want 2", got)
	}
}

// TestEncryptedRecordsFromASource: sessions move from a store with plain
// records into one with encrypted ones.
func TestEncryptedRecordsFromASource(t *testing.T) {
	old, b := memory.New(nil), memory.New(nil)
	c := start(t, newMiddleware(t, old, &sessions.Config{Transport: oldCookie}), nil)
	mw := newMiddleware(t, b, &sessions.Config{Format: sealed(secret), Sources: []sessions.Source{{Backend: old, Transport: oldCookie}}})
	c.handler = serve(t, mw, join2(basics, account))
	together(5, func(int) { c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/count")) })
	if got := body(c.get("/visits")); got != "5" {
		t.Errorf("5 requests at once counted to %s", got)
	}
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("got %q, want ada", got)
	}
	if n := len(walk(t, old)); n != 0 {
		t.Errorf("%d records are left in the source", n)
	}
	for _, e := range walk(t, b) {
		if bytes.Contains(e.Record.Data, []byte("ada")) {
			t.Error("a record moved without encryption")
		}
	}
}

// TestEncryptedRecordUnderASecondID: if a new ID is taken, the record is made
// again for the next one.
func TestEncryptedRecordUnderASecondID(t *testing.T) {
	taken := 2
	b := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if taken--; op == backends.OpSwap && taken >= 0 {
			return backends.ErrConflict
		}
		return next(ctx)
	})
	c := start(t, newMiddleware(t, b, &sessions.Config{Format: sealed(secret)}), account)
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("got %q, want ada", got)
	}
}

// TestEncryptedRecordsKeepTheLimit: the oldest session goes, which only its
// record tells.
func TestEncryptedRecordsKeepTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		mw := newMiddleware(t, b, &sessions.Config{Format: sealed(secret), MaxPerSubject: 3, EvictOldest: true})
		var clients []*client
		for range 9 {
			c := newClient(t, serve(t, mw, join2(basics, account)))
			c.get("/bind")
			clients = append(clients, c)
			time.Sleep(time.Second)
		}
		for i, c := range clients {
			if got := body(c.get("/who")); (got == "ada") != (i >= 6) {
				t.Errorf("session %d of 9, of which 3 may live: %q", i+1, got)
			}
		}
	})
}

func TestEncryptedConfig(t *testing.T) {
	for name, tt := range map[string]struct {
		backend sessions.Backend
		config  sessions.Config
		want    string // in the error or, behind "log: ", in the log; "": neither
	}{
		"good":      {memory.New(nil), sessions.Config{Format: sealed(secret)}, ""},
		"short key": {memory.New(nil), sessions.Config{Format: sealed("short")}, "serializer: Encrypted: the primary key has 5 bytes and must have at least 32: make one with"},
		"weak key":  {memory.New(nil), sessions.Config{Format: sealed(strings.Repeat("Kx9#vQ2mLp7Z", 4))}, "log: serializer: Encrypted: the primary key repeats itself"},
		"stateless": {cookie.New(cookie.Encrypted(secret)), sessions.Config{Format: sealed(secret)}, "encrypt with cookie.New(cookie.Encrypted(key))"},
		"source":    {memory.New(nil), sessions.Config{Sources: []sessions.Source{{Backend: memory.New(nil), Format: sealed(secret, "x")}}}, "Sources[0]: serializer: Encrypted: older key 1 has 1 bytes"},
	} {
		var log bytes.Buffer
		tt.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		_, err := sessions.New(tt.backend, &tt.config)
		if warning, ok := strings.CutPrefix(tt.want, "log: "); ok {
			if err != nil || !strings.Contains(log.String(), warning) {
				t.Errorf("%s: %v, log %q, want %q", name, err, &log, warning)
			}
			continue
		}
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) || log.Len() > 0 {
			t.Errorf("%s: %v, log %q, want %q", name, err, &log, tt.want)
		}
	}
}
