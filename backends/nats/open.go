package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
)

// Backend keeps sessions in a bucket of JetStream. Make it with [Open] or [New]. It
// is safe for concurrent use.
//
// It is a [backends.Swapper], [backends.Toucher], [backends.Sweeper] and
// [backends.Walker]. It is neither a [backends.SubjectIndex] nor a
// [backends.Rotator], because JetStream changes one key at a time. A call ends with
// its context, or after five seconds if that has no deadline. If the acknowledgment
// of a publication does not come, its outcome is unknown, and it is not sent again.
type Backend struct {
	conn    *natsgo.Conn
	js      jetstream.JetStream
	options Options
	invalid error

	mu     sync.Mutex
	opened *bucket // nil until it was looked up

	owned bool // Close closes conn
	stop  context.CancelFunc
	wait  sync.WaitGroup
}

var (
	_ backends.Swapper   = (*Backend)(nil)
	_ backends.Toucher   = (*Backend)(nil)
	_ backends.Sweeper   = (*Backend)(nil)
	_ backends.Walker    = (*Backend)(nil)
	_ backends.Describer = (*Backend)(nil)
)

// Open returns a backend with a connection of its own for url, which may name several
// servers of a cluster, separated by commas: "nats://user:password@host:4222",
// "tls://host:4222". It does not wait for the server: if that is down, the first
// requests fail, and the connection is made as soon as the server is up.
//
// The connection looks for a server forever, and does not buffer what is sent while
// there is none: such a commit fails at once, and certainly changes nothing. More
// options are those of nats.go, such as [natsgo.UserCredentials]; they take
// precedence.
func Open(url string, options *Options, more ...natsgo.Option) (*Backend, error) {
	if strings.TrimSpace(url) == "" {
		return nil, errors.New("nats: the URL is empty: it looks like nats://user:password@host:4222")
	}
	if _, err := options.withDefaults(); err != nil {
		return nil, err
	}
	conn, err := natsgo.Connect(url, append([]natsgo.Option{
		natsgo.Name("sessions"),
		natsgo.RetryOnFailedConnect(true),
		natsgo.MaxReconnects(-1),
		natsgo.ReconnectWait(100 * time.Millisecond),
		natsgo.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		natsgo.ReconnectBufSize(-1),
		natsgo.Timeout(2 * time.Second),
		natsgo.PingInterval(10 * time.Second), // finds a server that hangs
	}, more...)...)
	if err != nil {
		// The parser's own error might quote the password.
		if strings.Contains(err.Error(), "parse") {
			err = errors.New("the URL cannot be parsed: it looks like nats://user:password@host:4222, with what is special in the password percent-encoded")
		}
		return nil, fmt.Errorf("nats: %w", err)
	}
	b := New(conn, options)
	b.owned = true
	return b, nil
}

// New returns a backend that uses conn, and starts to delete expired records in the
// background. The bucket must exist by the time of the first request: see
// [Backend.Migrate]. New never fails: if its arguments are invalid,
// [Backend.Describe] and every other method report the error, and so does the
// middleware's constructor.
//
// Connect with [natsgo.ReconnectBufSize] (-1), as [Open] does. Otherwise a commit that
// was given up may reach the server much later; it is then refused, unless the session
// has not changed. Call [Backend.Close] at the end; conn stays open.
func New(conn *natsgo.Conn, options *Options) *Backend {
	b := &Backend{conn: conn, stop: func() {}}
	b.options, b.invalid = options.withDefaults()
	if conn == nil {
		b.invalid = errors.New("nats: the connection is nil: give one, or use nats.Open")
	}
	if b.invalid != nil {
		return b
	}
	if b.options.Domain != "" {
		b.js, b.invalid = jetstream.NewWithDomain(conn, b.options.Domain)
	} else {
		b.js, b.invalid = jetstream.New(conn)
	}
	if b.invalid == nil && b.options.SweepEvery > 0 {
		var ctx context.Context
		ctx, b.stop = context.WithCancel(context.Background())
		b.wait.Go(func() { b.sweepAgain(ctx) })
	}
	return b
}

// Close stops the background sweep and, if [Open] made the connection, closes it.
func (b *Backend) Close() error {
	if b.stop == nil {
		return errNotMade
	}
	b.stop()
	b.wait.Wait()
	if b.owned {
		b.conn.Close()
	}
	return nil
}

var errNotMade = errors.New("nats: the backend is a zero value: make it with nats.Open or nats.New")

// check returns what is wrong with b.
func (b *Backend) check() error {
	if b.stop == nil {
		return errNotMade
	}
	return b.invalid
}

const (
	// defaultMaxPayload is the limit of a server that is not connected yet.
	defaultMaxPayload = 1 << 20

	// headers is how much of it the headers of a message take, unless it contains a
	// long ID.
	headers = 512
)

// Describe implements [backends.Describer]. MaxSize is what the connected server
// accepts, or what servers accept by default if none is connected.
func (b *Backend) Describe() backends.Facts {
	facts := backends.Facts{Err: b.check()}
	if facts.Err == nil {
		facts.MaxSize = b.maxPayload() - headers
	}
	return facts
}

func (b *Backend) maxPayload() int {
	if max := b.conn.MaxPayload(); max > headers {
		return int(max)
	}
	return defaultMaxPayload
}
