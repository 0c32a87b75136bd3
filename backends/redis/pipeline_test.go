package redis_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestPipelineOutcomes: what concurrent calls ask goes to the server in one
// write, and every call gets its own answer.
func TestPipelineOutcomes(t *testing.T) {
	server, g, b, straight := gated(t)
	ctx := t.Context()
	idle, err := b.Bind(backends.Settings{IdleTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		straight.create(t, fmt.Sprint("id", i), record(fmt.Sprint("data of ", i)))
	}
	straight.raw.LPush(ctx, "sessions:list", "x")
	var calls []func()
	want := func(what string, want error, do func() error) {
		calls = append(calls, func() {
			if err := do(); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		})
	}
	for i := range 5 {
		id, data := fmt.Sprint("id", i), fmt.Sprint("data of ", i)
		want("commit", nil, func() error { return b.Swap(ctx, id, []byte(data), record("new "+data)) })
		read := func(b backends.Backend) error {
			r, err := b.Read(ctx, fmt.Sprint("id", 5+i))
			if want := fmt.Sprint("data of ", 5+i); err == nil && string(r.Data) != want {
				err = fmt.Errorf("read %q, want %q", r.Data, want)
			}
			if b == idle && r.TTL < time.Minute {
				err = fmt.Errorf("a TTL of %v", r.TTL)
			}
			return err
		}
		want("read", nil, func() error { return read(b) })
		want("read with TTL", nil, func() error { return read(idle) })
	}
	want("read of nothing", backends.ErrNotFound, func() error { _, err := b.Read(ctx, "none"); return err })
	want("commit over nothing", backends.ErrNotFound, func() error { return b.Swap(ctx, "none", []byte("x"), record("y")) })
	want("create", nil, func() error { return b.Swap(ctx, "new", nil, record("x")) })
	want("create over something", backends.ErrConflict, func() error { return b.Swap(ctx, "id9", nil, record("x")) })
	want("commit over something else", backends.ErrConflict, func() error { return b.Swap(ctx, "id9", []byte("x"), record("y")) })
	want("commit over another type", backends.ErrNotApplied, func() error { return b.Swap(ctx, "list", []byte("x"), record("y")) })
	calls = append(calls, func() {
		if _, err := b.Read(ctx, "list"); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
			t.Errorf("read of another type: %v", err)
		}
	})
	want("touch", nil, func() error { _, err := b.Touch(ctx, "id8", 2*time.Hour); return err })
	want("touch of nothing", backends.ErrNotFound, func() error { _, err := b.Touch(ctx, "none", time.Hour); return err })
	want("remove", nil, func() error { return b.Remove(ctx, "none") })
	if _, err := server.Do("SCRIPT", "FLUSH"); err != nil { // so that commits get NOSCRIPT
		t.Fatal(err)
	}
	together(t, b, g, calls...)()
	for i := range 5 {
		straight.holds(t, fmt.Sprint("id", i), fmt.Sprint("new data of ", i))
	}
	straight.holds(t, "new", "x")
}

