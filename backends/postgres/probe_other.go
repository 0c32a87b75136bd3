//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package postgres

import "net"

const canProbe = false

// probe cannot find out anything on this system; the pool's own ping remains.
func probe(net.Conn) state { return silent }
