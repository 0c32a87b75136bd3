package nats_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// TestOldCluster: servers before 2.11 may accept two commits that replace the same
// revision if there are replicas. There the backend refuses replicas, also in a bucket
// that another program has made, and works with one. (Module newer has the tests for newer servers.)
func TestOldCluster(t *testing.T) {
	t.Parallel()
	nodes := services.NATSCluster(t, services.NATSOptions{})
	url := nodes[0].URL()
	const theirs = "theirs"
	js := raw(t, url)
	eventually(t, func(ctx context.Context) error {
		_, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: theirs, Replicas: 3})
		return err
	})
	if version := js.Conn().ConnectedServerVersion(); !strings.HasPrefix(version, "2.9.") && !strings.HasPrefix(version, "2.10.") {
		t.Skipf("nats-server is %s here", version)
	}
	b := connect(t, url, theirs)
	refused := func(err error) bool { return err != nil && strings.Contains(err.Error(), "before 2.11") }
	eventually(t, func(ctx context.Context) error {
		if _, err := b.Read(ctx, "id"); !refused(err) {
			return fmt.Errorf("Read: %w, want one about the version", errors.Join(err))
		}
		return nil
	})
	if err := b.Swap(t.Context(), "id", nil, record("x")); !refused(err) || !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("Swap: %v, want an ErrNotApplied about the version", err)
	}
	three, err := nats.Open(url, &nats.Options{Bucket: "three", Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer three.Close()
	eventually(t, func(ctx context.Context) error {
		if err := three.Migrate(ctx); !refused(err) {
			return fmt.Errorf("Migrate: %w, want one about the version", errors.Join(err))
		}
		return nil
	})

	one := open(t, nodes[1].URL(), &nats.Options{Bucket: "one", SweepEvery: -1})
	sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return one }, nil)
}
