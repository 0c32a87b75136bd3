package cookie

import (
	"slices"
	"sync"
)

// scratches holds the buffers in which tokens are put together, so that a token
// costs one allocation: itself.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// maxScratch keeps one huge session from pinning its memory for ever.
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
