//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package postgres

import "net"

const canProbe = false

// probe knows nothing here; the pool's own ping remains.
func probe(net.Conn) state { return silent }
