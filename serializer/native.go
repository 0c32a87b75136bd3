package serializer

import (
	"encoding/binary"
	"math"
	"time"
)

// Native returns the format of this module's own records, with values encoded
// by s. It holds all metadata.
//
// A record names its serializer. If that is a different one of this package's,
// the values are converted to those of s, so an application can change its
// serializer and keep its sessions. A value of a type that only the old one
// supports comes back as text. Any other name is [ErrNewer]: an instance with
// another configuration wrote the record.
//
// The layout is binary, every length before what it measures, integers as in
// [encoding/binary.AppendUvarint] unless their size is given:
//
//	version    1 byte, 1
//	flags      1 byte: 1 retired, 2 persistent, 4 browser session, and what
//	           is present: 8 created, 16 lifetime, 32 subject, 64 writes,
//	           128 label
//	serializer length, name
//	created    8 bytes big-endian, nanoseconds since 1970, signed
//	lifetime   nanoseconds
//	subject    length, bytes
//	writes     4 times 8 bytes big-endian
//	label      length, bytes
//	fields     number; each key length, key, value length, value
//
// Keys are in ascending order, so equal contents have equal records.
func Native(s Serializer) Format { return nativeFormat{s} }

type nativeFormat struct{ values Serializer }

const nativeVersion = 1

// maxVersion is the largest possible version. Versions are control characters,
// with which no other format begins; a larger byte means that the record is
// damaged.
const maxVersion = 0x1f

// The flags of a native record. The two bits of persistence hold its value.
const (
	hasRetired = 1 << iota
	hasPersistent
	hasBrowserSession
	hasCreated
	hasLifetime
	hasSubject
	hasWrites
	hasLabel
)

const maxSerializerName = 32

func (f nativeFormat) Name() string           { return "native-" + f.values.Name() }
func (f nativeFormat) Serializer() Serializer { return f.values }

func (f nativeFormat) Holds() Holds {
	return Holds{Created: true, Lifetime: true, Persistence: true, Subject: true, Label: true, Writes: true, Retired: true}
}

func (f nativeFormat) Pack(content *Content) ([]byte, error) {
	name := f.values.Name()
	if !isSerializerName(name) {
		return nil, mismatch("a serializer's name must have 1 to 32 lower-case letters, digits and hyphens")
	}
	if content.Lifetime < 0 {
		return nil, mismatch("the lifetime is negative")
	}
	if content.Persistence > BrowserSession {
		return nil, mismatch("unknown persistence")
	}
	created, ok := unixNano(content.Created)
	if !ok {
		return nil, mismatch("the time of creation is out of range")
	}
	size := 2 + 1 + len(name) + 8 + binary.MaxVarintLen64 + 2 + len(content.Subject) + 2 + len(content.Label) + 4*8 + binary.MaxVarintLen64
	for _, field := range content.Fields {
		size += uvarintLen(len(field.Key)) + len(field.Key) + uvarintLen(len(field.Value)) + len(field.Value)
	}
	flags := byte(content.Persistence) << 1
	dst := append(make([]byte, 0, size), nativeVersion, 0)
	dst = appendBytes(dst, name)
	if content.Retired {
		flags |= hasRetired
	}
	if !content.Created.IsZero() {
		flags |= hasCreated
		dst = binary.BigEndian.AppendUint64(dst, uint64(created))
	}
	if content.Lifetime > 0 {
		flags |= hasLifetime
		dst = binary.AppendUvarint(dst, uint64(content.Lifetime))
	}
	if content.Subject != "" {
		flags |= hasSubject
		dst = appendBytes(dst, content.Subject)
	}
	if content.Writes != [4]uint64{} {
		flags |= hasWrites
		for _, token := range content.Writes {
			dst = binary.BigEndian.AppendUint64(dst, token)
		}
	}
	if content.Label != "" {
		flags |= hasLabel
		dst = appendBytes(dst, content.Label)
	}
	dst[1] = flags
	inOrder(content.Fields, func(fields []Field) {
		dst = binary.AppendUvarint(dst, uint64(len(fields)))
		for _, field := range fields {
			dst = appendBytes(appendBytes(dst, field.Key), field.Value)
		}
	})
	return dst, nil
}

