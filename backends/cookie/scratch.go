package cookie

import (
	"slices"
	"sync"
)

// scratches holds the buffers in which tokens are built, so that the only
// allocation of a token is the token itself.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// maxScratch is the capacity up to which a buffer is reused, so that one huge
// session does not pin its memory forever.
const maxScratch = 64 << 10

// getScratch returns an empty buffer with room for size bytes.
func getScratch(size int) *[]byte {
	buffer := scratches.Get().(*[]byte)
	*buffer = slices.Grow((*buffer)[:0], size)
	return buffer
}

func putScratch(buffer *[]byte) {
	if cap(*buffer) <= maxScratch {
		scratches.Put(buffer)
	}
}
