package sessions_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// TestRevocableCache: for as long as an answer counts, another process accepts
// what has ended. What it issues until then ends with it.
func TestRevocableCache(t *testing.T) {
	for name, codec := range revocableCodecs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.New(nil)
				defer store.Close()
				f := newFleet(t, codec, store, &cookie.RevocationOptions{CacheFor: 3 * time.Second})
				c := f.visitor(t)
				cookies := c.copies()
				f.want(t, "ada", "before", cookies)
				time.Sleep(time.Second)
				c.get("/logout")
				if got := f.who(t, 0, cookies); got != "" {
					t.Errorf("where it was ended: %q", got)
				}
				time.Sleep(2*time.Second - time.Nanosecond)
				elsewhere := newClient(t, f.handlers[1])
				elsewhere.keep(elsewhere.do("/visit", cookies))
				if got := f.who(t, 1, elsewhere.copies()); got != "ada" {
					t.Errorf("elsewhere, within the time: %q", got)
				}
				time.Sleep(time.Nanosecond)
				f.want(t, "", "after the time", cookies)
				f.want(t, "", "after the time, what was issued elsewhere", elsewhere.copies())
			})
		})
	}
}

// TestRevocableLoginElsewhere: a login after "log out everywhere" lives, also
// where nobody was told of that yet.
func TestRevocableLoginElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		defer store.Close()
		f := newFleet(t, cookie.Encrypted(secret), store, nil)
		c := f.visitor(t)
		f.want(t, "ada", "before", c.copies()) // known to both
		c.get("/everywhere")
		elsewhere := newClient(t, f.handlers[1])
		elsewhere.get("/bind")
		f.want(t, "ada", "at once", elsewhere.copies())
		time.Sleep(time.Minute)
		f.want(t, "ada", "later", elsewhere.copies())
	})
}

// TestRevocableSlowAnswer: an answer of the store that was on its way during a
// logout is not believed.
func TestRevocableSlowAnswer(t *testing.T) {
	var during func()
	store := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		err := next(ctx)
		if f := during; f != nil && op == backends.OpRead {
			during = nil
			f()
		}
		return err
	})
	for end, reads := range map[string]int{"/logout": 1, "/everywhere": 2} { // the session's entry is read first, the owner's second
		f := newFleet(t, cookie.Encrypted(secret), store, nil)
		c := f.visitor(t)
		c.handler, f.first = f.handlers[1], f.mw[1] // which knows nothing yet
		cookies := c.copies()
		var hold func()
		hold = func() {
			if reads--; reads > 0 {
				during = hold
				return
			}
			if response := c.get(end); response.StatusCode != 200 {
				t.Errorf("%s: status %d", end, response.StatusCode)
			}
		}
		during = hold
		f.who(t, 1, cookies)
		if reads > 0 {
			t.Fatalf("%s: too little was read", end)
		}
		if got := f.who(t, 1, cookies); got != "" {
			t.Errorf("after %s: %q", end, got)
		}
	}
}

// TestRevocableWarmRequests: a request whose answers are at hand asks no store,
// whether it reads or writes.
func TestRevocableWarmRequests(t *testing.T) {
	calls := map[backends.Op]int{}
	counting := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		calls[op]++
		return next(ctx)
	})
	f := newFleet(t, cookie.Encrypted(secret), counting, nil)
	c := f.visitor(t)
	c.get("/who")
	clear(calls)
	for range 5 {
		c.get("/who")
		c.get("/visit")
	}
	if len(calls) != 0 {
		t.Errorf("10 warm requests asked the store: %v", calls)
	}
	f.who(t, 1, c.copies())
	if len(calls) != 1 || calls[backends.OpRead] != 2 {
		t.Errorf("a cold request asked the store: %v, want 2 reads", calls)
	}
}

// TestRevocableForgets: the store remembers for as long as a token may live,
// and forgets then.
func TestRevocableForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New(nil)
		defer store.Close()
		f := newFleet(t, cookie.Encrypted(secret), store, nil)
		c := f.visitor(t)
		if n := len(walk(t, store)); n != 0 {
			t.Errorf("%d records for a session that lives", n)
		}
		c.get("/regenerate")
		c.get("/everywhere")
		entries := walk(t, store)
		if len(entries) != 2 {
			t.Errorf("%d records, want 2", len(entries))
		}
		const lifetime = 14 * 24 * time.Hour
		for _, e := range entries {
			if most := lifetime + 5*time.Second + time.Minute; e.Record.TTL < lifetime || e.Record.TTL > most {
				t.Errorf("a record lives for %v, want %v", e.Record.TTL, most)
			}
			if strings.Contains(string(e.Record.Data)+e.ID, f.owner) {
				t.Error("a record shows its owner")
			}
		}
		time.Sleep(lifetime + 5*time.Second + time.Minute)
		if n := len(walk(t, store)); n != 0 {
			t.Errorf("%d records are left", n)
		}
	})
}
