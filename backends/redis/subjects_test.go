package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/services"
)

// lists checks which sessions subject has, by list and by count.
func (p place) lists(t *testing.T, subject string, want ...string) {
	t.Helper()
	list, err := p.ListSubject(t.Context(), subject)
	if err != nil {
		t.Errorf("ListSubject: %v", err)
	}
	var got []string
	for _, s := range list {
		got = append(got, s.ID)
		if s.Record.Subject != subject || string(s.Record.Data) != "data of "+s.ID || s.Record.TTL <= 0 || s.Record.TTL > time.Hour {
			t.Errorf("ListSubject: %s has %+v", s.ID, s.Record)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("ListSubject: %v, want %v", got, want)
	}
}

// index returns the raw index of subject.
func (p place) index(t *testing.T) (key string, entries []goredis.Z) {
	t.Helper()
	keys := p.raw.Keys(t.Context(), "subjects:"+p.prefix+"*").Val()
	if len(keys) > 1 {
		t.Fatalf("%d indexes, want one", len(keys))
	}
	if len(keys) == 0 {
		return "", nil
	}
	return keys[0], p.raw.ZRangeWithScores(t.Context(), keys[0], 0, -1).Val()
}

func TestSubjects(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		p.lists(t, "alice")
		if n, err := p.RevokeSubject(ctx, "alice", ""); n != 0 || err != nil {
			t.Errorf("RevokeSubject of nobody: %d, %v", n, err)
		}
		for _, id := range []string{"a1", "a2", "a3"} {
			p.create(t, id, owned("data of "+id, "alice"))
		}
		if _, err := p.Write(ctx, "a4", owned("data of a4", "alice")); err != nil {
			t.Error(err)
		}
		p.create(t, "b1", owned("data of b1", "bob"))
		p.create(t, "n1", record("data of n1"))
		p.lists(t, "alice", "a1", "a2", "a3", "a4")
		p.lists(t, "bob", "b1")

		// A session gets an owner, another one, and none.
		swap := func(id, subject string) {
			t.Helper()
			data := []byte("data of " + id)
			if err := p.Swap(ctx, id, data, backends.Record{Data: data, TTL: time.Hour, Subject: subject}); err != nil {
				t.Errorf("Swap to %q: %v", subject, err)
			}
		}
		swap("n1", "alice")
		p.lists(t, "alice", "a1", "a2", "a3", "a4", "n1")
		swap("n1", "bob")
		p.lists(t, "alice", "a1", "a2", "a3", "a4")
		p.lists(t, "bob", "b1", "n1")
		swap("n1", "")
		p.lists(t, "bob", "b1")
		swap("n1", "bob")

		if err := p.Remove(ctx, "a3"); err != nil {
			t.Error(err)
		}
		p.lists(t, "alice", "a1", "a2", "a4")
		if n, err := p.RevokeSubject(ctx, "alice", "a2"); n != 2 || err != nil {
			t.Errorf("RevokeSubject but one: %d, %v; want 2", n, err)
		}
		p.lists(t, "alice", "a2")
		p.holds(t, "a1", "")
		p.lists(t, "bob", "b1", "n1")
		if n, err := p.RevokeSubject(ctx, "bob", ""); n != 2 || err != nil {
			t.Errorf("RevokeSubject: %d, %v; want 2", n, err)
		}
		p.lists(t, "bob")
		p.lists(t, "alice", "a2")
	})
}

func TestManySessionsOfOneSubject(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		var want []string
		for i := range 600 {
			id := fmt.Sprintf("id%d", i)
			want = append(want, id)
			p.create(t, id, owned("data of "+id, "alice"))
		}
		p.lists(t, "alice", want...)
		if n, err := p.RevokeSubject(t.Context(), "alice", "id300"); n != 599 || err != nil {
			t.Errorf("RevokeSubject: %d, %v; want 599", n, err)
		}
		p.lists(t, "alice", "id300")
	})
}

// TestSubjectNames: a name is anything, and the server gets to see none.
func TestSubjectNames(t *testing.T) {
	p := at(t, services.Redis(t))
	for _, name := range []string{"", " ", "a b", "{x}", "ü\x00", "*", "alice@example.org"} {
		if name != "" {
			p.create(t, "id", owned("data of id", name))
			p.lists(t, name, "id")
			if key, _ := p.index(t); len(key) != len("subjects:"+p.prefix)+43 {
				t.Errorf("the index of %q is %q, want a hash of fixed length", name, key)
			}
		} else {
			p.lists(t, name)
		}
		if _, err := p.RevokeSubject(t.Context(), name, ""); err != nil {
			t.Error(err)
		}
		p.raw.Del(t.Context(), p.raw.Keys(t.Context(), "subjects:"+p.prefix+"*").Val()...)
	}
}

