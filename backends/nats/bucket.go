package nats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
)

// bucket is what a backend has to know about its bucket.
type bucket struct {
	stream  jetstream.Stream
	subject string // in front of every key
	publish string // the same, for publications
	expires bool   // the server deletes by itself
	maxAge  time.Duration
	maxSize int // of a message; 0 means that of the server
}

// The errors about buckets.
var (
	errNoBucket = errors.New("nats: the bucket does not exist: create it with Backend.Migrate")
	errOld      = errors.New("nats: servers before 2.11 accept two commits that replace the same revision if the bucket has replicas, so updates would be lost: use one replica, or newer servers")
	errReplicas = errors.New("nats: the bucket lets replicas answer reads, which may be behind: call Backend.Migrate, or turn its AllowDirect off")
	errDiscard  = errors.New("nats: the bucket drops old sessions when it is full: set the stream's discard policy to new")
)

// bucket returns the bucket. The first call that reaches the server looks it up.
func (b *Backend) bucket(ctx context.Context) (*bucket, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	opened := b.opened
	b.mu.Unlock()
	if opened != nil {
		return opened, nil
	}
	stream, err := b.js.Stream(ctx, streamOf(b.options.Bucket))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, errNoBucket
	}
	if err != nil {
		return nil, described(err)
	}
	return b.use(stream)
}

// forget makes the next call look the bucket up again, after an error that may mean
// that it is gone.
func (b *Backend) forget(err error) {
	if errors.Is(err, natsgo.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, context.DeadlineExceeded) {
		b.mu.Lock()
		b.opened = nil
		b.mu.Unlock()
	}
}

// use remembers the bucket with the given stream if it can keep what it promises.
func (b *Backend) use(stream jetstream.Stream) (*bucket, error) {
	config := stream.CachedInfo().Config
	if err := unfit(config, b.conn.ConnectedServerVersion()); err != nil {
		return nil, err
	}
	opened := &bucket{
		stream:  stream,
		subject: "$KV." + b.options.Bucket + ".",
		expires: config.AllowMsgTTL,
		maxAge:  config.MaxAge,
		maxSize: max(int(config.MaxMsgSize), 0),
	}
	opened.publish = opened.subject
	if b.options.Domain != "" {
		opened.publish = "$JS." + b.options.Domain + ".API." + opened.subject
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = opened
	return opened, nil
}

// unfit returns why a bucket on servers of that version cannot keep sessions.
func unfit(config jetstream.StreamConfig, version string) error {
	switch {
	case config.Replicas > 1 && !checksRevisions(version):
		return errOld
	case config.Replicas > 1 && config.AllowDirect:
		return errReplicas
	case config.Discard != jetstream.DiscardNew && (config.MaxBytes > 0 || config.MaxMsgs > 0):
		return errDiscard
	}
	return nil
}

// checksRevisions reports whether servers of that version compare revisions together
// with what is on its way to the replicas. Older ones compare before they send it.
func checksRevisions(version string) bool { return atLeast(version, 2, 11) }

func streamOf(bucket string) string { return "KV_" + bucket }

// Migrate creates the bucket, in files, or corrects the settings of an existing one on
// which promises depend. Any number of instances may call it at once. It needs the
// rights to create and to change the stream KV_ + Bucket only if there is something
// to do.
func (b *Backend) Migrate(ctx context.Context) error {
	if err := b.check(); err != nil {
		return err
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	stream, err := b.js.Stream(ctx, streamOf(b.options.Bucket)) // needs a connection
	if b.options.Replicas > 1 && b.conn.IsConnected() && !checksRevisions(b.conn.ConnectedServerVersion()) {
		return errOld
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.js.CreateStream(ctx, b.newConfig())
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another instance was faster
			stream, err = b.js.Stream(ctx, streamOf(b.options.Bucket))
		}
	}
	if err != nil {
		return described(err)
	}
	config := stream.CachedInfo().Config
	if b.correct(&config) {
		if stream, err = b.js.UpdateStream(ctx, config); err != nil {
			return described(err)
		}
	}
	_, err = b.use(stream)
	return err
}

// newConfig is what every program expects of a bucket, and what sessions need.
func (b *Backend) newConfig() jetstream.StreamConfig {
	config := jetstream.StreamConfig{
		Name:              streamOf(b.options.Bucket),
		Description:       "sessions of github.com/gosessions/sessions",
		Subjects:          []string{"$KV." + b.options.Bucket + ".>"},
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardNew,
		Storage:           jetstream.FileStorage,
		Replicas:          max(b.options.Replicas, 1),
		AllowRollup:       true,
		DenyDelete:        true,
	}
	b.correct(&config)
	return config
}

// correct sets the settings on which promises depend, and reports whether one was
// another.
func (b *Backend) correct(config *jetstream.StreamConfig) bool {
	before := *config
	if b.options.Replicas > 0 {
		config.Replicas = b.options.Replicas
	}
	config.AllowDirect = config.Replicas == 1
	config.Discard = jetstream.DiscardNew
	config.AllowMsgTTL = config.AllowMsgTTL || atLeast(b.conn.ConnectedServerVersion(), 2, 11)
	return config.Replicas != before.Replicas || config.AllowDirect != before.AllowDirect ||
		config.Discard != before.Discard || config.AllowMsgTTL != before.AllowMsgTTL
}

// atLeast reports whether version is major.minor or later.
func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return false
	}
	x, err := strconv.Atoi(parts[0])
	y, err2 := strconv.Atoi(parts[1])
	return err == nil && err2 == nil && (x > major || x == major && y >= minor)
}

// Check connects, and tries everything that the backend needs of its bucket. It
// returns what the server refuses, or what is wrong with the bucket's settings.
func (b *Backend) Check(ctx context.Context) error {
	b.mu.Lock()
	b.opened = nil // the settings may have changed
	b.mu.Unlock()
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	if _, err := b.bucket(ctx); err != nil {
		return err
	}
	id := "check-" + rand.Text()
	first := backends.Record{Data: []byte("1"), TTL: time.Minute}
	second := backends.Record{Data: []byte("2"), TTL: time.Minute}
	steps := []struct {
		name string
		do   func() error
	}{
		{"a new record", func() error { return b.Swap(ctx, id, nil, first) }},
		{"a changed record", func() error { return b.Swap(ctx, id, first.Data, second) }},
		{"a read", func() error { _, err := b.Read(ctx, id); return err }},
		{"a removed record", func() error { return b.Swap(ctx, id, second.Data, backends.Record{}) }},
		{"a sweep", func() error { return b.purge(ctx, keyOf(id), 0) }},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("nats: %s is refused: %w", step.name, err)
		}
	}
	return nil
}
