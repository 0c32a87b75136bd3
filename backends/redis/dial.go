package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

// eager returns a dialer that hides its failures from go-redis. After as many
// failed dials as the pool has connections, go-redis would refuse to dial and
// would try only once a second whether the server is back. Instead, a failed
// dial returns a connection that fails when it is first used, before any
// command is sent, with an error that go-redis does not retry: a server that
// refuses will do so again.
func eager(timeout time.Duration, config *tls.Config) dialer {
	dial := goredis.NewDialer(&goredis.Options{DialTimeout: timeout, TLSConfig: config})
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return stillborn{&dialError{err}}, nil
		}
		return conn, nil
	}
}

// dialError hides from go-redis that the error comes from the network.
type dialError struct{ err error }

func (e *dialError) Error() string { return "redis: " + e.err.Error() }

// Is lets errors.Is find the wrapped error. There is no Unwrap, so go-redis
// cannot.
func (e *dialError) Is(target error) bool { return errors.Is(e.err, target) }

// stillborn is the connection that a failed dial returns.
type stillborn struct{ err error }

// SyscallConn fails the check that a connection must pass to leave the pool, in
// case a stillborn one got into it.
func (c stillborn) SyscallConn() (syscall.RawConn, error) { return nil, c.err }

func (c stillborn) Read([]byte) (int, error)       { return 0, c.err }
func (c stillborn) Write([]byte) (int, error)      { return 0, c.err }
func (stillborn) Close() error                     { return nil }
func (stillborn) LocalAddr() net.Addr              { return new(net.TCPAddr) }
func (stillborn) RemoteAddr() net.Addr             { return new(net.TCPAddr) }
func (stillborn) SetDeadline(time.Time) error      { return nil }
func (stillborn) SetReadDeadline(time.Time) error  { return nil }
func (stillborn) SetWriteDeadline(time.Time) error { return nil }
