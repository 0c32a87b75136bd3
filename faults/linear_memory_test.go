package faults_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func TestF27_Memory(t *testing.T) {
	b := memory.New(nil)
	defer b.Close()
	linear(t, "F27 memory: none", []sessions.Backend{b}, func() { time.Sleep(300 * time.Millisecond) })
}

// TestF27_IsChecked: a swap that is not one step is found out, and so is a
// removal that comes late.
func TestF27_IsChecked(t *testing.T) {
	for name, defect := range map[string]func(b *broken){
		"swap in two steps": func(b *broken) {
			b.swap = func(ctx context.Context, id string, old []byte, new sessions.Record) error {
				found, err := b.Backend.Read(ctx, id)
				switch {
				case err != nil && old != nil:
					return err
				case !bytes.Equal(found.Data, old):
					return sessions.ErrConflict
				}
				time.Sleep(time.Millisecond)
				_, err = b.Backend.Write(ctx, id, new)
				return err
			}
		},
		"removal comes late": func(b *broken) {
			b.remove = func(ctx context.Context, id string) error {
				time.AfterFunc(2*time.Millisecond, func() { b.Backend.Remove(context.Background(), id) })
				return nil
			}
		},
		"stale reads": func(b *broken) {
			old := make(chan sessions.Record, 1000)
			b.read = func(ctx context.Context, id string) (sessions.Record, error) {
				r, err := b.Backend.Read(ctx, id)
				if err == nil {
					select {
					case old <- r:
					default:
					}
				}
				if len(old) > 20 {
					return <-old, nil
				}
				return r, err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &broken{Backend: memory.New(nil)}
			defer b.Close()
			defect(b)
			history, _ := watch([]sessions.Backend{b}, func() { time.Sleep(300 * time.Millisecond) })
			explained, why := explain(history)
			if explained {
				t.Fatalf("%d operations have an explanation, and must not", len(history))
			}
			if !strings.Contains(why, "The last one broke it: ") {
				t.Errorf("the report names no operation: %s", why)
			}
		})
	}
}
