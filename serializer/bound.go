package serializer

// BoundFormat is a [Format] whose records belong to the ID under which a backend
// keeps them: the data of one ID cannot be read under another. [Encrypted] returns
// one. Pack and Unpack, which know no ID, return an error that wraps
// [errors.ErrUnsupported].
type BoundFormat interface {
	Format

	// PackFor is like Pack, for a record that is to be stored under id. The same
	// content need not give the same data again.
	PackFor(id string, content *Content) ([]byte, error)

	// UnpackFor is like Unpack, for a record that is stored under id. It returns
	// an error that wraps [ErrCorrupt] if the record belongs to another ID.
	UnpackFor(id string, data []byte, content *Content) error
}

// PackFor calls f.PackFor if f is a [BoundFormat], and f.Pack otherwise. The content
// may be on the caller's stack.
func PackFor(f Format, id string, content *Content) ([]byte, error) {
	switch f := f.(type) {
	case nativeFormat:
		return f.Pack(content)
	case jsonFormat:
		return f.Pack(content)
	}
	// What a method of an unknown type is given has to be on the heap.
	copied := *content
	if f, ok := f.(BoundFormat); ok {
		return f.PackFor(id, &copied)
	}
	return f.Pack(&copied)
}

// UnpackFor calls f.UnpackFor if f is a [BoundFormat], and f.Unpack otherwise.
func UnpackFor(f Format, id string, data []byte, content *Content) error {
	if f, ok := f.(BoundFormat); ok {
		return f.UnpackFor(id, data, content)
	}
	return f.Unpack(data, content)
}

// CheckedFormat is a [Format] that can be made with wrong arguments.
type CheckedFormat interface {
	Format

	// Check returns what is wrong with the arguments and how to correct it, and
	// sentences about what works and is still weak. The constructor of the
	// middleware returns the one and logs the others.
	Check() (weak []string, err error)
}

// Check calls f.Check if f is a [CheckedFormat]; otherwise nothing is wrong.
func Check(f Format) (weak []string, err error) {
	if f, ok := f.(CheckedFormat); ok {
		return f.Check()
	}
	return nil, nil
}
