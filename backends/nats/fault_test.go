package nats_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// leaky stands between a client and a server, and can lose what the server answers.
type leaky struct {
	listener net.Listener
	target   string
	lose     atomic.Bool
}

func startLeaky(t *testing.T, target string) *leaky {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &leaky{listener: listener, target: target}
	var group sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		group.Wait()
	})
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { l.serve(conn) })
		}
	})
	return l
}

func (l *leaky) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	go func() {
		defer server.Close()
		_, _ = io.Copy(server, client)
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if l.lose.Load() {
			continue
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswer: a commit whose acknowledgment is lost is neither a success nor
// something that was certainly not done. It is not sent again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	server := services.NATSServer(t, services.NATSOptions{})
	direct := open(t, server.URL(), &nats.Options{Bucket: "lost"})
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context, b *nats.Backend, id string) error
		want string
	}{
		{"create", func(ctx context.Context, b *nats.Backend, id string) error {
			return b.Swap(ctx, id, nil, record("2"))
		}, "2"},
		{"write", func(ctx context.Context, b *nats.Backend, id string) error {
			_, err := b.Write(ctx, id, record("2"))
			return err
		}, "2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxy := startLeaky(t, server.Addr())
			b := open(t, "nats://"+proxy.listener.Addr().String(), &nats.Options{Bucket: "lost"})
			id := services.Unique("id")
			proxy.lose.Store(true)
			defer proxy.lose.Store(false)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err := tt.do(ctx, b, id)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, backends.ErrNotApplied) {
				t.Errorf("%v, want the end of the context and an open outcome", err)
			}
			eventually(t, func(ctx context.Context) error {
				r, err := direct.Read(ctx, id)
				if err == nil && string(r.Data) != tt.want {
					t.Errorf("stored is %q, want %q", r.Data, tt.want)
				}
				return err
			})
		})
	}
	// The second half of a swap: the answer to its read arrives, that to its
	// publication does not.
	proxy := startLeaky(t, server.Addr())
	b := open(t, "nats://"+proxy.listener.Addr().String(), &nats.Options{Bucket: "lost"})
	if err := direct.Swap(t.Context(), "late", nil, record("1")); err != nil {
		t.Fatal(err)
	}
	proxy.lose.Store(true)
	defer proxy.lose.Store(false)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := b.Swap(ctx, "late", []byte("1"), record("2")); !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("Swap that could not read: %v, want an ErrNotApplied", err)
	}
	if r, err := direct.Read(t.Context(), "late"); err != nil || string(r.Data) != "1" {
		t.Errorf("stored is %q, %v, want 1", r.Data, err)
	}
}

// TestKilled: what was acknowledged before the server was killed is there afterwards,
// what was removed is not, and the backend goes on by itself.
func TestKilled(t *testing.T) {
	t.Parallel()
	server := services.NATSServer(t, services.NATSOptions{})
	b := open(t, server.URL(), nil)
	for round := range 3 {
		kept, ended := services.Unique("kept"), services.Unique("ended")
		for _, id := range []string{kept, ended} {
			if err := b.Swap(t.Context(), id, nil, record("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Swap(t.Context(), ended, []byte("x"), backends.Record{}); err != nil {
			t.Fatal(err)
		}
		server.Kill()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := b.Swap(ctx, kept, []byte("x"), record("y"))
		cancel()
		if err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("round %d: Swap without a server: %v after %v", round, err, time.Since(began))
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		eventually(t, func(ctx context.Context) error {
			r, err := b.Read(ctx, kept)
			if errors.Is(err, backends.ErrNotFound) || err == nil && string(r.Data) != "x" {
				t.Fatalf("round %d: the record is %q, %v, want x", round, r.Data, err)
			}
			return err
		})
		if _, err := b.Read(t.Context(), ended); !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("round %d: the removed record: %v, want ErrNotFound", round, err)
		}
		if err := b.Swap(t.Context(), kept, []byte("x"), record("y")); err != nil {
			t.Errorf("round %d: Swap after the restart: %v", round, err)
		}
	}
}

// TestBucketGone: a bucket that an operator deletes is an error, and no logout.
func TestBucketGone(t *testing.T) {
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	b := open(t, url, &nats.Options{Bucket: bucket})
	if err := raw(t, url).DeleteKeyValue(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	_, write := b.Write(t.Context(), "id", record("x"))
	_, read := b.Read(t.Context(), "id")
	for name, err := range map[string]error{"Read": read, "Write": write} {
		if err == nil || errors.Is(err, backends.ErrNotFound) || !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("%s: %v, want one about the bucket", name, err)
		}
	}
	if !errors.Is(write, backends.ErrNotApplied) {
		t.Errorf("Write: %v, want an ErrNotApplied", write)
	}
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check after Migrate: %v", err)
	}
}
