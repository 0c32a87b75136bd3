package serializer

import (
	"errors"

	"github.com/gosessions/sessions/internal/msgpack"
	"github.com/gosessions/sessions/internal/value"
)

// MsgPack encodes values as MessagePack, in the same forms as Python's msgspec
// and thus Flask-Session: small, and with distinct types for integers, floats,
// text, bytes and times. Integers must fit 64 bits, signed or unsigned. Times
// are stored in UTC, to the nanosecond, for the years 1 to 9999. UUIDs and
// markup are written as text and tuples as lists, and come back as such into a
// *any. Structs are dicts, by the rules of [JSON].
var MsgPack Serializer = msgpackSerializer{}

type msgpackSerializer struct{}

func (msgpackSerializer) Name() string { return "msgpack" }

func (s msgpackSerializer) Marshal(v any) ([]byte, error) {
	tree, err := fromGo(v, s)
	if err != nil {
		return nil, err
	}
	data, err := s.write(&tree)
	if err != nil {
		return nil, where(v, s)
	}
	return data, nil
}

func (s msgpackSerializer) Unmarshal(data []byte, v any) error {
	tree, err := msgpack.Decode(data)
	if errors.Is(err, msgpack.ErrExtension) {
		return mismatch("an extension type of MessagePack does not fit %T", v)
	}
	if err != nil {
		return ErrCorrupt
	}
	return target{}.toGo(&tree, v)
}

func (msgpackSerializer) encode(tree *value.Value) ([]byte, error) {
	return msgpack.Append(make([]byte, 0, len(tree.Text)+16), tree)
}

func (msgpackSerializer) decode(data []byte) (value.Value, error) { return msgpack.Decode(data) }

func (s msgpackSerializer) write(tree *value.Value) ([]byte, error) { return s.encode(tree) }
func (msgpackSerializer) target() target                            { return target{} }
func (msgpackSerializer) numbers() numbers                          { return float64Numbers }

// codec is a serializer of this package. Its values can be converted to those
// of another codec.
type codec interface {
	Name() string
	write(tree *value.Value) ([]byte, error)  // a Go value, which must come back unchanged
	encode(tree *value.Value) ([]byte, error) // a value of another codec
	decode(data []byte) (value.Value, error)
	target() target
	numbers() numbers
}

// transcode converts the values of fields from one encoding to another, in
// place. It returns [ErrCorrupt] if the other cannot hold a value.
func transcode(fields []Field, from, to codec) error {
	for i := range fields {
		tree, err := from.decode(fields[i].Value)
		if err != nil {
			return ErrCorrupt
		}
		if fields[i].Value, err = to.encode(&tree); err != nil {
			return ErrCorrupt
		}
	}
	return nil
}
