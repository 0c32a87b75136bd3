package redis_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// leaky stands between a client and a server, and can lose replies: the server
// has carried out the command, the client gets a closed connection.
type leaky struct {
	listener net.Listener
	target   string
	lose     atomic.Int64 // how many replies to commands that name loses
	name     atomic.Value // string
	seen     atomic.Int64 // how many such commands there were
}

func startLeaky(t *testing.T, target string) *leaky {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &leaky{listener: listener, target: target}
	l.name.Store("")
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
	defer server.Close()
	var losing atomic.Bool
	go func() {
		defer server.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				return
			}
			if name := l.name.Load().(string); name != "" && strings.Contains(strings.ToLower(string(buffer[:n])), "\r\n"+name+"\r\n") {
				l.seen.Add(1)
				if l.lose.Add(-1) >= 0 {
					losing.Store(true)
				}
			}
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil || losing.Load() {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestE6_LostReply: a commit whose reply is lost is not sent again, and what
// comes back is the failure itself: no false conflict, and no false success.
func TestE6_LostReply(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	for _, client := range []string{"of Open", "with its defaults"} {
		for _, tt := range []struct {
			name, command string
			sent          int64 // how often the command is sent
			do            func(ctx context.Context, b *redis.Backend) error
			want          string // stored afterwards
		}{
			{"create", "set", 1, func(ctx context.Context, b *redis.Backend) error {
				return b.Swap(ctx, "new", nil, record("2"))
			}, "2"},
			{"swap", "evalsha", 1, func(ctx context.Context, b *redis.Backend) error {
				return b.Swap(ctx, "old", []byte("1"), record("2"))
			}, "2"},
			{"removal of what was read", "evalsha", 1, func(ctx context.Context, b *redis.Backend) error {
				return b.Swap(ctx, "old", []byte("1"), backends.Record{})
			}, ""},
			{"write", "set", 1, func(ctx context.Context, b *redis.Backend) error {
				_, err := b.Write(ctx, "old", record("2"))
				return err
			}, "2"},
			{"read", "get", 2, func(ctx context.Context, b *redis.Backend) error {
				_, err := b.Read(ctx, "old")
				return err
			}, "1"},
			{"touch", "pexpire", 2, func(ctx context.Context, b *redis.Backend) error {
				_, err := b.Touch(ctx, "old", time.Hour)
				return err
			}, "1"},
			{"remove", "del", 2, func(ctx context.Context, b *redis.Backend) error {
				return b.Remove(ctx, "old")
			}, ""},
		} {
			t.Run(tt.name+" with a client "+client, func(t *testing.T) {
				if _, err := server.Do("FLUSHALL"); err != nil {
					t.Fatal(err)
				}
				straight := open(t, server.URL())
				for _, id := range []string{"old", "warm"} {
					if _, err := straight.Write(t.Context(), id, record("1")); err != nil {
						t.Fatal(err)
					}
				}
				if err := straight.Swap(t.Context(), "warm", []byte("1"), record("2")); err != nil {
					t.Fatal(err)
				}
				proxy := startLeaky(t, server.Addr())
				url := "redis://" + proxy.listener.Addr().String()
				b := redis.New(rawClient(t, url), nil)
				if client == "of Open" {
					b = open(t, url)
				}
				if err := b.Describe().Err; err != nil {
					t.Fatal(err)
				}
				proxy.name.Store(tt.command)
				proxy.lose.Store(1)
				err := tt.do(t.Context(), b)
				if retried := tt.sent > 1; retried != (err == nil) {
					t.Errorf("error %v, want one: %v", err, !retried)
				}
				if errors.Is(err, backends.ErrConflict) || errors.Is(err, backends.ErrNotFound) {
					t.Errorf("%v, want the failure itself", err)
				}
				if got := proxy.seen.Load(); got != tt.sent {
					t.Errorf("sent %d times, want %d", got, tt.sent)
				}
				id := "old"
				if tt.name == "create" {
					id = "new"
				}
				place{Backend: straight}.holds(t, id, tt.want)
			})
		}
	}
}

// TestE5_R12_FrozenServer: a server that is frozen costs a call its deadline
// and no more, and is in use again at once when it goes on. The client's own
// patience is so much longer than the deadline that even a slow machine cannot
// take one for the other.
func TestE5_R12_FrozenServer(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	for _, client := range []string{"of Open", "with its defaults"} {
		t.Run("with a client "+client, func(t *testing.T) {
			url := server.URL() + "?read_timeout=1m"
			b := redis.New(rawClient(t, url), nil)
			if client == "of Open" {
				b = open(t, url)
			}
			bound, err := b.Bind(backends.Settings{IdleTimeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Write(t.Context(), "id", record("1")); err != nil {
				t.Fatal(err)
			}
			server.Freeze()
			var group sync.WaitGroup
			for name, do := range map[string]func(ctx context.Context) error{
				"read":        func(ctx context.Context) error { _, err := b.Read(ctx, "id"); return err },
				"bound read":  func(ctx context.Context) error { _, err := bound.Read(ctx, "id"); return err },
				"commit":      func(ctx context.Context) error { return b.Swap(ctx, "id", []byte("1"), record("2")) },
				"first owner": func(ctx context.Context) error { return b.Swap(ctx, "id", []byte("1"), owned("2", "alice")) },
				"remove":      func(ctx context.Context) error { return b.Remove(ctx, "gone") },
				"list":        func(ctx context.Context) error { _, err := b.ListSubject(ctx, "alice"); return err },
			} {
				group.Go(func() {
					const timeout = 300 * time.Millisecond
					ctx, cancel := context.WithTimeout(context.Background(), timeout)
					defer cancel()
					start := time.Now()
					err := do(ctx)
					if took := time.Since(start); err == nil || took > 20*time.Second {
						t.Errorf("%s: %v after %v, want an error after %v", name, err, took, timeout)
					}
				})
			}
			group.Wait()
			server.Thaw()
			if _, err := b.Read(t.Context(), "id"); err != nil {
				t.Errorf("Read after the thaw: %v", err)
			}
		})
	}
}

// TestRestart: a server that was killed and restarted is in use again within a
// moment.
func TestRestart(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{Config: []string{"appendonly yes", "appendfsync always"}})
	b := backends.Breaker(open(t, server.URL()), nil)
	if _, err := b.Write(t.Context(), "id", record("1")); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for range 200 { // requests of an outage, until the pool has given up as well
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := b.Read(ctx, "id"); err == nil {
			t.Fatal("Read of a server that is down: no error")
		}
		cancel()
		<-time.After(10 * time.Millisecond)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	// Pauses and not seconds are counted: on a busy machine each takes longer.
	start := time.Now()
	for pauses := 0; ; pauses++ {
		_, err := b.Read(t.Context(), "id")
		if err == nil {
			t.Logf("first success after %v", time.Since(start))
			break
		}
		if pauses == 400 {
			t.Fatalf("Read after the restart and %d pauses of 5 ms: %v", pauses, err)
		}
		<-time.After(5 * time.Millisecond)
	}
}
