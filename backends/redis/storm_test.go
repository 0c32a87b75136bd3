package redis_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	for name, test := range map[string]struct {
		url    func(t *testing.T) string
		rounds int
	}{
		"miniredis": {func(t *testing.T) string { return "redis://" + miniredis.RunT(t).Addr() }, 10},
		"redis":     {func(t *testing.T) string { return services.Redis(t) }, 60},
		"cluster":   {func(t *testing.T) string { return shared(t, clusterURL) }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			if err := sessionstest.Storm(t.Context(), at(t, test.url(t)), test.rounds); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRenewedEntryHasAnotherScore: a limit takes an entry for that of a record that is gone if it has the score that
// it had when the record was missing.
func TestRenewedEntryHasAnotherScore(t *testing.T) {
	p := at(t, "redis://"+miniredis.RunT(t).Addr())
	scores := make(map[float64]bool)
	for range 5 {
		p.create(t, "id", owned("x", "alice"))
		_, entries := p.index(t)
		scores[entries[0].Score] = true
		if err := p.Remove(t.Context(), "id"); err != nil {
			t.Fatal(err)
		}
	}
	if len(scores) != 5 {
		t.Errorf("5 entries of one ID had %d scores", len(scores))
	}
}

// TestVerdicts: what another call has doomed goes, but not by a call that is to keep it; and not
// if it has been filed again since then.
func TestVerdicts(t *testing.T) {
	p := at(t, services.Redis(t))
	ctx := t.Context()
	p.create(t, "a", owned("x", "alice"))
	p.create(t, "b", owned("x", "alice"))
	doom := func(id string, more float64) {
		t.Helper()
		key, entries := p.index(t)
		for _, e := range entries {
			if e.Member == id {
				score := strconv.FormatFloat(e.Score+more, 'g', -1, 64)
				p.raw.ZAdd(ctx, key, goredis.Z{Score: float64(time.Now().Unix() + 60), Member: "\x01" + score + " " + id})
			}
		}
	}
	trim := func(max int, keep string, want ...string) {
		t.Helper()
		got, err := p.TrimSubject(ctx, "alice", max, keep)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("TrimSubject to %d with %q: got %q, %v; want %q", max, keep, got, err, want)
		}
	}
	doom("b", 100)
	trim(2, "")
	doom("b", 0)
	trim(1, "b")
	p.holds(t, "b", "x")
	trim(2, "", "b")
	p.holds(t, "a", "x")
	p.create(t, "b", owned("data of b", "alice"))
	trim(2, "")
	trim(1, "", "a")
	p.lists(t, "alice", "b")
}

// TestAbandonedReservation: a process that was killed between its reservation and its record keeps others out
// for a minute, and the record is found if it comes later.
func TestAbandonedReservation(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	server.SetTime(now)
	p := at(t, "redis://"+server.Addr())
	r := owned("data of id", "alice")
	r.SubjectLimit = 1
	server.Server().SetPreHook(denies("SET", 0))
	if err := p.Swap(t.Context(), "id", nil, r); err == nil {
		t.Fatal("create while SET fails: no error")
	}
	server.Server().SetPreHook(nil)
	if err := p.Swap(t.Context(), "other", nil, r); !errors.Is(err, backends.ErrSubjectLimit) {
		t.Errorf("while a record may be on the way: got %v, want ErrSubjectLimit", err)
	}
	server.SetTime(now.Add(2 * time.Minute))
	if err := p.Swap(t.Context(), "other", nil, r); err != nil {
		t.Errorf("when the reservation has run out: %v", err)
	}
	p.raw.Set(t.Context(), p.prefix+"id", p.raw.Get(t.Context(), p.prefix+"other").Val(), time.Hour) // it comes late
	if n, err := p.RevokeSubject(t.Context(), "alice", ""); n != 2 || err != nil {
		t.Errorf("RevokeSubject: %d, %v; want 2", n, err)
	}
}
