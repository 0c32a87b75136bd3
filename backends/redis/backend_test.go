package redis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

func TestFourMethods(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		p.holds(t, "a", "")
		if err := p.Remove(ctx, "a"); err != nil {
			t.Errorf("Remove of nothing: %v", err)
		}
		for _, data := range []string{"x", "\xffdata", "\xff\x01data", "\xff\x00", "\xff", "a\x00b\r\n", strings.Repeat("long", 1<<16)} {
			id, err := p.Write(ctx, "a", record(data))
			if id != "a" || err != nil {
				t.Errorf("Write: %q, %v", id, err)
			}
			p.holds(t, "a", data)
		}
		if found, err := p.Exists(ctx, "a"); !found || err != nil {
			t.Errorf("Exists: %v, %v; want true", found, err)
		}
		if err := p.Remove(ctx, "a"); err != nil {
			t.Errorf("Remove: %v", err)
		}
		if found, err := p.Exists(ctx, "a"); found || err != nil {
			t.Errorf("Exists after Remove: %v, %v; want false", found, err)
		}
		p.holds(t, "a", "")
	})
}

// TestPlainValues: the value is the record's own data: nothing is in front of
// it unless it has an owner or would be mistaken.
func TestPlainValues(t *testing.T) {
	p := at(t, services.Redis(t))
	p.create(t, "a", record(`{"k":1}`))
	if got, err := p.raw.Get(t.Context(), p.prefix+"a").Result(); got != `{"k":1}` || err != nil {
		t.Errorf("stored %q, %v; want the data as it is", got, err)
	}
}

func TestSwap(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		for _, subject := range []string{"", "alice"} {
			for _, first := range []string{"one", "\xffone", "\xff\x01one"} {
				id := services.Unique("id")
				one := backends.Record{Data: []byte(first), TTL: time.Hour, Subject: subject}
				two := backends.Record{Data: []byte("\xfftwo"), TTL: time.Hour, Subject: subject}
				for _, step := range []struct {
					name string
					old  []byte
					new  backends.Record
					want error
					left string
				}{
					{"replace nothing", one.Data, two, backends.ErrNotFound, ""},
					{"remove nothing", one.Data, backends.Record{}, backends.ErrNotFound, ""},
					{"create", nil, one, nil, first},
					{"create again", nil, two, backends.ErrConflict, first},
					{"replace other", []byte("other"), two, backends.ErrConflict, first},
					{"replace with a prefix", []byte(first[:2]), two, backends.ErrConflict, first},
					{"remove other", []byte("other"), backends.Record{}, backends.ErrConflict, first},
					{"replace", one.Data, two, nil, "\xfftwo"},
					{"replace again", one.Data, two, backends.ErrConflict, "\xfftwo"},
					{"give up the owner", two.Data, record("mine"), nil, "mine"},
					{"get one", []byte("mine"), two, nil, "\xfftwo"},
					{"remove", two.Data, backends.Record{}, nil, ""},
				} {
					if err := p.Swap(ctx, id, step.old, step.new); !errors.Is(err, step.want) || step.want == nil && err != nil {
						t.Errorf("%q, subject %q: %s: %v, want %v", first, subject, step.name, err, step.want)
					}
					p.holds(t, id, step.left)
				}
			}
		}
	})
}

