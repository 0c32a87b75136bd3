package redis_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/services"
)

// commands returns how often the server ran each command, those of scripts
// included.
func commands(t testing.TB, server *services.RedisNode) map[string]int {
	t.Helper()
	answer, err := server.Do("INFO", "commandstats")
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for line := range strings.Lines(answer.(string)) {
		var calls int
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":")
		if _, err := fmt.Sscanf(rest, "calls=%d,", &calls); err == nil {
			counts[name] = calls
		}
	}
	return counts
}

// ran returns what the server ran because of do.
func ran(t testing.TB, server *services.RedisNode, do func()) map[string]int {
	t.Helper()
	before := commands(t, server)
	do()
	after := commands(t, server)
	for name, n := range before {
		if after[name] -= n; after[name] == 0 {
			delete(after, name)
		}
	}
	delete(after, "info")
	return after
}

// commandsOf counts the words of text but for brackets.
func commandsOf(text string) map[string]int {
	counts := make(map[string]int)
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" []", r) }) {
		counts[name]++
	}
	return counts
}

// TestB6_Commands: what each operation costs, counted by the server. What a
// script runs is counted too: those commands are in brackets.
func TestB6_Commands(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	p := at(t, server.URL())
	idle, err := p.Bind(backends.Settings{IdleTimeout: time.Minute, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := p.Bind(backends.Settings{Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	r := func(data, subject string) backends.Record {
		return backends.Record{Data: []byte(data), TTL: time.Minute, MaxTTL: time.Hour, Subject: subject}
	}
	swap := func(b backends.Backend, id, old, data, subject string) func(context.Context) error {
		return func(ctx context.Context) error {
			var before []byte
			if old != "" {
				before = []byte(old)
			}
			return backends.Swap(ctx, b, id, before, r(data, subject))
		}
	}
	revoke := func(subject string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := backends.RevokeSubject(ctx, bare, subject, "")
			return err
		}
	}
	read := func(b backends.Backend) func(context.Context) error {
		return func(ctx context.Context) error { _, err := b.Read(ctx, "warm"); return err }
	}
	const (
		filed    = "evalsha [time zremrangebyscore zscore zadd zrange expireat]"
		reserved = "evalsha [time zremrangebyscore zrange zadd zscore zadd zrange expireat]"
		looked   = "zrange getrange getrange" // at warm and b
	)
	limited := r("1", "alice")
	limited.SubjectLimit = 2
	p.create(t, "warm", owned("x", "alice"))
	p.create(t, "other", record("x"))
	if err := swap(bare, "warm", "x", "x", "alice")(t.Context()); err != nil { // the server learns the scripts
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		do   func(context.Context) error
		want string
	}{
		{"read", read(bare), "get"},
		{"read with an idle timeout", read(idle), "get pttl"},
		{"create", swap(bare, "a", "", "1", ""), "set"},
		{"create with an owner", swap(bare, "b", "", "1", "alice"), filed + " set"},
		{"trim of no more than there may be", func(ctx context.Context) error {
			_, err := backends.TrimSubject(ctx, bare, "alice", 2, "b")
			return err
		}, looked},
		{"create with one owner too many", func(ctx context.Context) error {
			if err := backends.Swap(ctx, bare, "c", nil, limited); !errors.Is(err, backends.ErrSubjectLimit) {
				return fmt.Errorf("got %v, want ErrSubjectLimit", err)
			}
			return nil
		}, "evalsha [time zremrangebyscore zrange] " + looked},
		{"create with an owner within a limit", func(ctx context.Context) error {
			within := limited
			within.SubjectLimit = 3
			return backends.Swap(ctx, bare, "c", nil, within)
		}, reserved + " set zrem"},
		{"trim", func(ctx context.Context) error {
			_, err := backends.TrimSubject(ctx, bare, "alice", 2, "b")
			return err
		}, looked + " getrange evalsha [time zremrangebyscore zrange zadd] evalsha [getrange del]"},
		{"commit", swap(bare, "a", "1", "2", ""), "evalsha [get set]"},
		{"commit with an owner", swap(bare, "b", "1", "2", "alice"), "evalsha [get time set]"},
		{"commit with an owner and an idle timeout", swap(idle, "b", "2", "3", "alice"), "evalsha [get time set]"},
		{"commit of a first owner", swap(bare, "a", "2", "3", "alice"), "evalsha [get] " + filed + " evalsha [get set]"},
		{"commit without one", swap(bare, "a", "3", "4", ""), "evalsha [get set]"},
		{"removal of what was read", func(ctx context.Context) error {
			return backends.Swap(ctx, bare, "a", []byte("4"), backends.Record{})
		}, "evalsha [get del]"},
		{"touch", func(ctx context.Context) error {
			_, err := backends.Touch(ctx, idle, "b", time.Minute)
			return err
		}, "pexpire"},
		{"removal", func(ctx context.Context) error { return bare.Remove(ctx, "b") }, "del"},
		{"create a third", swap(bare, "d", "", "1", "bob"), filed + " set"},
		{"create a fourth", swap(bare, "e", "", "1", "bob"), filed + " set"},
		// Nothing that was filed is missing: nothing can have moved.
		{"revoke", revoke("bob"), "zrange evalsha [getrange del] evalsha [getrange del]"},
		// What is missing may have moved: that costs a second look, and a third at
		// the index.
		{"revoke what is gone", revoke("bob"), "zrange evalsha [getrange] evalsha [getrange] evalsha [time zscore zscore] zrange evalsha [getrange] evalsha [getrange] zrange"},
	} {
		got := ran(t, server, func() {
			if err := tt.do(t.Context()); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		})
		if want := commandsOf(tt.want); !maps.Equal(got, want) {
			t.Errorf("%s: the server ran %v, want %v", tt.name, got, want)
		}
	}
}

// TestF13_ScriptFlush: the server forgets the scripts.
func TestF13_ScriptFlush(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	p := at(t, server.URL())
	ctx := t.Context()
	flush := func() {
		t.Helper()
		if _, err := server.Do("SCRIPT", "FLUSH"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		id := fmt.Sprintf("id%d", i)
		flush()
		p.create(t, id, owned("1", "alice"))
		flush()
		if err := p.Swap(ctx, id, []byte("1"), owned("2", "alice")); err != nil {
			t.Errorf("Swap: %v", err)
		}
		flush()
		if err := p.Swap(ctx, id, []byte("2"), owned("data of "+id, "bob")); err != nil {
			t.Errorf("Swap to another owner: %v", err)
		}
		p.holds(t, id, "data of "+id)
	}
	flush()
	p.lists(t, "bob", "id0", "id1", "id2")
	flush()
	if n, err := p.RevokeSubject(ctx, "bob", "id1"); n != 2 || err != nil {
		t.Errorf("RevokeSubject: %d, %v; want 2", n, err)
	}
	flush()
	if err := p.Swap(ctx, "id1", []byte("data of id1"), backends.Record{}); err != nil {
		t.Errorf("removing: %v", err)
	}
	p.holds(t, "id1", "")
}

// TestF11_R31_Permissions: a user who may run what the package documents can do
// everything, and one who may not run scripts is told so at once.
func TestF11_R31_Permissions(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	acl := func(rules string) {
		t.Helper()
		if _, err := server.Do(append([]string{"ACL", "SETUSER", "app", "reset", "on", ">word"}, strings.Fields(rules)...)...); err != nil {
			t.Fatal(err)
		}
	}
	const (
		keys     = "~sessions:* ~subjects:sessions:* "
		values   = "+get +set +del +exists +pexpire +pttl +getrange "
		scripts  = "+evalsha +eval "
		index    = "+time +zadd +zscore +zrange +zrem +zremrangebyscore +expireat "
		optional = "+scan +select +hello +client"
	)
	url := strings.Replace(server.URL(), "redis://", "redis://app:word@", 1)
	for _, tt := range []struct {
		name, rules string
		want        string // in the error of Check, "" for none
	}{
		{"documented", keys + values + scripts + index, ""},
		{"with the optional ones", keys + values + scripts + index + optional, ""},
		{"no scripts", keys + values + index, "evalsha"},
		{"no index", keys + values + scripts, "may not run time, zadd, zscore, zrange, zrem, zremrangebyscore, expireat: grant +time +zadd"},
		{"a script without one command", keys + values + scripts + strings.Replace(index, "+zadd", "", 1), "may not run zadd: grant +zadd"},
		{"read only", keys + "+get +pttl", "evalsha"},
		{"other keys", "~other:* " + values + scripts + index, "key"},
		{"nothing", "", "perm"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			acl(tt.rules)
			b := open(t, url)
			err := b.Check(t.Context())
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Check: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(strings.ToLower(err.Error()), tt.want)):
				t.Errorf("Check: %v, want an error about %q", err, tt.want)
			}
			if answer, err := server.Do("KEYS", "sessions:*"); err != nil || len(answer.([]any)) != 0 {
				t.Errorf("Check left %v behind, %v", answer, err)
			}
			_, _ = server.Do("FLUSHALL")
		})
	}

	// With the rules that the documentation shows, every method works.
	acl(keys + values + scripts + index + optional)
	if _, err := server.Do("ACL", "LOG", "RESET"); err != nil {
		t.Fatal(err)
	}
	p := place{open(t, url), rawClient(t, server.URL()), "sessions:"}
	ctx := t.Context()
	p.create(t, "id", owned("data of id", "alice"))
	p.lists(t, "alice", "id")
	if _, err := p.Write(ctx, "id", owned("x", "bob")); err != nil {
		t.Error(err)
	}
	if err := p.Walk(ctx, func(backends.Entry) error { return nil }); err != nil {
		t.Error(err)
	}
	if n, err := p.RevokeSubject(ctx, "bob", ""); n != 1 || err != nil {
		t.Errorf("RevokeSubject: %d, %v", n, err)
	}
	if answer, err := server.Do("ACL", "LOG"); err != nil || len(answer.([]any)) != 0 {
		t.Errorf("denied: %v, %v", answer, err)
	}
}
