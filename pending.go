package sessions

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Records that a move leaves behind until it is complete (move.go) are marked by
// their write tokens.

// pendingToken is the write token of a record that waits for its removal from
// the source. No commit's own token is as small.
const pendingToken = 2

func isPending(content *serializer.Content) bool {
	return content.Writes[len(content.Writes)-1] == pendingToken
}

// originOf names a record of a source within a pending record.
func originOf(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:8])
}

// isAbandoned reports whether a pending record is so old that the request which
// created it must have ended.
func (v *vault) isAbandoned(content *serializer.Content) bool {
	return time.Since(time.Unix(0, int64(content.Writes[0]))) > 2*v.timeout
}

// movedToken is the write token of a forwarding tombstone. The one before it names
// the pending record that the session moved to.
const movedToken = 3

// moveOf names a pending record.
func moveOf(content *serializer.Content) uint64 { return content.Writes[1] }

// forwards reports whether content is the forwarding tombstone of a pending
// record. If it is another one's, the session has moved and ended since.
func forwards(content, pending *serializer.Content) bool {
	n := len(content.Writes)
	return content.Retired && content.Writes[n-1] == movedToken && isPending(pending) && content.Writes[n-2] == moveOf(pending)
}