// TestPipelineOnePiece: concurrent calls are one write.
func TestPipelineOnePiece(t *testing.T) {
	_, g, b, straight := gated(t)
	var calls []func()
	for i := range 20 {
		id := fmt.Sprint("id", i)
		straight.create(t, id, record("1"))
		calls = append(calls, func() {
			if _, err := b.Read(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	together(t, b, g, calls...)()
	if got := g.writes.Load(); got != occupiers+1 {
		t.Errorf("20 calls, and the %d for which they waited, arrived in %d pieces, want %d", occupiers, got, occupiers+1)
	}
}

// TestPipelineRefusals: of calls that are sent together a server refuses those that
// it cannot carry out, and they are known not to be applied.
func TestPipelineRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  []string
	}{
		{"OOM", []string{"CONFIG", "SET", "maxmemory", "1"}},
		{"READONLY", []string{"REPLICAOF", "127.0.0.1", "1"}},
		{"NOREPLICAS", []string{"CONFIG", "SET", "min-replicas-to-write", "1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, g, b, straight := gated(t)
			ctx := t.Context()
			straight.create(t, "id", record("1"))
			if err := straight.Swap(ctx, "id", []byte("1"), record("2")); err != nil { // loads the script
				t.Fatal(err)
			}
			if _, err := server.Do(tt.set...); err != nil {
				t.Fatal(err)
			}
			read := func() {
				if r, err := b.Read(ctx, "id"); err != nil || string(r.Data) != "2" {
					t.Errorf("Read: %q, %v", r.Data, err)
				}
			}
			refused := func(err error) {
				if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), tt.name) {
					t.Errorf("%v, want %s and ErrNotApplied", err, tt.name)
				}
			}
			together(t, b, g,
				read,
				func() { refused(b.Swap(ctx, "id", []byte("2"), record("3"))) },
				func() { refused(b.Swap(ctx, "new", nil, record("3"))) },
				read,
			)()
			straight.holds(t, "id", "2")
		})
	}
}

// TestE6_PipelineCut: the connection breaks while replies come in. The outcome of the
// commits is unknown, except perhaps of those whose replies have come, and none is
// sent twice. Reads are sent once more.
func TestE6_PipelineCut(t *testing.T) {
	server, g, b, straight := gated(t)
	ctx := t.Context()
	const commits, answered = 10, 4
	var calls []func()
	var known, unknown atomic.Int64
	for i := range commits {
		id := fmt.Sprint("id", i)
		straight.create(t, id, record("1"))
		calls = append(calls, func() {
			switch err := b.Swap(ctx, id, []byte("1"), record("2")); {
			case err == nil:
				known.Add(1)
			case errors.Is(err, backends.ErrNotApplied), errors.Is(err, backends.ErrConflict), errors.Is(err, backends.ErrNotFound):
				t.Errorf("%v, want an unknown outcome", err)
			default:
				unknown.Add(1)
			}
		})
	}
	for i := range 5 {
		id := fmt.Sprint("read", i)
		straight.create(t, id, record("data"))
		calls = append(calls, func() {
			if r, err := b.Read(ctx, id); err != nil || string(r.Data) != "data" {
				t.Errorf("Read: %q, %v", r.Data, err)
			}
		})
	}
	if err := straight.Swap(ctx, "read0", []byte("data"), record("data")); err != nil { // loads the script
		t.Fatal(err)
	}
	got := ran(t, server, func() {
		release := together(t, b, g, calls...)
		// The calls before get "_\r\n" each, and every commit ":3\r\n".
		g.cuts.Store(true)
		g.passes.Store(occupiers*3 + answered*4 + 2)
		release()
	})
	if got["evalsha"] != commits || got["set"] != commits {
		t.Errorf("the server ran %v, want %d commits", got, commits)
	}
	if known.Load() > answered || known.Load()+unknown.Load() != commits {
		t.Errorf("%d commits known and %d unknown, want %d, and at most %d known", known.Load(), unknown.Load(), commits, answered)
	}
	for i := range commits {
		straight.holds(t, fmt.Sprint("id", i), "2")
	}
}

