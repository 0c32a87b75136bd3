package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sqlite"
)

// TestMain is also the program that is killed.
func TestMain(m *testing.M) {
	if file := os.Getenv("SESSIONS_VICTIM"); file != "" {
		fmt.Fprintln(os.Stderr, work(file))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// work counts in four sessions, and creates and ends others, until it is killed.
// It prints a line for whatever was acknowledged.
func work(file string) error {
	b, err := sqlite.Open(file, &sqlite.Options{NoSync: os.Getenv("SESSIONS_NOSYNC") != "", SweepEvery: time.Second})
	if err != nil {
		return err
	}
	ctx := context.Background()
	failed := make(chan error)
	for worker := range 4 {
		go func() {
			id := fmt.Sprint("counter-", worker)
			for {
				r, err := b.Read(ctx, id)
				if errors.Is(err, backends.ErrNotFound) {
					r.Data, err = nil, nil
				}
				n, _ := strconv.Atoi(string(r.Data))
				if err == nil {
					err = b.Swap(ctx, id, r.Data, record(fmt.Sprint(n+1)))
				}
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("count %d %d\n", worker, n+1)

				other := fmt.Sprintf("other-%d-%d-%d", os.Getpid(), worker, n)
				err = errors.Join(b.Swap(ctx, other, nil, record("alive")),
					b.Rotate(ctx, other, []byte("alive"), backends.Record{}, other+"-new", record("alive")),
					b.Swap(ctx, other+"-new", []byte("alive"), backends.Record{}))
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("ended %s\n", other)
			}
		}()
	}
	return <-failed
}

// TestKilled: a program that is killed in the middle of its commits, again and
// again, loses no update that was acknowledged, and no session that was ended
// comes back. Another program goes on beside it.
func TestKilled(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 4
	}
	for _, noSync := range []string{"", "1"} {
		t.Run("NoSync="+noSync, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "sessions.db")
			acknowledged := map[string]int{}
			var ended []string
			for kill := range kills {
				victim := exec.Command(os.Args[0])
				victim.Env = append(os.Environ(), "SESSIONS_VICTIM="+file, "SESSIONS_NOSYNC="+noSync)
				victim.Stderr = os.Stderr
				out, err := victim.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := victim.Start(); err != nil {
					t.Fatal(err)
				}
				var once sync.Once
				lines := bufio.NewScanner(out)
				for lines.Scan() {
					once.Do(func() { // it works; a moment later it does no longer
						time.AfterFunc(time.Duration(50+37*kill)*time.Millisecond, func() { _ = victim.Process.Kill() })
					})
					switch words := strings.Fields(lines.Text()); words[0] {
					case "count":
						n, _ := strconv.Atoi(words[2])
						if last := acknowledged[words[1]]; n <= last {
							t.Errorf("counter %s: %d was given out after %d", words[1], n, last)
						}
						acknowledged[words[1]] = n
					case "ended":
						ended = append(ended, words[1])
					}
				}
				_ = victim.Wait()
				if victim.ProcessState.ExitCode() != -1 {
					t.Fatalf("it ended by itself: %v", victim.ProcessState)
				}
			}
			b, err := sqlite.Open(file, quiet)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			total := 0
			for worker, want := range acknowledged {
				r, err := b.Read(t.Context(), "counter-"+worker)
				n, _ := strconv.Atoi(string(r.Data))
				if err != nil || n < want || n > want+kills {
					t.Errorf("counter %s: %d is stored, and %d was acknowledged; %v", worker, n, want, err)
				}
				total += want
			}
			for _, id := range ended {
				for _, id := range []string{id, id + "-new"} {
					if found, err := b.Exists(t.Context(), id); found || err != nil {
						t.Errorf("a session that was ended is there: %v, %v", found, err)
					}
				}
			}
			if len(acknowledged) < 4 || len(ended) < kills {
				t.Errorf("%d counters, %d sessions: nothing was tried", len(acknowledged), len(ended))
			}
			t.Logf("%d updates and %d ends were acknowledged", total, len(ended))
		})
	}
}
