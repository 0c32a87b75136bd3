package scs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/scs"
)

// TestKeys: the store sees only tokens of the form that scs gives it, and Walk
// still knows the IDs.
func TestKeys(t *testing.T) {
	store := listStore{newMapStore()}
	b := scs.New(store, nil)
	ids := []string{token, "a", strings.Repeat("~", 4096), token + "A", token[:42] + "/", token[:42] + "="}
	for _, id := range ids {
		if _, err := b.Write(t.Context(), id, record("of "+id)); err != nil {
			t.Fatal(err)
		}
	}
	for key := range store.values {
		if len(key) != 43 || strings.Trim(key, token) != "" && strings.ContainsAny(key, "/=~+") {
			t.Errorf("the store has the key %q, want 43 characters of base64url", key)
		}
	}
	if _, ok := store.values[token]; !ok {
		t.Error("a record is not stored under its ID")
	}
	var visited []string
	if err := backends.Walk(t.Context(), b, func(e backends.Entry) error {
		if string(e.Record.Data) != "of "+e.ID {
			t.Errorf("Walk visits %q under another ID", e.Record.Data)
		}
		visited = append(visited, e.ID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(visited)
	if slices.Sort(ids); !slices.Equal(visited, ids) {
		t.Errorf("Walk visits %d IDs, want %d", len(visited), len(ids))
	}

	// A client sends the key of another record as its ID.
	for key := range store.values {
		if key == token {
			continue
		}
		if _, err := b.Read(t.Context(), key); !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("Read of another record's key: %v, want ErrNotFound", err)
		}
	}
}

// TestExpiry: the store keeps a record a little longer than it lives, and Read
// knows the difference.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMapStore()
		b := scs.New(store, nil)
		for _, ttl := range []time.Duration{1, time.Second, time.Hour + 1, 400 * 24 * time.Hour} {
			if _, err := b.Write(t.Context(), token, backends.Record{Data: []byte("x"), TTL: ttl}); err != nil {
				t.Fatal(err)
			}
			got := store.expiry[token]
			if late := time.Until(got) - ttl; late < time.Second || late > 3*time.Second || got.Nanosecond() != 0 || got.Location() != time.UTC {
				t.Errorf("a TTL of %v: the store keeps the value until %v, %v longer, want whole seconds and 1 to 3 s longer", ttl, got, late)
			}
			record, err := b.Read(t.Context(), token)
			if err != nil || record.TTL < ttl || record.TTL > ttl+time.Millisecond {
				t.Errorf("a TTL of %v: Read returns %v, %v", ttl, record.TTL, err)
			}
		}
		if _, err := b.Write(t.Context(), token, backends.Record{Data: []byte("x"), TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if found, err := b.Exists(t.Context(), token); err != nil || found {
			t.Errorf("Exists: %v, %v, but the record has expired", found, err)
		}
	})
}

// TestCorrupt: a value that was cut is an error, and not an absent session.
func TestCorrupt(t *testing.T) {
	store := newMapStore()
	b := scs.New(store, nil)
	for _, id := range []string{token, "another"} {
		if _, err := b.Write(t.Context(), id, record("x")); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range store.values {
		id := key
		if key != token {
			id = "another"
		}
		for n := range value {
			store.values[key] = value[:n]
			_, err := b.Read(t.Context(), id)
			if err == nil || (n > 0) == errors.Is(err, backends.ErrNotFound) {
				t.Errorf("Read of %d of %d bytes: %v", n, len(value), err)
			}
		}
		store.values[key] = append([]byte{0, 'x'}, value[2:]...)
		if _, err := b.Read(t.Context(), id); err == nil || errors.Is(err, backends.ErrNotFound) {
			t.Errorf("Read of another kind of value: %v", err)
		}
	}
}