// TestPipelineDeadlines: a call ends with its own context, and the calls that were
// sent with it go on.
func TestPipelineDeadlines(t *testing.T) {
	server, g, b, straight := gated(t)
	straight.create(t, "read", record("data"))
	for _, id := range []string{"gathers", "is sent", "goes on"} {
		straight.create(t, id, record("1"))
	}
	if err := straight.Swap(t.Context(), "read", []byte("data"), record("data")); err != nil { // loads the script
		t.Fatal(err)
	}
	gathers, cancelGathers := context.WithCancel(t.Context())
	sent, cancelSent := context.WithTimeout(t.Context(), time.Hour)
	left := make(chan string, 2)
	got := ran(t, server, func() {
		release := together(t, b, g,
			func() {
				if err := b.Swap(gathers, "gathers", []byte("1"), record("2")); !errors.Is(err, context.Canceled) || !errors.Is(err, backends.ErrNotApplied) {
					t.Errorf("canceled before it was sent: %v, want context.Canceled and ErrNotApplied", err)
				}
				left <- "gathers"
			},
			func() {
				if err := b.Swap(sent, "is sent", []byte("1"), record("2")); !errors.Is(err, context.Canceled) || errors.Is(err, backends.ErrNotApplied) {
					t.Errorf("canceled after it was sent: %v, want context.Canceled and an unknown outcome", err)
				}
				left <- "is sent"
			},
			func() {
				if err := b.Swap(t.Context(), "goes on", []byte("1"), record("2")); err != nil {
					t.Errorf("Swap: %v", err)
				}
			},
			func() {
				if r, err := b.Read(t.Context(), "read"); err != nil || string(r.Data) != "data" {
					t.Errorf("Read: %q, %v", r.Data, err)
				}
			},
		)
		cancelGathers()
		if who := <-left; who != "gathers" {
			t.Errorf("%q left", who)
		}
		executed := commands(t, server)["evalsha"] + 2
		g.replies.close()
		g.passes.Store(occupiers * 3) // what the calls before get
		g.requests.open()
		until(t, func() bool { return commands(t, server)["evalsha"] == executed })
		cancelSent()
		if who := <-left; who != "is sent" {
			t.Errorf("%q left", who)
		}
		g.replies.open()
		release()
	})
	if got["evalsha"] != 2 {
		t.Errorf("the server ran %v, want 2 commits", got)
	}
	straight.holds(t, "gathers", "1")
	straight.holds(t, "is sent", "2")
	straight.holds(t, "goes on", "2")
}

// TestPipelineDeadlineOfOthers: a pipe is not bound to the deadline of one call, and
// ends with the last one.
func TestPipelineDeadlineOfOthers(t *testing.T) {
	server, g, b, straight := gated(t)
	straight.create(t, "id", record("0"))
	if err := straight.Swap(t.Context(), "id", []byte("0"), record("1")); err != nil { // loads the script
		t.Fatal(err)
	}
	hasty, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	hastyLeft := make(chan struct{})
	release := together(t, b, g,
		func() {
			defer close(hastyLeft)
			if _, err := b.Read(hasty, "id"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the hasty call: %v, want context.DeadlineExceeded", err)
			}
		},
		func() {
			if err := b.Swap(patient, "id", []byte("1"), record("2")); err != nil {
				t.Errorf("the patient call: %v", err)
			}
		},
	)
	server.Freeze()
	g.requests.open()
	<-hastyLeft
	server.Thaw()
	release()

	// All have a deadline, and the server never answers.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	release = together(t, b, g, func() {
		if _, err := b.Read(ctx, "id"); err == nil {
			t.Error("a read of a frozen server")
		}
	})
	server.Freeze()
	g.requests.open()
	<-ctx.Done()
	until(t, func() bool { return b.Gathered() == 0 })
	server.Thaw()
	release()
}