// unixNano returns t as nanoseconds since 1970, and reports whether they fit.
// They do not before 1678 and after 2262.
func unixNano(t time.Time) (int64, bool) {
	if t.IsZero() {
		return 0, true
	}
	const limit = math.MaxInt64 / int64(time.Second)
	seconds := t.Unix()
	return t.UnixNano(), seconds > -limit && seconds < limit
}

func appendBytes[T string | []byte](dst []byte, b T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func uvarintLen(n int) int {
	size := 1
	for n >= 0x80 {
		n >>= 7
		size++
	}
	return size
}

func (f nativeFormat) Unpack(data []byte, content *Content) error {
	*content = Content{Fields: content.Fields[:0]}
	if len(data) < 2 || data[0] == 0 || data[0] > maxVersion {
		return ErrCorrupt
	}
	if data[0] != nativeVersion {
		return ErrNewer
	}
	r := nativeReader{data: data[2:]}
	flags := data[1]
	name := r.bytes()
	if r.failed || !isSerializerName(string(name)) {
		return ErrCorrupt
	}
	content.Retired = flags&hasRetired != 0
	content.Persistence = Persistence(flags >> 1 & 3)
	if flags&hasCreated != 0 {
		content.Created = time.Unix(0, int64(r.uint64())).UTC()
		_, ok := unixNano(content.Created)
		r.failed = r.failed || !ok // it could not be written back
	}
	if flags&hasLifetime != 0 {
		lifetime := r.uvarint()
		content.Lifetime = time.Duration(lifetime)
		r.failed = r.failed || content.Lifetime <= 0
	}
	if flags&hasSubject != 0 {
		content.Subject = string(r.bytes())
		r.failed = r.failed || content.Subject == ""
	}
	if flags&hasWrites != 0 {
		for i := range content.Writes {
			content.Writes[i] = r.uint64()
		}
	}
	if flags&hasLabel != 0 {
		content.Label = string(r.bytes())
		r.failed = r.failed || content.Label == ""
	}
	if r.failed || content.Persistence > BrowserSession {
		return ErrCorrupt
	}
	if string(name) == f.values.Name() {
		return r.fields(content)
	}
	from, known := codecs[string(name)]
	to, convertible := f.values.(codec)
	if !known || !convertible {
		return ErrNewer
	}
	if err := r.fields(content); err != nil {
		return err
	}
	return transcode(content.Fields, from, to)
}

// codecs are the serializers of this package, by their names in records.
var codecs = map[string]codec{
	plainJSON.Name():           plainJSON,
	flask.Name():               flask,
	msgpackSerializer{}.Name(): msgpackSerializer{},
}

func isSerializerName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= maxSerializerName
}

// nativeReader reads a record piece by piece. After a failure it returns zero
// values.
type nativeReader struct {
	data   []byte
	failed bool
}

func (r *nativeReader) uvarint() uint64 {
	if len(r.data) > 0 && r.data[0] < 0x80 { // nearly every length
		n := uint64(r.data[0])
		r.data = r.data[1:]
		return n
	}
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *nativeReader) uint64() uint64 {
	if len(r.data) < 8 {
		r.fail()
		return 0
	}
	n := binary.BigEndian.Uint64(r.data)
	r.data = r.data[8:]
	return n
}

// bytes reads a length and returns that many bytes, which alias the record.
func (r *nativeReader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.fail()
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *nativeReader) fail() {
	r.data, r.failed = nil, true
}

// fields reads the rest of the record.
func (r *nativeReader) fields(content *Content) error {
	count := r.uvarint()
	const least = 3 // two lengths and a value of one byte
	if r.failed || count > uint64(len(r.data)/least) {
		return ErrCorrupt
	}
	if uint64(cap(content.Fields)) < count {
		content.Fields = make([]Field, 0, count)
	}
	previous := ""
	for i := range count {
		key, value := alias(r.bytes()), r.bytes()
		if r.failed || len(value) == 0 || i > 0 && key <= previous {
			return ErrCorrupt
		}
		content.Fields = append(content.Fields, Field{key, value})
		previous = key
	}
	if len(r.data) > 0 || content.Retired && (count > 0 || content.Subject != "" || content.Label != "") {
		return ErrCorrupt
	}
	return nil
}
