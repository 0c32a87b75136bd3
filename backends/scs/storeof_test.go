package scs_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/backends/scs"
)

func TestStoreOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := memory.New(nil)
		store := storeOf(t, backend)
		if _, found, err := store.Find(token); found || err != nil {
			t.Errorf("Find before Commit: %v, %v", found, err)
		}
		if err := store.Commit(token, []byte("data"), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if data, found, err := store.Find(token); string(data) != "data" || !found || err != nil {
			t.Errorf("Find: %q, %v, %v", data, found, err)
		}
		time.Sleep(time.Hour)
		if _, found, err := store.Find(token); found || err != nil {
			t.Errorf("Find after the expiry: %v, %v", found, err)
		}
		// Sessions of this module are not scs's, in either direction.
		if _, err := backend.Write(t.Context(), token, record("ours")); err != nil {
			t.Fatal(err)
		}
		if _, found, err := store.Find(token); found || err != nil {
			t.Errorf("Find of an ID of this module: %v, %v", found, err)
		}
		for _, expiry := range []time.Duration{time.Hour, 0, -time.Hour} {
			if err := store.CommitCtx(t.Context(), "other", []byte("data"), time.Now().Add(expiry)); err != nil {
				t.Fatal(err)
			}
			if _, found, err := store.FindCtx(t.Context(), "other"); found != (expiry > 0) || err != nil {
				t.Errorf("Find after a Commit for %v: %v, %v", expiry, found, err)
			}
		}
		if err := store.Commit("listed", []byte("data"), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		all, err := store.(scs.IterableStore).All()
		if err != nil || len(all) != 1 || string(all["listed"]) != "data" {
			t.Errorf("All: %q, %v, want what scs stored and nothing of this module", all, err)
		}
		if err := store.Delete("listed"); err != nil {
			t.Error(err)
		}
		if all, err := store.(scs.IterableStore).All(); err != nil || all == nil || len(all) != 0 {
			t.Errorf("All of nothing: %v, %v, want an empty map", all, err)
		}
	})
}

// TestTokens: a cookie may contain anything, and what cannot be a token is absent.
func TestTokens(t *testing.T) {
	store := storeOf(t, nil)
	for _, token := range []string{"", "a b", "\x00", "é", "a\n", strings.Repeat("x", 4093)} {
		if _, found, err := store.Find(token); found || err != nil {
			t.Errorf("Find of a token of %d bytes: %v, %v", len(token), found, err)
		}
		if err := store.Delete(token); err != nil {
			t.Errorf("Delete of a token of %d bytes: %v", len(token), err)
		}
		if err := store.Commit(token, []byte("x"), time.Now().Add(time.Hour)); err == nil {
			t.Errorf("Commit of a token of %d bytes: no error", len(token))
		}
	}
	long := strings.Repeat("x", 4092)
	if err := store.Commit(long, []byte("x"), time.Now().Add(time.Hour)); err != nil {
		t.Errorf("Commit of a token of 4092 bytes: %v", err)
	}
}

func TestStoreOfRefuses(t *testing.T) {
	shared := redis.FlaskSession(nil, nil)
	for name, tt := range map[string]struct {
		backend backends.Backend
		want    string
	}{
		"nil":           {nil, "nil"},
		"typed nil":     {(*memory.Backend)(nil), "nil"},
		"zero":          {new(memory.Backend), "zero value"},
		"misconfigured": {memory.New(&memory.Options{MaxSessions: -1}), "MaxSessions"},
		"stateless":     {cookie.New(cookie.Flask(rand.Text())), "tokens"},
		"shared":        {describing{shared, backends.Describe(shared)}, "framework"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := scs.StoreOf(tt.backend); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("StoreOf: %v, want one about %s", err, tt.want)
			}
		})
	}
}

// describing is a backend that is in order.
type describing struct {
	backends.Backend
	facts backends.Facts
}

func (d describing) Describe() backends.Facts {
	d.facts.Err = nil
	return d.facts
}

// TestStoreOfFails: a failure is not an absent session.
func TestStoreOfFails(t *testing.T) {
	down := errors.New("down")
	store := storeOf(t, scs.New(failingStore{newMapStore(), down}, nil))
	if _, ok := store.(scs.IterableStore); ok {
		t.Error("the store lists, and its backend cannot walk")
	}
	_, found, find := store.Find(token)
	if found {
		t.Error("Find: true")
	}
	for name, err := range map[string]error{
		"Find": find, "Commit": store.Commit(token, []byte("x"), time.Now().Add(time.Hour)), "Delete": store.Delete(token),
	} {
		if !errors.Is(err, down) {
			t.Errorf("%s: %v, want the backend's error", name, err)
		}
	}
}

type failingStore struct {
	*mapStore
	err error
}

func (s failingStore) Find(string) ([]byte, bool, error)      { return nil, false, s.err }
func (s failingStore) Commit(string, []byte, time.Time) error { return s.err }
func (s failingStore) Delete(string) error                    { return s.err }
