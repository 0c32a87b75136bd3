package zlib

import (
	"math/bits"
	"slices"
)

// code is a Huffman code: for each symbol its bits, in the order in which a
// stream has them, and their number. Those of symbols that the code lacks are
// left over from an earlier use, but for their lengths up to last.
type code struct {
	bits    [288]uint16
	lengths [288]uint8
	last    int // the last symbol that has a code
}

// assign gives symbols, in ascending order, the codes that follow from their
// lengths.
func (c *code) assign(symbols []uint16) {
	var counts, next [maxBits + 2]uint16
	for _, symbol := range symbols {
		counts[c.lengths[symbol]]++
	}
	for length := 1; length <= maxBits; length++ {
		next[length+1] = (next[length] + counts[length]) << 1
	}
	for _, symbol := range symbols {
		length := c.lengths[symbol]
		c.bits[symbol] = bits.Reverse16(next[length]) >> (16 - length)
		next[length]++
	}
	c.last = int(symbols[len(symbols)-1])
}

// build makes the best code, of which none is longer than limit bits, for
// symbols that are used with the given frequencies. A code of one symbol is
// not complete, so there are at least two.
func (c *code) build(symbols []uint16, frequencies []uint16, limit uint8) {
	var room [2]uint16
	if len(symbols) < 2 {
		symbols = append(room[:0], symbols...)
		for extra := uint16(0); len(symbols) < 2; extra++ {
			if !slices.Contains(symbols, extra) {
				symbols = append(symbols, extra)
			}
		}
		slices.Sort(symbols)
	}
	var leaves [maxLiterals]uint32 // frequency<<16 | symbol
	for i, symbol := range symbols {
		leaves[i] = uint32(frequencies[symbol])<<16 | uint32(symbol)
	}
	used := leaves[:len(symbols)]
	slices.Sort(used)
	clear(c.lengths[:symbols[len(symbols)-1]+1])
	for !c.measure(used, limit) {
		// Too deep, which takes frequencies that grow like Fibonacci's numbers:
		// flatten them and try again.
		for i, leaf := range used {
			used[i] = (leaf>>17+1)<<16 | leaf&0xffff
		}
	}
	c.assign(symbols)
}

// measure sets the lengths of the codes for the symbols in leaves, which are
// sorted by frequency, and returns false if one is longer than limit.
func (c *code) measure(leaves []uint32, limit uint8) bool {
	// Huffman's algorithm with two queues: the leaves, and the nodes, which
	// come to be in the order of their weight.
	var weights [maxLiterals]uint32
	var leafParent, nodeParent [maxLiterals]uint16
	leaf, node := 0, 0
	for made := range len(leaves) - 1 {
		for range 2 {
			if leaf < len(leaves) && (node >= made || leaves[leaf]>>16 <= weights[node]) {
				weights[made] += leaves[leaf] >> 16
				leafParent[leaf] = uint16(made)
				leaf++
			} else {
				weights[made] += weights[node]
				nodeParent[node] = uint16(made)
				node++
			}
		}
	}
	root := len(leaves) - 2
	var depths [maxLiterals]uint8
	for i := root - 1; i >= 0; i-- {
		depths[i] = depths[nodeParent[i]] + 1
	}
	for i, leaf := range leaves {
		depth := depths[leafParent[i]] + 1
		if depth > limit {
			return false
		}
		c.lengths[leaf&0xffff] = depth
	}
	return true
}

// used appends the symbols with a frequency, in ascending order.
func used(dst []uint16, frequencies []uint16) []uint16 {
	for symbol, n := range frequencies {
		if n > 0 {
			dst = append(dst, uint16(symbol))
		}
	}
	return dst
}
