// Package newer tests package backends/nats with the newest server, which deletes
// expired records by itself and keeps its promises with replicas. Debian has only an
// older one, so this module builds it. Nobody else needs that.
package newer_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// program builds the server, or finds it in the build cache.
var program = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "nats-server").Output()
	return strings.TrimSpace(string(out)), err
})

func newest(t *testing.T) services.NATSOptions {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return services.NATSOptions{Program: path}
}

// open returns a backend and its stream.
func open(t *testing.T, url string, options nats.Options) (*nats.Backend, jetstream.Stream) {
	t.Helper()
	b, err := nats.Open(url, &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	eventually(t, func(ctx context.Context) error { return b.Migrate(ctx) })
	conn, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "KV_"+options.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	return b, stream
}

// eventually tries until do succeeds.
func eventually(t *testing.T, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		once, stop := context.WithTimeout(ctx, 3*time.Second)
		err := do(once)
		stop()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

func record(data string) backends.Record {
	return backends.Record{Data: []byte(data), TTL: time.Hour}
}

// TestServerDeletes: the server deletes expired records and markers by itself, and no
// instance sweeps.
func TestServerDeletes(t *testing.T) {
	t.Parallel()
	server := services.NATSServer(t, newest(t))
	b, stream := open(t, server.URL(), nats.Options{Bucket: "sessions", SweepEvery: time.Second, OnSweep: func(n int, err error) {
		t.Errorf("an instance swept: %d, %v", n, err)
	}})
	if !stream.CachedInfo().Config.AllowMsgTTL {
		t.Fatal("Migrate has not turned on message TTLs")
	}
	for i := range 10 {
		if _, err := b.Write(t.Context(), fmt.Sprintf("short%d", i), backends.Record{Data: []byte("x"), TTL: time.Second}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write(t.Context(), fmt.Sprintf("long%d", i), record("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write(t.Context(), fmt.Sprintf("longer%d", i), backends.Record{Data: []byte("x"), TTL: time.Second}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Touch(t.Context(), fmt.Sprintf("longer%d", i), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func(ctx context.Context) error {
		info, err := stream.Info(ctx)
		if err == nil && info.State.Msgs != 20 {
			err = fmt.Errorf("the bucket has %d messages, want 20", info.State.Msgs)
		}
		return err
	})
	for i := range 10 {
		for _, name := range []string{"long", "longer"} {
			if _, err := b.Read(t.Context(), fmt.Sprintf("%s%d", name, i)); err != nil {
				t.Errorf("Read of a record that lives: %v", err)
			}
		}
	}
	if err := b.Remove(t.Context(), "long0"); err != nil {
		t.Fatal(err)
	}
	marker, err := stream.GetLastMsgForSubject(t.Context(), "$KV.sessions.long0")
	if err != nil || marker.Header.Get("Nats-TTL") == "" {
		t.Errorf("the marker of a removed record has no TTL: %v, %v", marker, err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	server := services.NATSServer(t, newest(t))
	b, _ := open(t, server.URL(), nats.Options{Bucket: "sessions"})
	sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return b }, nil)
}

// TestCluster: three servers keep every record. Reads see what was written before,
// whichever server they reach, and when the leader is killed again and again under load, no acknowledged update is
// lost and no ended session comes back.
func TestCluster(t *testing.T) {
	t.Parallel()
	nodes := services.NATSCluster(t, newest(t))
	urls := make([]string, len(nodes))
	for i, node := range nodes {
		urls[i] = node.URL()
	}
	b, stream := open(t, strings.Join(urls, ","), nats.Options{Bucket: "sessions", Replicas: 3})
	if config := stream.CachedInfo().Config; config.Replicas != 3 || config.AllowDirect {
		t.Errorf("the bucket has %d replicas and direct reads: %v, want 3 and false", config.Replicas, config.AllowDirect)
	}
	t.Run("conformance", func(t *testing.T) {
		sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return b }, nil)
	})

	// Writers append what no one else writes, and remember what was acknowledged.
	// Others end sessions.
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var mu sync.Mutex
	acknowledged := make(map[string][]string)
	var ended []string
	for i := range 6 {
		key := fmt.Sprintf("list%d", i%2)
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				word := fmt.Sprintf("%d.%d ", i, n)
				if appendTo(ctx, b, key, word) == nil {
					mu.Lock()
					acknowledged[key] = append(acknowledged[key], word)
					mu.Unlock()
				}
				if id := fmt.Sprintf("ended%d.%d", i, n); end(ctx, b, id) == nil {
					mu.Lock()
					ended = append(ended, id)
					mu.Unlock()
				}
			}
		})
	}
	kills := 3
	if testing.Short() {
		kills = 1
	}
	for range kills {
		var leader *services.NATSNode
		eventually(t, func(ctx context.Context) error {
			info, err := stream.Info(ctx)
			if err != nil {
				return err
			}
			for _, node := range nodes {
				if node.Name == info.Cluster.Leader && node.Running() {
					leader = node
					return nil
				}
			}
			return errors.New("there is no leader")
		})
		before := count(&mu, acknowledged)
		leader.Kill()
		eventually(t, func(context.Context) error {
			if n := count(&mu, acknowledged); n < before+50 {
				return fmt.Errorf("%d commits since the leader was killed", n-before)
			}
			return nil
		})
		if err := leader.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	group.Wait()
	total := 0
	for key, words := range acknowledged {
		var stored string
		eventually(t, func(ctx context.Context) error {
			r, err := b.Read(ctx, key)
			stored = " " + string(r.Data)
			return err
		})
		for _, word := range words {
			total++
			if !strings.Contains(stored, " "+word) {
				t.Errorf("%s: %q was acknowledged and is lost", key, word)
			}
		}
	}
	for _, id := range ended {
		eventually(t, func(ctx context.Context) error {
			switch _, err := b.Read(ctx, id); {
			case err == nil:
				t.Errorf("%s was removed and is back", id)
				return nil
			case errors.Is(err, backends.ErrNotFound):
				return nil
			default:
				return err
			}
		})
	}
	t.Logf("%d acknowledged updates, %d ended records", total, len(ended))
	if total < 50 || len(ended) == 0 {
		t.Errorf("%d acknowledged updates, %d ended records: too few", total, len(ended))
	}
}

