package zlib

// CodeLengths returns the lengths of the best code for symbols of these
// frequencies, none longer than limit.
func CodeLengths(frequencies []uint16, limit uint8) []uint8 {
	var c code
	c.build(used(nil, frequencies), frequencies, limit)
	return c.lengths[:len(frequencies)]
}
