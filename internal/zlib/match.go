package zlib

import (
	"encoding/binary"
	"math/bits"
)

const (
	hashBits = 11 // at most, fewer for short documents

	// maxChain is how many earlier places are tried for a match, and
	// enough the length that ends the search.
	maxChain = 32
	enough   = 64

	// farAway is the distance from which three bytes are cheaper as literals.
	farAway = 4096
)

// token is a literal byte, or length<<16 | distance-1 of a match.
type token uint32

func (t token) isMatch() bool { return t > 0xff }

func (t token) match() (length, distance int) { return int(t >> 16), int(t&0xffff) + 1 }

// matcher finds what a document repeats.
type matcher struct {
	window []byte                // the document, and room to read eight bytes at its end
	length int                   // of the document
	shift  uint                  // of a hash, down to the bits that are used
	head   [1 << hashBits]uint16 // by hash, the last place + 1; 0: none
	prev   [MaxInput + 1]uint16  // by place, the place before it with the same hash, + 1
	tokens []token

	literals  [maxLiterals]uint16 // how often each symbol is used
	distances [maxDistances]uint16
}

// scan splits data into tokens and counts their symbols. Like zlib, it takes
// the longest match that it finds, unless the next byte begins a longer one.
func (m *matcher) scan(data []byte) {
	m.window = append(append(m.window[:0], data...), 0, 0, 0, 0, 0, 0, 0, 0)
	m.length = len(data)
	width := min(max(bits.Len(uint(len(data))), 7), hashBits)
	m.shift = uint(32 - width)
	clear(m.head[:1<<width])
	clear(m.literals[:])
	clear(m.distances[:])
	m.tokens = m.tokens[:0]

	held := 0 // the length of the match at the byte before, 0: there is none
	heldDistance := 0
	i := 0
	for i+minMatch <= m.length {
		before := m.insert(i)
		length, distance := 0, 0
		if before >= 0 && held < enough {
			length, distance = m.longest(i, before, max(held, minMatch-1))
		}
		switch {
		case held >= minMatch && length == 0:
			m.addMatch(held, heldDistance)
			end := i - 1 + held
			for i++; i < end; i++ {
				m.insert(i)
			}
			held = 0
			continue
		case held >= minMatch: // the new one is longer
			m.addLiteral(data[i-1])
		case length == 0:
			m.addLiteral(data[i])
		}
		held, heldDistance = length, distance
		i++
	}
	if held >= minMatch {
		m.addMatch(held, heldDistance)
		i += held - 1
	}
	for ; i < m.length; i++ {
		m.addLiteral(data[i])
	}
	m.literals[endOfBlock]++
}

// insert notes place i, and returns the last place with the same hash, -1 if
// there is none.
func (m *matcher) insert(i int) (before int) {
	v := binary.LittleEndian.Uint32(m.window[i:]) << 8
	head := &m.head[v*0x9e3779b1>>m.shift&(1<<hashBits-1)]
	before = int(*head) - 1
	m.prev[i&MaxInput] = *head
	*head = uint16(i + 1)
	return before
}

// longest returns the longest match at i, among the place at and those before
// it with the same hash, that is longer than best; 0 if there is none.
func (m *matcher) longest(i, at, best int) (length, distance int) {
	limit := min(maxMatch, m.length-i)
	window := m.window
	for range maxChain {
		if best >= limit || i-at > maxDistance {
			break
		}
		if window[at+best] == window[i+best] {
			n := common(window[at:], window[i:], limit)
			if n > best && (n > minMatch || i-at <= farAway) {
				best, length, distance = n, n, i-at
				if n >= enough {
					break
				}
			}
		}
		if at = int(m.prev[at&MaxInput]) - 1; at < 0 {
			break
		}
	}
	return length, distance
}

// common returns how many bytes a and b have in common at their beginning, at
// most limit. Both are followed by eight bytes more.
func common(a, b []byte, limit int) int {
	for n := 0; n < limit; n += 8 {
		if differ := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); differ != 0 {
			return min(n+bits.TrailingZeros64(differ)/8, limit)
		}
	}
	return limit
}

func (m *matcher) addLiteral(c byte) {
	m.tokens = append(m.tokens, token(c))
	m.literals[c]++
}

func (m *matcher) addMatch(length, distance int) {
	m.tokens = append(m.tokens, token(length<<16|(distance-1)))
	symbol, _, _ := lengthSymbol(length)
	m.literals[symbol]++
	symbol, _, _ = distanceSymbol(distance)
	m.distances[symbol]++
}

// lengthSymbol returns the symbol for the length of a match, and the bits that
// follow it.
func lengthSymbol(length int) (symbol int, extra uint, value uint64) {
	n := length - minMatch
	switch {
	case length == maxMatch:
		return endOfBlock + 29, 0, 0
	case n < 8:
		return endOfBlock + 1 + n, 0, 0
	}
	extra = uint(bits.Len(uint(n)) - 3)
	return endOfBlock + 1 + int(extra+1)<<2 + n>>extra&3, extra, uint64(n & (1<<extra - 1))
}

// distanceSymbol returns the symbol for the distance of a match, and the bits
// that follow it.
func distanceSymbol(distance int) (symbol int, extra uint, value uint64) {
	n := distance - 1
	if n < 4 {
		return n, 0, 0
	}
	extra = uint(bits.Len(uint(n)) - 2)
	return int(extra+1)<<1 + n>>extra&1, extra, uint64(n & (1<<extra - 1))
}

// extraOfLength returns the number of bits that follow the symbol for a length.
func extraOfLength(symbol int) int {
	if symbol < endOfBlock+9 || symbol == endOfBlock+29 {
		return 0
	}
	return (symbol-endOfBlock-1)>>2 - 1
}

// extraOfDistance returns the number of bits that follow the symbol for a
// distance.
func extraOfDistance(symbol int) int { return max(symbol>>1-1, 0) }
