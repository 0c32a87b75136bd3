package postgres_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions/backends"
)

func TestSwap(t *testing.T) {
	d := open(t)
	conflict := backends.ErrConflict
	tests := []struct {
		name              string
		stored, old, next string // "" is nil
		want              error
		after             string
	}{
		{"replace", "a", "a", "b", nil, "b"},
		{"replace by the same", "a", "a", "a", nil, "a"},
		{"replace what changed", "a", "x", "b", conflict, "a"},
		{"replace what is gone", "", "a", "b", conflict, ""},
		{"replace what only begins so", "ab", "a", "b", conflict, "ab"},
		{"create", "", "", "b", nil, "b"},
		{"create what exists", "a", "", "b", conflict, "a"},
		{"remove", "a", "a", "", nil, ""},
		{"remove what changed", "a", "x", "", conflict, "a"},
		{"remove what is gone", "", "a", "", conflict, ""},
		{"nothing for nothing", "", "", "", nil, ""},
		{"nothing for something", "a", "", "", conflict, "a"},
	}
	for i, test := range tests {
		if test.stored != "" {
			d.write(id(i), test.stored, "before")
		}
		if err := d.Swap(t.Context(), id(i), bytesOf(test.old), record(test.next, "after")); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		if got := d.data(id(i)); got != test.after {
			t.Errorf("%s: %q is stored, want %q", test.name, got, test.after)
		}
		if test.want == nil && test.after != "" {
			if subject := d.subject(id(i)); subject != "after" {
				t.Errorf("%s: subject %q", test.name, subject)
			}
		}
	}
}

// TestR36_SwapHasOneWinner: of those who swap the same data, or create the same
// record, one wins.
func TestR36_SwapHasOneWinner(t *testing.T) {
	d := open(t)
	for round := range 20 {
		old := []byte(nil)
		if round%2 == 1 {
			old = []byte("old")
			d.write(id(round), "old", "")
		}
		var won atomic.Int32
		var winner atomic.Value
		together(8, func(n int) {
			mine := fmt.Sprint("by ", n)
			switch err := d.Swap(t.Context(), id(round), old, record(mine, "")); err {
			case nil:
				won.Add(1)
				winner.Store(mine)
			case backends.ErrConflict:
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || d.data(id(round)) != winner.Load() {
			t.Errorf("round %d: %d won; stored is %q", round, won.Load(), d.data(id(round)))
		}
	}
}

func TestRotate(t *testing.T) {
	d := open(t)
	tests := []struct {
		name                   string
		stored, old, tombstone string
		taken                  string // what is stored under the new ID
		want                   error
		after, afterNew        string
	}{
		{"leaves a tombstone", "a", "a", "tombstone", "", nil, "tombstone", "new"},
		{"leaves nothing", "a", "a", "", "", nil, "", "new"},
		{"what changed", "a", "x", "tombstone", "", backends.ErrConflict, "a", ""},
		{"what changed, leaving nothing", "a", "x", "", "", backends.ErrConflict, "a", ""},
		{"what is gone", "", "a", "tombstone", "", backends.ErrNotFound, "", ""},
		{"what is gone, leaving nothing", "", "a", "", "", backends.ErrNotFound, "", ""},
		{"to an ID that is taken", "a", "a", "tombstone", "other", backends.ErrConflict, "a", "other"},
		{"to an ID that is taken, leaving nothing", "a", "a", "", "other", backends.ErrConflict, "a", "other"},
	}
	for i, test := range tests {
		from, to := id(2*i), id(2*i+1)
		if test.stored != "" {
			d.write(from, test.stored, "alice")
		}
		if test.taken != "" {
			d.write(to, test.taken, "bob")
		}
		err := d.Rotate(t.Context(), from, []byte(test.old), record(test.tombstone, ""), to, record("new", "alice"))
		if err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		if got := d.data(from); got != test.after {
			t.Errorf("%s: %q is under the old ID, want %q", test.name, got, test.after)
		}
		if got := d.data(to); got != test.afterNew {
			t.Errorf("%s: %q is under the new ID, want %q", test.name, got, test.afterNew)
		}
		if test.want == nil && d.subject(to) != "alice" {
			t.Errorf("%s: the new record's subject is %q", test.name, d.subject(to))
		}
		if test.want == nil && test.tombstone != "" && d.subject(from) != "" {
			t.Errorf("%s: the tombstone's subject is %q", test.name, d.subject(from))
		}
	}
	d.write("same", "a", "")
	if err := d.Rotate(t.Context(), "same", []byte("a"), record("tombstone", ""), "same", record("new", "")); err != backends.ErrConflict || d.data("same") != "a" {
		t.Errorf("to itself: got %v, stored is %q", err, d.data("same"))
	}
}

// TestRotateIsBothOrNeither: rotations of one record to several new IDs,
// rotations of several records to one new ID, and swaps of all of them:
// whatever happens, a record is in one place and none is lost.
func TestRotateIsBothOrNeither(t *testing.T) {
	d := open(t)
	for round := range 30 {
		name := func(s string) string { return fmt.Sprint(s, round) }
		d.write(name("a"), "a", "")
		d.write(name("b"), "b", "")
		var won, swapped atomic.Int32
		rotate := func(from, to string) {
			switch err := d.Rotate(t.Context(), name(from), []byte(from), record("tombstone", ""), name(to), record(from, "")); err {
			case nil:
				won.Add(1)
			case backends.ErrConflict, backends.ErrNotFound:
			default:
				t.Error(err)
			}
		}
		together(7, func(n int) {
			switch n {
			case 0, 1:
				rotate("a", "x")
			case 2:
				rotate("a", "y")
			case 3, 4:
				rotate("b", "x")
			case 5:
				rotate("b", "z")
			case 6:
				if d.Swap(t.Context(), name("a"), []byte("a"), record("a!", "")) == nil {
					swapped.Add(1)
				}
			}
		})
		live, tombstones := 0, 0
		for _, s := range []string{"a", "b", "x", "y", "z"} {
			switch d.data(name(s)) {
			case "":
			case "tombstone":
				tombstones++
			default:
				live++
			}
		}
		if live != 2 || tombstones != int(won.Load()) {
			t.Errorf("round %d: %d records, %d tombstones, %d rotations, %d swaps", round, live, tombstones, won.Load(), swapped.Load())
		}
	}
}

// TestRES1_NothingBringsBackWhatWasRemoved: a commit that is late by any amount
// does not bring back what was removed.
func TestRES1_NothingBringsBackWhatWasRemoved(t *testing.T) {
	d := open(t)
	for round := range 100 {
		d.write(id(round), "data", "alice")
		together(3, func(n int) {
			var err error
			switch n {
			case 0:
				err = d.Remove(t.Context(), id(round))
			case 1:
				err = d.Swap(t.Context(), id(round), []byte("data"), record("late", "alice"))
			case 2:
				_, err = d.Touch(t.Context(), id(round), 100000)
			}
			if err != nil && err != backends.ErrConflict && err != backends.ErrNotFound {
				t.Error(err)
			}
		})
	}
	if n := get[int](d, `SELECT count(*) FROM sessions`); n != 0 {
		t.Errorf("%d of 100 are back", n)
	}
}

// together calls f(0) to f(n-1) at the same time.
func together(n int, f func(int)) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wait.Wait()
}
