package zlib

import (
	"encoding/binary"
	"hash/adler32"
	"math/bits"
)

// Inflate appends what the zlib stream in src holds. It returns [ErrTooLarge]
// once that is more than limit bytes. Bytes after the stream are ignored, and
// preset dictionaries refused.
func Inflate(dst, src []byte, limit int) ([]byte, error) {
	if len(src) < 2 || src[0]&15 != 8 || src[0]>>4 > 7 || src[1]&0x20 != 0 || binary.BigEndian.Uint16(src)%31 != 0 {
		return nil, ErrCorrupt
	}
	d := decoder{src: src[2:], dst: dst, base: len(dst), limit: limit}
	for last := false; !last; {
		d.refill()
		header := d.take(3)
		last = header&1 != 0
		var err error
		switch header >> 1 {
		case 0:
			err = d.stored()
		case 1:
			err = d.block(&fixedTables.literals, &fixedTables.distances)
		case 2:
			err = d.dynamic()
		default:
			err = ErrCorrupt
		}
		if err != nil {
			return nil, err
		}
	}
	d.align()
	sum := d.src[d.pos:]
	if d.overrun() || len(sum) < 4 || binary.BigEndian.Uint32(sum) != adler32.Checksum(d.dst[d.base:]) {
		return nil, ErrCorrupt
	}
	return d.dst, nil
}

type decoder struct {
	src   []byte
	pos   int    // of the first byte not in bits
	bits  uint64 // the lowest bit comes first
	count uint   // of bits; those above may be set already
	lent  uint   // zero bits that were taken beyond the end of src

	dst         []byte
	base, limit int
}

// refill makes at least 56 bits available. Beyond the end of src they are
// zeros, which overrun finds out.
func (d *decoder) refill() {
	if d.pos+8 <= len(d.src) {
		d.bits |= binary.LittleEndian.Uint64(d.src[d.pos:]) << d.count
		d.pos += int(63-d.count) >> 3
		d.count |= 56
		return
	}
	for d.count <= 56 {
		if d.pos < len(d.src) {
			d.bits |= uint64(d.src[d.pos]) << d.count
			d.pos++
		} else {
			d.lent += 8
		}
		d.count += 8
	}
}

// overrun tells whether bits were used that src does not have.
func (d *decoder) overrun() bool { return d.lent > d.count }

// take returns the next n bits, which must be available.
func (d *decoder) take(n uint) uint {
	v := uint(d.bits & (1<<n - 1))
	d.bits >>= n
	d.count -= n
	return v
}

// align gives whole bytes back to src, and drops the rest of a byte.
func (d *decoder) align() {
	d.take(d.count & 7)
	whole := d.count
	if d.lent > whole {
		return // overrun
	}
	d.pos -= int(whole-d.lent) / 8
	d.bits, d.count, d.lent = 0, 0, 0
}

func (d *decoder) stored() error {
	d.align()
	head := d.src[d.pos:]
	if d.overrun() || len(head) < 4 {
		return ErrCorrupt
	}
	n := int(binary.LittleEndian.Uint16(head))
	if n != int(^binary.LittleEndian.Uint16(head[2:])) || len(head) < 4+n {
		return ErrCorrupt
	}
	if len(d.dst)-d.base+n > d.limit {
		return ErrTooLarge
	}
	d.dst = append(d.dst, head[4:4+n]...)
	d.pos += 4 + n
	return nil
}

// dynamic reads a block that begins with its own codes.
func (d *decoder) dynamic() error {
	d.refill()
	literals := int(d.take(5)) + 257
	distances := int(d.take(5)) + 1
	used := int(d.take(4)) + 4
	if literals > maxLiterals || distances > maxDistances {
		return ErrCorrupt
	}
	var lengths [maxLiterals + maxDistances]uint8
	for i := range used {
		if i == len(codeOrder)/2 {
			d.refill()
		}
		lengths[codeOrder[i]] = uint8(d.take(3))
	}
	var codes, literalTable table
	if !codes.build(lengths[:len(codeOrder)], lengthBits) {
		return ErrCorrupt
	}
	clear(lengths[:len(codeOrder)])
	for i := 0; i < literals+distances; {
		d.refill()
		symbol := d.symbol(&codes)
		if symbol == noSymbol || d.overrun() {
			return ErrCorrupt
		}
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		var repeat int
		var length uint8
		switch symbol {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			length, repeat = lengths[i-1], 3+int(d.take(2))
		case 17:
			repeat = 3 + int(d.take(3))
		default:
			repeat = 11 + int(d.take(7))
		}
		if i+repeat > literals+distances {
			return ErrCorrupt
		}
		for range repeat {
			lengths[i] = length
			i++
		}
	}
	if lengths[endOfBlock] == 0 || !literalTable.build(lengths[:literals], literalBits) || !codes.build(lengths[literals:literals+distances], distanceBits) {
		return ErrCorrupt
	}
	return d.block(&literalTable, &codes)
}

