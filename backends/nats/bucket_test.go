package nats_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// messages returns how many messages a bucket has, markers included.
func messages(t *testing.T, url, bucket string) uint64 {
	t.Helper()
	stream, err := raw(t, url).Stream(t.Context(), "KV_"+bucket)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

// create makes a bucket as another program might.
func create(t *testing.T, url string, change func(*jetstream.StreamConfig)) (bucket string) {
	t.Helper()
	bucket = services.Unique("sessions_")
	config := jetstream.StreamConfig{
		Name: "KV_" + bucket, Subjects: []string{"$KV." + bucket + ".>"},
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, AllowDirect: true,
	}
	change(&config)
	js := raw(t, url)
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = js.DeleteKeyValue(context.Background(), bucket) })
	return bucket
}

// connect opens an existing bucket.
func connect(t *testing.T, url, bucket string) *nats.Backend {
	t.Helper()
	b, err := nats.Open(url, &nats.Options{Bucket: bucket, SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// TestMigrate: it creates a bucket as other programs expect one, can run again and by
// many at once, and keeps what is stored.
func TestMigrate(t *testing.T) {
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	b := open(t, url, &nats.Options{Bucket: bucket})
	if _, err := b.Write(t.Context(), "id", record("x")); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	for range 4 {
		go func() { failed <- connect(t, url, bucket).Migrate(t.Context()) }()
	}
	for range 4 {
		if err := <-failed; err != nil {
			t.Errorf("Migrate: %v", err)
		}
	}
	kv, err := raw(t, url).KeyValue(t.Context(), bucket)
	if err != nil {
		t.Fatalf("another program does not find the bucket: %v", err)
	}
	if entry, err := kv.Get(t.Context(), "id"); err != nil || string(entry.Value()) != "x" {
		t.Errorf("another program reads %v, %v", entry, err)
	}
}

func TestNoBucket(t *testing.T) {
	b := connect(t, services.NATS(t), services.Unique("sessions_"))
	eventually(t, func(ctx context.Context) error {
		_, err := b.Read(ctx, "id")
		if err == nil || !strings.Contains(err.Error(), "Migrate") {
			return errors.Join(errors.New("want an error that names Migrate"), err)
		}
		return nil
	})
	for name, err := range map[string]error{
		"Check": b.Check(t.Context()),
		"Swap":  b.Swap(t.Context(), "id", nil, record("x")),
	} {
		if err == nil || !strings.Contains(err.Error(), "Migrate") {
			t.Errorf("%s: %v, want one that names Migrate", name, err)
		}
	}
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check after Migrate: %v", err)
	}
}

// TestUnfitBuckets: settings under which sessions would be lost are an error, which
// Migrate corrects.
func TestUnfitBuckets(t *testing.T) {
	url := services.NATS(t)
	bucket := create(t, url, func(c *jetstream.StreamConfig) {
		c.Discard, c.MaxBytes = jetstream.DiscardOld, 1<<20
	})
	b := connect(t, url, bucket)
	eventually(t, func(ctx context.Context) error {
		if err := b.Check(ctx); err == nil || !strings.Contains(err.Error(), "drops") {
			return errors.Join(errors.New("want an error about dropped sessions"), err)
		}
		return nil
	})
	if err := b.Swap(t.Context(), "id", nil, record("x")); !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("Swap: %v, want an ErrNotApplied", err)
	}
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check after Migrate: %v", err)
	}
}

// TestFull: a bucket that is full refuses new records and keeps what it has.
func TestFull(t *testing.T) {
	url := services.NATS(t)
	bucket := create(t, url, func(c *jetstream.StreamConfig) { c.MaxBytes = 10_000 })
	b := connect(t, url, bucket)
	var full error
	stored := 0
	eventually(t, func(ctx context.Context) error { return b.Check(ctx) })
	for ; stored < 1000; stored++ {
		if full = b.Swap(t.Context(), "id"+strings.Repeat("x", stored), nil, record(strings.Repeat("y", 500))); full != nil {
			break
		}
	}
	if full == nil || !strings.Contains(full.Error(), "maximum bytes") {
		t.Errorf("the bucket takes %d records, %v", stored, full)
	}
	for i := range stored {
		if _, err := b.Read(t.Context(), "id"+strings.Repeat("x", i)); err != nil {
			t.Errorf("Read of record %d: %v", i, err)
		}
	}
}

// TestMaxAge: a bucket with a TTL of its own cannot keep a session for longer, and
// says so.
func TestMaxAge(t *testing.T) {
	url := services.NATS(t)
	b := connect(t, url, create(t, url, func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }))
	eventually(t, func(ctx context.Context) error { return b.Check(ctx) })
	long := backends.Record{Data: []byte("x"), TTL: time.Hour + time.Minute}
	_, write := b.Write(t.Context(), "a", long)
	if _, err := b.Write(t.Context(), "b", record("x")); err != nil {
		t.Errorf("Write for an hour: %v", err)
	}
	_, touch := b.Touch(t.Context(), "b", long.TTL)
	for name, err := range map[string]error{"Write": write, "Swap": b.Swap(t.Context(), "a", nil, long), "Touch": touch} {
		if err == nil || !strings.Contains(err.Error(), "TTL") || !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("%s for longer: %v, want an ErrNotApplied about the TTL", name, err)
		}
	}
}

// TestForeign: what another program has put into the bucket is neither a session nor
// absent.
func TestForeign(t *testing.T) {
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	b := open(t, url, &nats.Options{Bucket: bucket})
	kv, err := raw(t, url).KeyValue(t.Context(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.PutString(t.Context(), "id", "theirs"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Read": func() error { _, err := b.Read(t.Context(), "id"); return err }(),
		"Swap": b.Swap(t.Context(), "id", nil, record("x")),
		"Walk": b.Walk(t.Context(), func(backends.Entry) error { return nil }),
	} {
		if err == nil || errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrConflict) || !strings.Contains(err.Error(), "bucket of their own") {
			t.Errorf("%s: %v, want an error about the bucket", name, err)
		}
	}
	if err := kv.Purge(t.Context(), "id"); err != nil { // a marker of another kind
		t.Fatal(err)
	}
	if err := b.Swap(t.Context(), "id", nil, record("x")); err != nil {
		t.Errorf("Swap after a purge: %v", err)
	}
}

// TestDomain: a bucket in a JetStream domain.
func TestDomain(t *testing.T) {
	server := services.NATSServer(t, services.NATSOptions{Config: []string{"jetstream { domain: hub }"}})
	b := open(t, server.URL(), &nats.Options{Domain: "hub"})
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	other, err := nats.Open(server.URL(), &nats.Options{Domain: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	eventually(t, func(ctx context.Context) error {
		if err := other.Check(ctx); err == nil || !strings.Contains(err.Error(), "does not exist") {
			return errors.Join(errors.New("want an error"), err)
		}
		return nil
	})
}