// TestR30_IndexComesFirst: the record's own step fails or is lost: the entry is
// there already.
func TestR30_IndexComesFirst(t *testing.T) {
	server := miniredis.RunT(t)
	p := at(t, "redis://"+server.Addr())
	ctx := t.Context()
	server.Server().SetPreHook(denies("SET", 0))
	if err := p.Swap(ctx, "id", nil, owned("data of id", "alice")); err == nil {
		t.Fatal("create while SET fails: no error")
	}
	server.Server().SetPreHook(nil)
	if _, entries := p.index(t); len(entries) != 1 {
		t.Fatalf("%d entries after a crash before the record, want 1", len(entries))
	}
	p.lists(t, "alice")

	// The index's step fails: there is no record.
	server.Server().SetPreHook(denies("EVALSHA", 0))
	for _, old := range [][]byte{nil, []byte("data of id")} {
		if err := p.Swap(ctx, "id", old, owned("data of id", "alice")); err == nil {
			t.Error("Swap while the index fails: no error")
		}
	}
	if _, err := p.Write(ctx, "id", owned("data of id", "alice")); err == nil {
		t.Error("Write while the index fails: no error")
	}
	server.Server().SetPreHook(nil)
	p.holds(t, "id", "")
}

// TestEntryOfARecordOnTheWay: a call that looks while a login is between its
// two writes must not remove the entry: the record would never be found again.
func TestEntryOfARecordOnTheWay(t *testing.T) {
	for _, look := range []string{"list", "revoke"} {
		t.Run(look, func(t *testing.T) {
			server := miniredis.RunT(t)
			now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
			server.SetTime(now)
			p := at(t, "redis://"+server.Addr())
			ctx := t.Context()
			server.Server().SetPreHook(denies("SET", 0))
			_ = p.Swap(ctx, "id", nil, owned("data of id", "alice"))
			server.Server().SetPreHook(nil)

			for _, age := range []time.Duration{0, time.Second, 5 * time.Minute, 10 * time.Minute} {
				server.SetTime(now.Add(age))
				p.look(t, look)
				if _, entries := p.index(t); len(entries) != 1 {
					t.Fatalf("the entry was dropped after %v", age)
				}
			}
			server.SetTime(now.Add(-time.Hour))
			p.look(t, look)
			if _, entries := p.index(t); len(entries) != 1 {
				t.Fatal("the entry was dropped after the clock was set back")
			}
			server.SetTime(now.Add(12 * time.Minute))
			p.look(t, look)
			if _, entries := p.index(t); len(entries) != 0 {
				t.Error("the entry of a record that never came was not dropped after 12 minutes")
			}
		})
	}
}

func (p place) look(t *testing.T, how string) {
	t.Helper()
	var err error
	switch how {
	case "list":
		_, err = p.ListSubject(t.Context(), "alice")
	case "revoke":
		_, err = p.RevokeSubject(t.Context(), "alice", "")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestEntryIsYoungAgain: a session that is renewed in the index counts its age
// anew.
func TestEntryIsYoungAgain(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	server.SetTime(now)
	p := at(t, "redis://"+server.Addr())
	p.create(t, "id", owned("data of id", "alice"))
	if err := p.Swap(t.Context(), "id", []byte("data of id"), owned("data of id", "bob")); err != nil {
		t.Fatal(err)
	}
	server.SetTime(now.Add(20 * time.Minute))
	// It goes back to alice, but only her index gets to know.
	server.Server().SetPreHook(denies("EVALSHA", 2))
	if err := p.Swap(t.Context(), "id", []byte("data of id"), owned("data of id", "alice")); err == nil {
		t.Fatal("the third EVALSHA did not fail")
	}
	server.Server().SetPreHook(nil)
	p.look(t, "list")
	if n := len(p.raw.Keys(t.Context(), "subjects:*").Val()); n != 2 {
		t.Errorf("%d indexes, want alice's and bob's: an entry on the way was dropped", n)
	}
	server.SetTime(now.Add(40 * time.Minute))
	p.look(t, "list")
	if n := len(p.raw.Keys(t.Context(), "subjects:*").Val()); n != 1 {
		t.Errorf("%d indexes, want bob's: an old entry of another's session was kept", n)
	}
}

// TestR30_IndexPrunesItself: an index holds nothing that is over, and ends with
// its last session.
func TestR30_IndexPrunesItself(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	server.SetTime(now)
	p := at(t, "redis://"+server.Addr())
	for i := range 100 { // a login a day, and nobody ever looks
		server.SetTime(now.Add(time.Duration(i) * 24 * time.Hour))
		id := fmt.Sprintf("id%d", i)
		r := owned("data of "+id, "alice")
		r.MaxTTL = 14 * 24 * time.Hour
		p.create(t, id, r)
		if _, entries := p.index(t); len(entries) > 15 {
			t.Fatalf("%d entries after %d days, want at most 15", len(entries), i)
		}
	}
	key, entries := p.index(t)
	ends := now.Add(99*24*time.Hour + 14*24*time.Hour + 10*time.Minute)
	if got := time.Unix(int64(entries[len(entries)-1].Score), 0); !got.Equal(ends) {
		t.Errorf("the last entry ends %v, want %v", got.UTC(), ends)
	}
	if ttl := server.TTL(key); ttl < 14*24*time.Hour || ttl > 14*24*time.Hour+11*time.Minute {
		t.Errorf("the index lives for %v, want as long as its last session", ttl)
	}
}

// TestEntryOutlivesIdleTimeouts: the entry lives as long as the session can,
// not as long as it would live if nobody touched it.
func TestEntryOutlivesIdleTimeouts(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings backends.Settings
		maxTTL   time.Duration
		want     time.Duration
	}{
		{"as the record says", backends.Settings{Lifetime: time.Hour, IdleTimeout: time.Minute}, 48 * time.Hour, 48 * time.Hour},
		{"as configured", backends.Settings{Lifetime: 24 * time.Hour, IdleTimeout: time.Minute}, 0, 24 * time.Hour},
		{"the TTL", backends.Settings{}, 0, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := at(t, services.Redis(t))
			b, err := p.Bind(tt.settings)
			if err != nil {
				t.Fatal(err)
			}
			r := owned("x", "alice")
			r.MaxTTL = tt.maxTTL
			if err := backends.Swap(t.Context(), b, "id", nil, r); err != nil {
				t.Fatal(err)
			}
			_, entries := p.index(t)
			if left := time.Until(time.Unix(int64(entries[0].Score), 0)) - 10*time.Minute; left > tt.want+time.Minute || left < tt.want-time.Minute {
				t.Errorf("the entry lives for %v, want %v", left, tt.want)
			}
		})
	}
}

