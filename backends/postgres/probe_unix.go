//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package postgres

import (
	"net"
	"syscall"
)

const canProbe = true

// probe finds out whether an idle connection has anything to read, without
// reading it. It takes about a microsecond and never waits.
func probe(conn net.Conn) state {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	c, ok := conn.(syscall.Conn)
	if !ok {
		return silent
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return dead
	}
	result := dead
	// Use Control: Read would wait for a reader that pgx may have left on the
	// connection.
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
			result = silent
		case err == nil && n > 0:
			result = talking
		}
	})
	if err != nil {
		return dead
	}
	return result
}
