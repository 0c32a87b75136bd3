//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package postgres

import (
	"net"
	"syscall"
)

const canProbe = true

// probe looks whether there is something to be read from an idle connection,
// and leaves it there. It takes about a microsecond and never waits.
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
	// Control and not Read, which would wait for a reader that pgx may have
	// left behind on the connection.
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