// TestLaterDeadline: a later deadline is filed, at the price of two commands;
// the same one is not.
func TestLaterDeadline(t *testing.T) {
	p := at(t, services.Redis(t))
	ctx := t.Context()
	r := owned("one", "alice")
	r.MaxTTL = 24 * time.Hour
	p.create(t, "id", r)
	_, before := p.index(t)
	r.Data, r.MaxTTL = []byte("two"), 24*time.Hour+5*time.Second // clocks differ
	if err := p.Swap(ctx, "id", []byte("one"), r); err != nil {
		t.Fatal(err)
	}
	if _, after := p.index(t); after[0] != before[0] {
		t.Errorf("the entry went from %v to %v without need", before, after)
	}
	r.Data, r.MaxTTL = []byte("three"), 48*time.Hour
	if err := p.Swap(ctx, "id", []byte("two"), r); err != nil {
		t.Fatal(err)
	}
	if _, after := p.index(t); after[0].Score-before[0].Score < 23*3600 {
		t.Errorf("the entry went from %v to %v, want a day more", before, after)
	}
	r.Data, r.MaxTTL = []byte("four"), time.Hour // an earlier one changes nothing
	if err := p.Swap(ctx, "id", []byte("three"), r); err != nil {
		t.Fatal(err)
	}
	if _, after := p.index(t); after[0].Score-before[0].Score < 23*3600 {
		t.Errorf("the entry went back to %v", after)
	}
	p.holds(t, "id", "four")
}

// TestOwnerAgainstTheOdds: another request changes or ends a session between
// two attempts to give it an owner.
func TestOwnerAgainstTheOdds(t *testing.T) {
	p := at(t, services.Redis(t))
	ctx := t.Context()
	if err := p.Swap(ctx, "id", []byte("x"), owned("y", "alice")); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Swap of nothing: %v, want ErrNotFound", err)
	}
	p.create(t, "id", record("x"))
	if err := p.Swap(ctx, "id", []byte("other"), owned("y", "alice")); !errors.Is(err, backends.ErrConflict) {
		t.Errorf("Swap of other data: %v, want ErrConflict", err)
	}
	if _, entries := p.index(t); len(entries) != 0 {
		t.Errorf("%d entries for what was not stored", len(entries))
	}
}

// TestEntryIsNotCutShort: an entry is never cut short: the write that was to
// follow may fail, and leave a record that lives longer.
func TestEntryIsNotCutShort(t *testing.T) {
	server := miniredis.RunT(t)
	p := at(t, "redis://"+server.Addr())
	r := owned("data of id", "alice")
	r.MaxTTL = 48 * time.Hour
	p.create(t, "id", r)
	_, before := p.index(t)
	server.Server().SetPreHook(denies("SET", 0))
	if _, err := p.Write(t.Context(), "id", owned("x", "alice")); err == nil {
		t.Fatal("Write while SET fails: no error")
	}
	server.Server().SetPreHook(nil)
	if _, after := p.index(t); int64(after[0].Score) < int64(before[0].Score) {
		t.Errorf("the entry ends at %.0f, want %.0f", after[0].Score, before[0].Score)
	}
	p.lists(t, "alice", "id")
}
