//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package postgres

import (
	"net"
	"sync"
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
	p := peeks.Get().(*peek)
	defer peeks.Put(p)
	p.found = dead
	// Use Control: Read would wait for a reader that pgx may have left on the
	// connection.
	if raw.Control(p.look) != nil {
		return dead
	}
	return p.found
}

// peek is a look at a socket, kept because it would be three allocations.
type peek struct {
	found state
	first [1]byte
	look  func(fd uintptr)
}

var peeks = sync.Pool{New: func() any {
	p := new(peek)
	p.look = func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), p.first[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
			p.found = silent
		case err == nil && n > 0:
			p.found = talking
		}
	}
	return p
}}