func TestLife(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		left := func(want time.Duration) {
			t.Helper()
			got, err := p.raw.PTTL(ctx, p.prefix+"a").Result()
			if err != nil || got > want || got < want-time.Minute {
				t.Errorf("lives for %v, %v; want %v", got, err, want)
			}
		}
		bound, err := p.Bind(backends.Settings{IdleTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		p.create(t, "a", record("x"))
		left(time.Hour)
		if r, err := bound.Read(ctx, "a"); err != nil || string(r.Data) != "x" || r.TTL > time.Hour || r.TTL < time.Hour-time.Minute {
			t.Errorf("Read with an idle timeout: %q, %v, %v; want an hour", r.Data, r.TTL, err)
		}
		if _, err := bound.Read(ctx, "absent"); !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("Read of nothing: %v, want ErrNotFound", err)
		}
		if _, err := p.Write(ctx, "a", backends.Record{Data: []byte("y"), TTL: 3 * time.Hour}); err != nil {
			t.Error(err)
		}
		left(3 * time.Hour)
		if err := p.Swap(ctx, "a", []byte("y"), backends.Record{Data: []byte("z"), TTL: 2 * time.Hour}); err != nil {
			t.Error(err)
		}
		left(2 * time.Hour)
		if id, err := p.Touch(ctx, "a", 5*time.Hour); id != "a" || err != nil {
			t.Errorf("Touch: %q, %v", id, err)
		}
		left(5 * time.Hour)
		if _, err := p.Touch(ctx, "absent", time.Hour); !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("Touch of nothing: %v, want ErrNotFound", err)
		}
		p.holds(t, "absent", "")

		// A millisecond is the shortest life that Redis knows.
		if _, err := p.Write(ctx, "a", backends.Record{Data: []byte("x"), TTL: 1}); err != nil {
			t.Errorf("Write for a nanosecond: %v", err)
		}
		if got := p.raw.PTTL(ctx, p.prefix+"a").Val(); got > time.Millisecond {
			t.Errorf("lives for %v, want at most a millisecond", got)
		}

		// Another program removed the expiry: an unlimited TTL reads as 0.
		p.raw.Set(ctx, p.prefix+"a", "x", 0)
		if r, err := bound.Read(ctx, "a"); err != nil || r.TTL != 0 {
			t.Errorf("Read of an immortal: %v, %v; want TTL 0", r.TTL, err)
		}
	})
}

func TestExpired(t *testing.T) {
	server := miniredis.RunT(t)
	p := at(t, "redis://"+server.Addr())
	ctx := t.Context()
	p.create(t, "a", owned("x", "alice"))
	server.FastForward(time.Hour)
	p.holds(t, "a", "")
	if err := p.Swap(ctx, "a", []byte("x"), record("y")); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Swap: %v, want ErrNotFound", err)
	}
	if _, err := p.Touch(ctx, "a", time.Hour); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Touch: %v, want ErrNotFound", err)
	}
	if n := count(t, p, "alice"); n != 0 {
		t.Errorf("ListSubject: %d records; want 0", n)
	}
}

func TestRefusedRecords(t *testing.T) {
	p := at(t, services.Redis(t))
	ctx := t.Context()
	p.create(t, "a", record("x"))
	for _, bad := range []backends.Record{
		{TTL: time.Hour},
		{TTL: time.Hour, Subject: "alice"},
		{Data: []byte("y")},
		{Data: []byte("y"), TTL: -1, Subject: "alice"},
	} {
		if _, err := p.Write(ctx, "a", bad); err == nil {
			t.Errorf("Write of %+v: no error", bad)
		}
		if bad.Data == nil {
			continue // Swap removes
		}
		if err := p.Swap(ctx, "a", []byte("x"), bad); err == nil {
			t.Errorf("Swap to %+v: no error", bad)
		}
	}
	if err := p.Swap(ctx, "b", nil, backends.Record{TTL: time.Hour}); err == nil {
		t.Error("creating nothing: no error")
	}
	for _, ttl := range []time.Duration{0, -time.Second} {
		if _, err := p.Touch(ctx, "a", ttl); err == nil {
			t.Errorf("Touch for %v: no error", ttl)
		}
	}
	p.holds(t, "a", "x")
}