func count(mu *sync.Mutex, acknowledged map[string][]string) (n int) {
	mu.Lock()
	defer mu.Unlock()
	for _, words := range acknowledged {
		n += len(words)
	}
	return n
}

// appendTo adds a word to a record. It returns nil only if that was acknowledged.
func appendTo(ctx context.Context, b *nats.Backend, key, word string) error {
	for {
		once, cancel := context.WithTimeout(ctx, time.Second)
		r, err := b.Read(once, key)
		switch {
		case err == nil:
			err = b.Swap(once, key, r.Data, record(string(r.Data)+word))
		case errors.Is(err, backends.ErrNotFound):
			err = b.Swap(once, key, nil, record(word))
		}
		cancel()
		if !errors.Is(err, backends.ErrConflict) {
			return err
		}
	}
}

// end stores a record and removes it. It returns nil only if that was acknowledged.
func end(ctx context.Context, b *nats.Backend, id string) error {
	once, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := b.Swap(once, id, nil, record("x")); err != nil {
		return err
	}
	return b.Swap(once, id, []byte("x"), backends.Record{})
}

// TestReplicas: a bucket of others whose replicas answer reads is an error, until
// Migrate corrects it.
func TestReplicas(t *testing.T) {
	t.Parallel()
	nodes := services.NATSCluster(t, newest(t))
	conn, err := natsgo.Connect(nodes[0].URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		_, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "theirs", Replicas: 3})
		return err
	})
	b, err := nats.Open(nodes[1].URL(), &nats.Options{Bucket: "theirs"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	eventually(t, func(ctx context.Context) error {
		if _, err := b.Read(ctx, "id"); err == nil || !strings.Contains(err.Error(), "replicas") {
			return fmt.Errorf("Read: %w, want an error about replicas", errors.Join(err))
		}
		return nil
	})
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error { return b.Check(ctx) })
}