// TestPipelineClose: closing waits for the calls that are under way, and refuses those
// that come later. No goroutine is left.
func TestPipelineClose(t *testing.T) {
	_, g, _, straight := gated(t)
	straight.create(t, "id", record("0"))
	if err := straight.Swap(t.Context(), "id", []byte("0"), record("1")); err != nil { // loads the script
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	b, err := redis.Open(g.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	release := together(t, b, g,
		func() {
			if err := b.Swap(t.Context(), "id", []byte("1"), record("2")); err != nil {
				t.Errorf("Swap that was under way: %v", err)
			}
		},
		func() {
			if _, err := b.Read(t.Context(), "id"); err != nil {
				t.Errorf("Read that was under way: %v", err)
			}
		},
	)
	closed := make(chan error)
	go func() { closed <- b.Close() }()
	until(t, b.Closing)
	if _, err := b.Read(t.Context(), "id"); !errors.Is(err, goredis.ErrClosed) {
		t.Errorf("Read while it closes: %v, want ErrClosed", err)
	}
	if err := b.Swap(t.Context(), "id", []byte("2"), record("3")); !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("Swap while it closes: %v, want ErrNotApplied", err)
	}
	select {
	case err := <-closed:
		t.Errorf("closed before the calls ended: %v", err)
	default:
	}
	release()
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	straight.holds(t, "id", "2")
	// The gate has two goroutines for each connection, which end after it.
	until(t, func() bool { return runtime.NumGoroutine() <= before })
}

// TestPipelineDemotion: a commit that learns in a pipe that its server has become a
// replica makes the client connect anew, as a commit by itself does.
func TestPipelineDemotion(t *testing.T) {
	old, g, b, straight := gated(t)
	ctx := t.Context()
	straight.create(t, "id", record("1"))
	if err := straight.Swap(ctx, "id", []byte("1"), record("2")); err != nil { // loads the script
		t.Fatal(err)
	}
	successor := services.RedisServer(t, services.RedisOptions{})
	next := place{open(t, successor.URL()), rawClient(t, successor.URL()), redis.DefaultPrefix}
	next.create(t, "id", record("2"))
	if _, err := old.Do("REPLICAOF", "127.0.0.1", "1"); err != nil {
		t.Fatal(err)
	}
	read := func() {
		if _, err := b.Read(ctx, "id"); err != nil {
			t.Errorf("Read: %v", err)
		}
	}
	release := together(t, b, g, read, read, func() {
		if err := b.Swap(ctx, "id", []byte("2"), record("3")); !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("Swap on the old server: %v, want ErrNotApplied", err)
		}
	})
	g.target.Store(successor.Addr()) // for new connections only
	release()
	if err := b.Swap(ctx, "id", []byte("2"), record("3")); err != nil {
		t.Errorf("Swap afterwards: %v", err)
	}
	next.holds(t, "id", "3")
}

// TestPipelineMoved: in a cluster, a command of a pipe whose key is now on another
// node goes there, also a commit, because nothing was done yet.
func TestPipelineMoved(t *testing.T) {
	home, abroad := miniredis.RunT(t), miniredis.RunT(t)
	var busy stubborn
	var redirects atomic.Int64
	home.Server().SetPreHook(func(peer *server.Peer, _ string, args ...string) bool {
		about := func(id string) bool { return slices.Contains(args, "sessions:"+id) }
		switch {
		case about("busy"):
			busy.asked.Store(true)
			busy.valve.wait()
		case about("moved"), about("moved too"):
			redirects.Add(1)
			peer.WriteError("MOVED 1 " + abroad.Addr())
			return true
		}
		return false
	})
	for _, s := range []*miniredis.Miniredis{home, abroad} {
		for _, id := range []string{"moved", "moved too", "stays"} {
			if err := s.Set("sessions:"+id, "1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := open(t, "redis+cluster://"+home.Addr()+"?pool_size=1&read_timeout=1m&pool_timeout=1m")
	ctx := t.Context()
	var calls []func()
	for _, id := range []string{"moved", "stays"} {
		calls = append(calls, func() {
			if err := b.Swap(ctx, id, []byte("1"), record("2")); err != nil {
				t.Errorf("Swap of what %s: %v", id, err)
			}
		})
	}
	calls = append(calls, func() {
		if r, err := b.Read(ctx, "moved too"); err != nil || string(r.Data) != "1" {
			t.Errorf("Read: %q, %v", r.Data, err)
		}
	})
	together(t, b, &busy, calls...)()
	if redirects.Load() < 2 {
		t.Errorf("%d commands were redirected, want 2 or more", redirects.Load())
	}
	for what, want := range map[string]string{"moved": "1", "stays": "2"} {
		if got, err := home.Get("sessions:" + what); got != want || err != nil {
			t.Errorf("at home, what %s: %q, %v; want %q", what, got, err, want)
		}
	}
	if got, err := abroad.Get("sessions:moved"); got != "2" || err != nil {
		t.Errorf("abroad: %q, %v; want 2", got, err)
	}
}