// block reads the symbols of a block.
func (d *decoder) block(literals, distances *table) error {
	dst, end := d.dst, d.base+d.limit
	for {
		d.refill()
		symbol := d.symbol(literals)
		if d.lent > 0 && d.overrun() {
			return ErrCorrupt
		}
		if symbol < endOfBlock {
			if len(dst) >= end {
				return ErrTooLarge
			}
			dst = append(dst, byte(symbol))
			continue
		}
		if symbol == endOfBlock {
			d.dst = dst
			return nil
		}
		if symbol >= maxLiterals {
			return ErrCorrupt
		}
		length := d.length(symbol)
		symbol = d.symbol(distances)
		if symbol >= maxDistances {
			return ErrCorrupt
		}
		distance := d.distance(symbol)
		if distance > len(dst)-d.base || d.lent > 0 && d.overrun() {
			return ErrCorrupt
		}
		if len(dst)+length > end {
			return ErrTooLarge
		}
		for from := len(dst) - distance; length > 0; {
			// An overlapping match repeats what it has written itself.
			n := min(length, len(dst)-from)
			dst = append(dst, dst[from:from+n]...)
			length -= n
		}
	}
}

// length returns the length of a match that symbol begins.
func (d *decoder) length(symbol uint) int {
	n := symbol - endOfBlock - 1
	switch {
	case n < 8:
		return int(n) + minMatch
	case n < 28:
		extra := n>>2 - 1
		return int((4+n&3)<<extra+d.take(extra)) + minMatch
	}
	return maxMatch
}

// distance returns how far back the match lies that symbol points to.
func (d *decoder) distance(symbol uint) int {
	if symbol < 4 {
		return int(symbol) + 1
	}
	extra := symbol>>1 - 1
	return int((2+symbol&1)<<extra+d.take(extra)) + 1
}

// The longest codes that one look-up decodes, in tables for literals,
// distances and code lengths. Longer ones are rare, larger tables take longer
// to make.
const (
	literalBits  = 9
	distanceBits = 6
	lengthBits   = 7
)

// table decodes a canonical Huffman code.
type table struct {
	fast    [1 << literalBits]uint16 // symbol<<4 | length, by the next bits; 0: look in the rest
	width   uint                     // bits that index fast
	counts  [maxBits + 1]uint16      // codes of each length
	symbols [288]uint16              // in the order of their codes
}

// build makes the table for codes of the given lengths, and returns false for
// lengths that no code has. As in zlib, a code may be incomplete if it has but
// one symbol, of one bit, or none at all, as long as nothing else is decoded;
// that of code lengths must not.
func (t *table) build(lengths []uint8, width int) bool {
	clear(t.counts[:])
	for _, length := range lengths {
		if length > 0 {
			t.counts[length]++
		}
	}
	left, longest := 1, 0
	var offsets [maxBits + 2]uint16
	for length := 1; length <= maxBits; length++ {
		count := t.counts[length]
		left = left<<1 - int(count)
		if left < 0 {
			return false
		}
		if count > 0 {
			longest = length
		}
		offsets[length+1] = offsets[length] + count
	}
	if left > 0 && longest > 0 && (width == lengthBits || longest > 1) {
		return false
	}
	for symbol, length := range lengths {
		if length > 0 {
			t.symbols[offsets[length]] = uint16(symbol)
			offsets[length]++
		}
	}
	// The table for one bit more is the one for fewer bits twice, and the
	// codes of that length besides.
	t.width, t.fast[0] = uint(width), 0
	code, index := uint16(0), 0
	for length := 1; length <= width; length++ {
		size := 1 << length
		copy(t.fast[size/2:size], t.fast[:size/2])
		code <<= 1
		for range t.counts[length] {
			t.fast[bits.Reverse16(code)>>(16-length)] = t.symbols[index]<<4 | uint16(length)
			code++
			index++
		}
	}
	return true
}

// symbol decodes the next symbol, noSymbol if there is none.
func (d *decoder) symbol(t *table) uint {
	entry := uint(t.fast[d.bits&(1<<t.width-1)&(1<<literalBits-1)])
	if entry == 0 {
		return d.longSymbol(t)
	}
	d.bits >>= entry & 15
	d.count -= entry & 15
	return entry >> 4
}

// noSymbol stands for bits that are no code.
const noSymbol = 1 << 16

// longSymbol decodes a symbol whose code is too long for the table. The codes
// of each length are consecutive numbers.
func (d *decoder) longSymbol(t *table) uint {
	code, first, index := 0, 0, 0
	for length := uint(1); length <= maxBits; length++ {
		code |= int(d.bits>>(length-1)) & 1
		count := int(t.counts[length])
		if code-first < count {
			d.take(length)
			return uint(t.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return noSymbol
}

// fixedTables are the codes of a block that gives none.
var fixedTables = func() (tables struct{ literals, distances table }) {
	tables.literals.build(fixedLengths[:], literalBits)
	var distances [32]uint8
	for i := range distances {
		distances[i] = fixedDistance
	}
	tables.distances.build(distances[:], distanceBits)
	return tables
}()
