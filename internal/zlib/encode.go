package zlib

import (
	"encoding/binary"
	"hash/adler32"
	"sync"
)

// Compress appends the zlib stream of data if that is shorter than limit bytes;
// otherwise it returns dst as it was, and false. It takes at most [MaxInput]
// bytes.
func Compress(dst, data []byte, limit int) ([]byte, bool) {
	if len(data) > MaxInput {
		return dst, false
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.scan(data)

	const frame = 2 + 4 // header and checksum
	budget := (limit-1-frame)*8 - 3
	cost, fixed := e.plan(budget)
	if cost > budget {
		return dst, false
	}
	w := writer{dst: append(dst, 0x78, 0x9c)} // as zlib's default level has it
	if fixed {
		w.put(1|1<<1, 3)
		e.write(&w, &fixedCodes.literals, &fixedCodes.distances)
	} else {
		w.put(1|2<<1, 3)
		e.writeCodes(&w)
		e.write(&w, &e.literalCode, &e.distanceCode)
	}
	return binary.BigEndian.AppendUint32(w.flush(), adler32.Checksum(data)), true
}

// encoder is what compressing needs besides its result.
type encoder struct {
	matcher

	// The symbols in use, and the codes made for them.
	literalSymbols, distanceSymbols        []uint16
	literalCode, distanceCode, lengthsCode code

	runs   []run // the lengths of both codes, run-length encoded
	orders int   // of lengthsCode, in codeOrder
}

var encoders = sync.Pool{New: func() any { return &encoder{} }}

// run is one symbol of the code for code lengths, and the bits that follow it.
type run struct {
	symbol, extra, value uint8
}

// plan chooses between a block with fixed codes and one with its own, and
// returns its size in bits. It prepares the codes only if they could fit the
// budget.
func (e *encoder) plan(budget int) (cost int, fixed bool) {
	e.literalSymbols = used(e.literalSymbols[:0], e.literals[:])
	e.distanceSymbols = used(e.distanceSymbols[:0], e.distances[:])
	payload := e.size(&fixedCodes.literals, &fixedCodes.distances)
	// What the codes cost to write is about four bits for each symbol; what
	// they save is seldom more than a third. Without hope, do not try.
	header := 50 + 4*(len(e.literalSymbols)+len(e.distanceSymbols))
	if payload*2/3+header > min(payload, budget) {
		return payload, true
	}
	e.literalCode.build(e.literalSymbols, e.literals[:], maxBits)
	e.distanceCode.build(e.distanceSymbols, e.distances[:], maxBits)
	own := e.encodeLengths() + e.size(&e.literalCode, &e.distanceCode)
	if own < payload {
		return own, false
	}
	return payload, true
}

// size returns the number of bits that the tokens take with these codes.
func (e *encoder) size(literals, distances *code) (bits int) {
	for _, symbol := range e.literalSymbols {
		bits += int(e.literals[symbol]) * (int(literals.lengths[symbol]) + extraOfLength(int(symbol)))
	}
	for _, symbol := range e.distanceSymbols {
		bits += int(e.distances[symbol]) * (int(distances.lengths[symbol]) + extraOfDistance(int(symbol)))
	}
	return bits
}

// encodeLengths prepares the beginning of a block with its own codes, and
// returns its size in bits.
func (e *encoder) encodeLengths() int {
	var lengths [maxLiterals + maxDistances]uint8
	n := copy(lengths[:], e.literalCode.lengths[:e.literalCode.last+1])
	n += copy(lengths[n:], e.distanceCode.lengths[:e.distanceCode.last+1])

	e.runs = e.runs[:0]
	var frequencies [len(codeOrder)]uint16
	add := func(r run) {
		e.runs = append(e.runs, r)
		frequencies[r.symbol]++
	}
	for i := 0; i < n; {
		length, count := lengths[i], 1
		for i+count < n && lengths[i+count] == length {
			count++
		}
		i += count
		if length != 0 {
			add(run{symbol: length})
			count--
			for count >= 3 {
				repeat := min(count, 6)
				add(run{16, 2, uint8(repeat - 3)})
				count -= repeat
			}
		} else {
			for count >= 3 {
				repeat := min(count, 138)
				if repeat <= 10 {
					add(run{17, 3, uint8(repeat - 3)})
				} else {
					add(run{18, 7, uint8(repeat - 11)})
				}
				count -= repeat
			}
		}
		for range count {
			add(run{symbol: length})
		}
	}
	clear(e.lengthsCode.lengths[:len(codeOrder)])
	var symbols [len(codeOrder)]uint16
	e.lengthsCode.build(used(symbols[:0], frequencies[:]), frequencies[:], 7)
	e.orders = len(codeOrder)
	for e.lengthsCode.lengths[codeOrder[e.orders-1]] == 0 {
		e.orders--
	}
	size := 5 + 5 + 4 + 3*e.orders
	for _, r := range e.runs {
		size += int(e.lengthsCode.lengths[r.symbol] + r.extra)
	}
	return size
}

// writeCodes writes what encodeLengths has prepared.
func (e *encoder) writeCodes(w *writer) {
	w.put(uint64(e.literalCode.last-endOfBlock), 5)
	w.put(uint64(e.distanceCode.last), 5)
	w.put(uint64(e.orders-4), 4)
	for _, symbol := range codeOrder[:e.orders] {
		w.put(uint64(e.lengthsCode.lengths[symbol]), 3)
	}
	for _, r := range e.runs {
		w.code(&e.lengthsCode, int(r.symbol))
		w.put(uint64(r.value), uint(r.extra))
	}
}

// write writes the tokens and the end of the block.
func (e *encoder) write(w *writer, literals, distances *code) {
	for _, t := range e.tokens {
		if !t.isMatch() {
			w.code(literals, int(t))
			continue
		}
		length, distance := t.match()
		symbol, extra, value := lengthSymbol(length)
		w.code(literals, symbol)
		w.put(value, extra)
		symbol, extra, value = distanceSymbol(distance)
		w.code(distances, symbol)
		w.put(value, extra)
	}
	w.code(literals, endOfBlock)
}

// writer packs bits into bytes, from the lowest on.
type writer struct {
	dst   []byte
	bits  uint64
	count uint
}

func (w *writer) put(value uint64, n uint) {
	w.bits |= value << w.count
	w.count += n
	if w.count >= 48 {
		w.dst = binary.LittleEndian.AppendUint32(w.dst, uint32(w.bits))
		w.bits >>= 32
		w.count -= 32
	}
}

func (w *writer) code(c *code, symbol int) {
	w.put(uint64(c.bits[symbol]), uint(c.lengths[symbol]))
}

// flush writes what is left, filled up to a whole byte.
func (w *writer) flush() []byte {
	for n := uint(0); n < w.count; n += 8 {
		w.dst = append(w.dst, byte(w.bits>>n))
	}
	return w.dst
}

// fixedCodes are the codes of a block that gives none.
var fixedCodes = func() (codes struct{ literals, distances code }) {
	var symbols [len(fixedLengths)]uint16
	for i := range symbols {
		symbols[i] = uint16(i)
	}
	codes.literals.lengths = fixedLengths
	codes.literals.assign(symbols[:])
	for i := range maxDistances {
		codes.distances.lengths[i] = fixedDistance
	}
	codes.distances.assign(symbols[:maxDistances])
	return codes
}()