// TestFailures: every failure of the server comes through as it is, with no ID,
// key or data.
func TestFailures(t *testing.T) {
	const id, data = "very-secret-id", "very-secret-data"
	operations := map[string]func(ctx context.Context, p place) error{
		"Read":   func(ctx context.Context, p place) error { _, err := p.Read(ctx, id); return err },
		"Fresh":  func(ctx context.Context, p place) error { _, err := p.ReadFresh(ctx, id); return err },
		"Write":  func(ctx context.Context, p place) error { _, err := p.Write(ctx, id, record(data)); return err },
		"Remove": func(ctx context.Context, p place) error { return p.Remove(ctx, id) },
		"Exists": func(ctx context.Context, p place) error { _, err := p.Exists(ctx, id); return err },
		"Touch":  func(ctx context.Context, p place) error { _, err := p.Touch(ctx, id, time.Hour); return err },
		"create": func(ctx context.Context, p place) error { return p.Swap(ctx, id, nil, record(data)) },
		"swap":   func(ctx context.Context, p place) error { return p.Swap(ctx, id, []byte("x"), record(data)) },
		"own":    func(ctx context.Context, p place) error { return p.Swap(ctx, id, nil, owned(data, "alice")) },
		"disown": func(ctx context.Context, p place) error { return p.Swap(ctx, id, []byte("x"), backends.Record{}) },
		"list":   func(ctx context.Context, p place) error { _, err := p.ListSubject(ctx, "alice"); return err },
		"revoke": func(ctx context.Context, p place) error { _, err := p.RevokeSubject(ctx, "alice", ""); return err },
		"walk": func(ctx context.Context, p place) error {
			return p.Walk(ctx, func(backends.Entry) error { return nil })
		},
		"bound read": func(ctx context.Context, p place) error {
			b, _ := p.Bind(backends.Settings{IdleTimeout: time.Minute})
			_, err := b.Read(ctx, id)
			return err
		},
	}
	check := func(t *testing.T, p place, ctx context.Context, want string) {
		t.Helper()
		for name, do := range operations {
			err := do(ctx, p)
			switch {
			case err == nil:
				t.Errorf("%s: no error", name)
			case errors.Is(err, backends.ErrNotFound), errors.Is(err, backends.ErrConflict):
				t.Errorf("%s: %v, which is an answer and no failure", name, err)
			case !strings.Contains(err.Error(), want):
				t.Errorf("%s: %q, want the server's %q", name, err, want)
			case strings.Contains(err.Error(), "very-secret"):
				t.Errorf("%s: %q gives away what is stored", name, err)
			}
		}
	}
	t.Run("answer", func(t *testing.T) {
		server := miniredis.RunT(t)
		p := at(t, "redis://"+server.Addr())
		p.holds(t, id, "")
		server.SetError("OOM command not allowed")
		check(t, p, t.Context(), "OOM")
	})
	t.Run("gone", func(t *testing.T) {
		server := miniredis.RunT(t)
		p := at(t, "redis://"+server.Addr())
		p.holds(t, id, "")
		server.Close()
		check(t, p, t.Context(), "")
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		check(t, at(t, services.Redis(t)), ctx, context.Canceled.Error())
	})
	t.Run("wrong type", func(t *testing.T) {
		p := at(t, services.Redis(t))
		p.raw.RPush(t.Context(), p.prefix+id, "a list of "+data)
		for _, name := range []string{"Read", "swap", "bound read"} {
			err := operations[name](t.Context(), p)
			if err == nil || errors.Is(err, backends.ErrNotFound) || strings.Contains(err.Error(), "very-secret") {
				t.Errorf("%s: %v, want the server's error", name, err)
			}
		}
	})
}

func TestAbilities(t *testing.T) {
	got := backends.Abilities(redis.New(nil, nil))
	want := []backends.Ability{backends.CanSwap, backends.CanTouch, backends.CanSubjects, backends.CanWalk}
	if len(got) != len(want) {
		t.Fatalf("abilities %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("abilities %v, want %v", got, want)
		}
	}
}

// TestPATH3_OtherKeys: neither an application's own keys in the same database
// nor sessions under another prefix are read as sessions.
func TestPATH3_OtherKeys(t *testing.T) {
	p := at(t, services.Redis(t))
	ctx := t.Context()
	other := at(t, services.Redis(t))
	id := services.Unique("id")
	p.raw.Set(ctx, id, "application", time.Minute)
	other.create(t, id, record("other"))
	p.holds(t, id, "")
	if found, err := p.Exists(ctx, id); found || err != nil {
		t.Errorf("Exists: %v, %v; want false", found, err)
	}
	if err := p.Remove(ctx, id); err != nil {
		t.Error(err)
	}
	p.create(t, id, owned("mine", "alice"))
	other.holds(t, id, "other")
	if list, err := other.ListSubject(ctx, "alice"); len(list) != 0 || err != nil {
		t.Errorf("ListSubject: %d sessions of another prefix, %v", len(list), err)
	}
	if got := p.raw.Get(ctx, id).Val(); got != "application" {
		t.Errorf("the application's key holds %q", got)
	}
	p.raw.Del(ctx, id)

	// No ID leads to an index.
	for key := range strings.SplitSeq(strings.Join(p.raw.Keys(ctx, "subjects:"+p.prefix+"*").Val(), " "), " ") {
		if strings.HasPrefix(key, p.prefix) {
			t.Errorf("an ID reaches the index %s", key)
		}
	}
}
