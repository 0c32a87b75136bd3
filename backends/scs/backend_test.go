package scs_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/scs"
	"github.com/gosessions/sessions/sessionstest"
)

// TestConformance runs every rule on stores that are as weak as scs allows: one
// that never forgets, one that also lists, and one of our own that was turned
// twice.
func TestConformance(t *testing.T) {
	for name, newStore := range map[string]func(t *testing.T) scs.Store{
		"forgets nothing": func(*testing.T) scs.Store { return newMapStore() },
		"lists":           func(*testing.T) scs.Store { return listStore{newMapStore()} },
		"our own":         func(t *testing.T) scs.Store { return storeOf(t, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			sessionstest.TestBackend(t, func(t *testing.T) backends.Backend {
				return scs.New(newStore(t), nil)
			}, &sessionstest.Options{Bubble: true})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name    string
		backend backends.Backend
		want    string
	}{
		{"nil", scs.New(nil, nil), "nil"},
		{"typed nil", scs.New((*mapStore)(nil), nil), "nil"},
		{"size", scs.New(newMapStore(), &scs.Options{MaxSize: -1}), "MaxSize"},
		{"size of a store that lists", scs.New(listStore{newMapStore()}, &scs.Options{MaxSize: -1}), "MaxSize"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sessions.New(tt.backend, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("sessions.New: %v, want one about %s", err, tt.want)
			}
			if _, got := tt.backend.Read(t.Context(), "id"); got != err {
				t.Errorf("Read: %v, want %v", got, err)
			}
			if _, got := tt.backend.Write(t.Context(), "id", record("x")); got != err {
				t.Errorf("Write: %v, want %v", got, err)
			}
			if got := tt.backend.Remove(t.Context(), "id"); got != err {
				t.Errorf("Remove: %v, want %v", got, err)
			}
			if _, got := tt.backend.Exists(t.Context(), "id"); got != err {
				t.Errorf("Exists: %v, want %v", got, err)
			}
		})
	}
}

// TestWarnings: the log says what the store cannot promise, and anyone who
// requires a promise gets an error.
func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		store scs.Store
		want  []string
	}{
		{"without contexts", newMapStore(), []string{"bring back a destroyed session", "owners", "contexts"}},
		{"with contexts", funcStore{}, []string{"bring back a destroyed session", "owners"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			backend := scs.New(tt.store, nil)
			if _, err := sessions.New(backend, &sessions.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(log.String(), "level=WARN"); got != len(tt.want) {
				t.Errorf("%d warnings, want %d:\n%s", got, len(tt.want), &log)
			}
			for _, want := range tt.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("no warning says %q:\n%s", want, &log)
				}
			}
		})
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	for _, config := range []*sessions.Config{
		{Logger: quiet, Require: []backends.Ability{backends.CanSwap}},
		{Logger: quiet, MaxPerSubject: 3},
	} {
		if _, err := sessions.New(scs.New(newMapStore(), nil), config); err == nil {
			t.Errorf("New with %+v: no error", config)
		}
	}
}

func TestAbilities(t *testing.T) {
	for _, tt := range []struct {
		store scs.Store
		want  []backends.Ability
	}{
		{newMapStore(), nil},
		{listStore{newMapStore()}, []backends.Ability{backends.CanWalk}},
		{storeOf(t, nil), []backends.Ability{backends.CanWalk}},
	} {
		if got := backends.Abilities(scs.New(tt.store, nil)); !slices.Equal(got, tt.want) {
			t.Errorf("%T: the abilities are %v, want %v", tt.store, got, tt.want)
		}
	}
}

// TestMaxSize: what a store cannot hold never reaches it.
func TestMaxSize(t *testing.T) {
	store := newMapStore()
	b := scs.New(store, &scs.Options{MaxSize: 100})
	if got := backends.Describe(b).MaxSize; got != 100 {
		t.Errorf("Describe says %d, want 100", got)
	}
	if _, err := b.Write(t.Context(), token, record(strings.Repeat("x", 100))); err != nil {
		t.Errorf("Write of 100 bytes: %v", err)
	}
	_, err := b.Write(t.Context(), token, record(strings.Repeat("y", 101)))
	if !errors.Is(err, backends.ErrTooLarge) || !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("Write of 101 bytes: %v, want ErrTooLarge and ErrNotApplied", err)
	}
	if got, err := b.Read(t.Context(), token); err != nil || !strings.HasPrefix(string(got.Data), "x") {
		t.Errorf("Read: %v, want the first record", err)
	}
}

// TestForeign: a record that scs has stored can be read, listed and removed.
func TestForeign(t *testing.T) {
	store := listStore{newMapStore()}
	b := scs.New(store, nil)
	if err := store.Commit(token, []byte("\x10gob"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	got, err := b.Read(t.Context(), token)
	if err != nil || string(got.Data) != "\x10gob" || got.TTL != 0 {
		t.Errorf("Read: %q %v %v, want what scs stored and no TTL", got.Data, got.TTL, err)
	}
	var visited []string
	if err := backends.Walk(t.Context(), b, func(e backends.Entry) error {
		visited = append(visited, e.ID+string(e.Record.Data))
		return nil
	}); err != nil || !slices.Equal(visited, []string{token + "\x10gob"}) {
		t.Errorf("Walk visits %q, %v", visited, err)
	}
	if err := b.Remove(t.Context(), token); err != nil || len(store.values) != 0 {
		t.Errorf("Remove: %v, %d values are left", err, len(store.values))
	}
}
