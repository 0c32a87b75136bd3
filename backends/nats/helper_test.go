package nats_test

import (
	"context"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// open returns a backend over a bucket of the test's own.
func open(t testing.TB, url string, options *nats.Options) *nats.Backend {
	t.Helper()
	var o nats.Options
	if options != nil {
		o = *options
	}
	if o.Bucket == "" {
		o.Bucket = services.Unique("sessions_")
	}
	b, err := nats.Open(url, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	eventually(t, func(ctx context.Context) error { return b.Migrate(ctx) })
	t.Cleanup(func() {
		conn, err := natsgo.Connect(url)
		if err != nil {
			return // the server was the test's own, and is broken
		}
		defer conn.Close()
		if js, err := jetstream.New(conn); err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = js.DeleteKeyValue(ctx, o.Bucket)
		}
	})
	return b
}

// eventually tries until do succeeds, because a connection is made in the background.
func eventually(t testing.TB, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		once, stop := context.WithTimeout(ctx, 5*time.Second)
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

// raw is JetStream as another program sees it.
func raw(t testing.TB, url string) jetstream.JetStream {
	t.Helper()
	conn, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func record(data string) backends.Record {
	return backends.Record{Data: []byte(data), TTL: time.Hour}
}
