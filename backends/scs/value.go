package scs

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
)

// A value begins with mark, one of the kinds, and the time at which it expires, in
// milliseconds since 1970. In a value of kind withID the ID follows, behind its
// length. The rest is the record's data.
//
// The mark tells our values from those of scs: a gob begins with a length that is
// not 0, and JSON with a brace.
const (
	mark   = 0
	plain  = 's' // the key is the ID
	withID = 'S' // the key is a digest of the ID

	header = 1 + 1 + 8
)

var errCorrupt = errors.New("scs: the store returned a value that this package has not written: another program writes into it, or cuts values")

// keyOf returns the key under which the store keeps id. What scs itself uses as a
// token is the only form of which every store is known to keep each byte.
func keyOf(id string) (key string, digested bool) {
	if isToken(id) {
		return id, false
	}
	sum := sha256.Sum256([]byte("sessions scs\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:]), true
}

// isToken reports whether id has the form of scs's tokens: 32 bytes in base64url.
func isToken(id string) bool {
	if len(id) != 43 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// seal returns the value for a record.
func seal(id string, digested bool, data []byte, expires time.Time) []byte {
	value := make([]byte, 0, header+binary.MaxVarintLen64+len(id)+len(data))
	kind := byte(plain)
	if digested {
		kind = withID
	}
	value = append(value, mark, kind)
	value = binary.BigEndian.AppendUint64(value, uint64(expires.UnixMilli()))
	if digested {
		value = binary.AppendUvarint(value, uint64(len(id)))
		value = append(value, id...)
	}
	return append(value, data...)
}

// open returns the record in a value and the ID that the value contains, "" if it
// contains none. A record that has expired is an ErrNotFound.
func open(value []byte, now time.Time) (record backends.Record, id string, err error) {
	if len(value) == 0 {
		return record, "", backends.ErrNotFound // scs stores no such value
	}
	if value[0] != mark {
		return backends.Record{Data: value}, "", nil // scs stored it
	}
	if len(value) <= header {
		return record, "", errCorrupt
	}
	left := time.UnixMilli(int64(binary.BigEndian.Uint64(value[2:]))).Sub(now)
	data := value[header:]
	switch value[1] {
	case plain:
	case withID:
		length, n := binary.Uvarint(data)
		if n <= 0 || length >= uint64(len(data)-n) {
			return record, "", errCorrupt
		}
		id, data = string(data[n:n+int(length)]), data[n+int(length):]
	default:
		return record, "", errCorrupt
	}
	if left <= 0 {
		return record, "", backends.ErrNotFound
	}
	return backends.Record{Data: data, TTL: left}, id, nil
}

// deadline returns when a record with a life of ttl expires, rounded up to the
// precision of a value.
func deadline(now time.Time, ttl time.Duration) time.Time {
	return now.Add(ttl + time.Millisecond - 1).Truncate(time.Millisecond)
}

// storeDeadline returns until when the store is to keep such a record. It is later,
// because some stores cut times to seconds, and the store's own clock may be ahead.
func storeDeadline(expires time.Time) time.Time {
	return expires.Add(2*time.Second - 1).Truncate(time.Second).UTC()
}
