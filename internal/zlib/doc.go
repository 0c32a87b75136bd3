// Package zlib compresses and inflates documents of a few hundred bytes, whole
// and in memory, as Flask's cookies hold them (RFC 1950 and 1951).
//
// compress/zlib is made for streams: what it sets up for one costs several
// times as much as compressing such a document, and it ends each with an empty
// block of five bytes. Here a cookie is compressed in a quarter of the time and
// inflated in two thirds of it, and is as short as Python's zlib makes it.
package zlib

import "errors"

var (
	// ErrCorrupt reports what is no zlib stream.
	ErrCorrupt = errors.New("zlib: invalid stream")

	// ErrTooLarge reports a stream that holds more than was asked for.
	ErrTooLarge = errors.New("zlib: too much data")
)

const (
	endOfBlock = 256

	maxLiterals  = 286 // bytes, end of block, and lengths
	maxDistances = 30
	maxBits      = 15 // of a code

	minMatch = 3
	maxMatch = 258

	maxDistance = 32 << 10

	// MaxInput is the longest document that [Compress] takes.
	MaxInput = 1<<16 - 1
)

// codeOrder is the order in which a block gives the lengths of the codes that
// encode code lengths.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// fixedLengths are the lengths of the codes of a block that gives none.
var fixedLengths = func() (lengths [288]uint8) {
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	return lengths
}()

// fixedDistance is the length of every code for a distance in such a block.
const fixedDistance = 5
