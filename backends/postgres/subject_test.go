package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
)

func TestSubjects(t *testing.T) {
	d := open(t)
	long := strings.Repeat("long", 1000)
	for i, subject := range []string{"alice", "alice", "alice", "bob", "", "Alice", long} {
		d.write(id(i), "data", subject)
	}
	d.write("expired", "data", "alice")
	d.expire("expired")

	list := func(subject string) []string {
		t.Helper()
		stored, err := d.ListSubject(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, s := range stored {
			ids = append(ids, s.ID)
			if string(s.Record.Data) != "data" || s.Record.Subject != subject || s.Record.TTL <= 0 {
				t.Errorf("ListSubject: got %+v", s.Record)
			}
		}
		slices.Sort(ids)
		return ids
	}
	revoke := func(subject, except string, want int) {
		t.Helper()
		if n, err := d.RevokeSubject(t.Context(), subject, except); n != want || err != nil {
			t.Errorf("RevokeSubject(%.10q, %q): got %d, %v, want %d", subject, except, n, err, want)
		}
	}
	for subject, want := range map[string][]string{
		"alice": {id(0), id(1), id(2)}, "bob": {id(3)}, "Alice": {id(5)}, long: {id(6)}, long + "er": nil, "": nil, "nobody": nil, "%": nil,
	} {
		if got := list(subject); !slices.Equal(got, want) {
			t.Errorf("ListSubject(%.10q): got %v, want %v", subject, got, want)
		}
	}
	revoke("", "", 0)
	revoke("nobody", "", 0)
	revoke("alice", id(1), 2)
	if got := list("alice"); !slices.Equal(got, []string{id(1)}) {
		t.Errorf("after revoking all others: got %v", got)
	}
	revoke("alice", id(3), 1)
	revoke(long, "", 1)
	if d.data(id(3)) == "" || d.data(id(4)) == "" || d.data(id(5)) == "" {
		t.Error("sessions of other subjects are gone")
	}
	if n := get[int](d, `SELECT count(*) FROM sessions`); n != 3 {
		t.Errorf("%d rows are left, want 3", n)
	}
}

func TestSubjectOfALongID(t *testing.T) {
	d := open(t)
	long := strings.Repeat("x", 4096)
	d.write(long, "data", "alice")
	d.write("other", "data", "alice")
	if n, err := d.RevokeSubject(t.Context(), "alice", long); n != 1 || err != nil || d.data(long) == "" {
		t.Errorf("got %d, %v", n, err)
	}
	list, err := d.ListSubject(t.Context(), "alice")
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	if err := d.Remove(t.Context(), list[0].ID); err != nil || d.data(long) != "" {
		t.Errorf("the listed ID does not lead to the record: %v", err)
	}
}

func TestSubjectFollowsTheRecord(t *testing.T) {
	d := open(t)
	count := func(subject string, want int) {
		t.Helper()
		if n := count(t, d, subject); n != want {
			t.Errorf("%q has %d, want %d", subject, n, want)
		}
	}
	d.write("id", "a", "alice")
	count("alice", 1)
	d.Swap(t.Context(), "id", []byte("a"), record("b", "bob"))
	count("alice", 0)
	count("bob", 1)
	d.Touch(t.Context(), "id", time.Hour)
	count("bob", 1)
	d.Rotate(t.Context(), "id", []byte("b"), record("tombstone", ""), "new", record("c", "bob"))
	count("bob", 1)
	d.Swap(t.Context(), "new", []byte("c"), record("d", ""))
	count("bob", 0)
}

// TestRevokeReachesWhatIsInMotion: log out everywhere reaches a session that
// gets a new ID at that moment, again and again, and one whose commit is under
// way.
func TestRevokeReachesWhatIsInMotion(t *testing.T) {
	d := open(t)
	for round := range 40 {
		subject := fmt.Sprint("user", round)
		name := func(n int) string { return fmt.Sprintf("%s-%d", subject, n) }
		const rotating, committing = 0, 1000
		d.write(name(rotating), "data", subject)
		d.write(name(committing), "0", subject)
		var revoked atomic.Bool
		together(3, func(n int) {
			switch n {
			case 0:
				for i := rotating; i < 50 && !revoked.Load(); i++ {
					err := d.Rotate(t.Context(), name(i), []byte("data"), record("tombstone", ""), name(i+1), record("data", subject))
					if err == backends.ErrNotFound || err == backends.ErrConflict {
						return
					}
					if err != nil {
						t.Error(err)
					}
				}
			case 1:
				for i := range 50 {
					err := d.Swap(t.Context(), name(committing), fmt.Append(nil, i), record(fmt.Sprint(i+1), subject))
					if err == backends.ErrConflict {
						return
					}
					if err != nil {
						t.Error(err)
					}
				}
			case 2:
				if _, err := d.RevokeSubject(t.Context(), subject, ""); err != nil {
					t.Error(err)
				}
				revoked.Store(true)
			}
		})
		if n := count(t, d, subject); n != 0 {
			t.Fatalf("round %d: %d sessions survive", round, n)
		}
	}
}
