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

// eager returns a dialer whose failures go-redis does not get to count: after
// as many as the pool has connections it would refuse to dial, and look only
// once a second whether the server is back. A failed dial is a connection that
// fails when it is first used, which is before any command is sent, and with an
// error that is not worth another try: a server that refuses will do so again.
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

// dialError hides from go-redis that it stems from the network.
type dialError struct{ err error }

func (e *dialError) Error() string { return "redis: " + e.err.Error() }

// Is implements what errors.Is asks for, in place of Unwrap.
func (e *dialError) Is(target error) bool { return errors.Is(e.err, target) }

// stillborn is a connection that was never made.
type stillborn struct{ err error }

// SyscallConn fails the check that a connection has to pass before it leaves the
// pool, should one have got in there.
func (c stillborn) SyscallConn() (syscall.RawConn, error) { return nil, c.err }

func (c stillborn) Read([]byte) (int, error)       { return 0, c.err }
func (c stillborn) Write([]byte) (int, error)      { return 0, c.err }
func (stillborn) Close() error                     { return nil }
func (stillborn) LocalAddr() net.Addr              { return new(net.TCPAddr) }
func (stillborn) RemoteAddr() net.Addr             { return new(net.TCPAddr) }
func (stillborn) SetDeadline(time.Time) error      { return nil }
func (stillborn) SetReadDeadline(time.Time) error  { return nil }
func (stillborn) SetWriteDeadline(time.Time) error { return nil }
