package memory_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends/memory"
)

// TestDOS6_AWriteRemovesAFew: however many records have expired at once, an
// operation that finds them removes a few and leaves the rest to others.
func TestDOS6_AWriteRemovesAFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		for i := range 10_000 {
			write(t, b, fmt.Sprint("old", i), time.Minute)
		}
		time.Sleep(time.Minute)
		for i := range 100 {
			before := b.Len()
			write(t, b, fmt.Sprint("new", i), time.Hour)
			if removed := before + 1 - b.Len(); removed < 1 || removed > 2 {
				t.Fatalf("write %d removed %d expired records, want 1 or 2", i, removed)
			}
		}
	})
}

// watcher is a context that looks at the backend whenever it is asked, which a
// sweep does before it takes a lock.
type watcher struct {
	context.Context
	b    *memory.Backend
	last int
	most int // records that were removed between two looks
}

func (l *watcher) Err() error {
	n := l.b.Len()
	l.most = max(l.most, l.last-n)
	l.last = n
	return nil
}

func TestDOS6_ASweepLetsOthersIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		for i := range 10_000 {
			write(t, b, fmt.Sprint(i), time.Minute)
		}
		time.Sleep(time.Minute)
		watch := &watcher{Context: ctx, b: b, last: b.Len()}
		if n, err := b.Sweep(watch); n != 10_000 || err != nil {
			t.Errorf("Sweep: got %d, %v", n, err)
		}
		if watch.most == 0 || watch.most > 16 {
			t.Errorf("up to %d records were removed under one lock, want at most 16", watch.most)
		}
	})
}
