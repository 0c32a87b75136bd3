package redis

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// A value is the record's data, with a head in front only if it needs one:
//
//	FF 01 filed(4) since(8) tag(16) data   the record has an owner, and is in the owner's index
//	FF 00 data                             data begins with FF itself
//
// The owner is part of the value for two reasons: a commit can find out in one
// step whether the record is in the index already, and a record is not revoked
// because it once belonged to another owner. Of two records of an owner, the
// one with the lower since was filed first.
const (
	mark     = 0xFF // never begins JSON, MessagePack maps or the native format
	escaped  = 0x00
	owned    = 0x01
	tagSize  = 16
	filedEnd = 2 + 4
	sinceEnd = filedEnd + 8
	headSize = sinceEnd + tagSize
)

// subject is the hash of an owner's name. The store never holds the name
// itself.
type subject [sha256.Size]byte

func subjectOf(name string) subject { return sha256.Sum256([]byte(name)) }

// tag returns the part of the hash that is stored in the subject's values.
func (s *subject) tag() []byte { return s[:tagSize] }

func (s *subject) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// seal returns the value of a record without an owner.
func seal(data []byte) []byte {
	if data[0] != mark {
		return data
	}
	return append([]byte{mark, escaped}, data...)
}

// filing is the reply of an index that made or renewed an entry: when the entry
// ends, in Unix seconds, and when it was made, in microseconds.
type filing struct{ ends, since int64 }

// sealOwned returns the value of a record that is filed in its owner's index.
func sealOwned(data []byte, f filing, owner *subject) []byte {
	value := make([]byte, 0, headSize+len(data))
	value = append(value, mark, owned)
	value = binary.BigEndian.AppendUint32(value, uint32(f.ends))
	value = binary.BigEndian.AppendUint64(value, uint64(f.since))
	value = append(value, owner.tag()...)
	return append(value, data...)
}

// dataOf returns the data of a value. A value without a valid head is all data:
// the format will check it.
func dataOf(value []byte) []byte {
	switch {
	case len(value) > 2 && value[0] == mark && value[1] == escaped:
		return value[2:]
	case len(value) > headSize && value[0] == mark && value[1] == owned:
		return value[headSize:]
	}
	return value
}

// belongs reports whether a value, of which the first headSize bytes suffice,
// belongs to owner.
func belongs(value []byte, owner *subject) bool {
	return len(value) >= headSize && value[0] == mark && value[1] == owned &&
		string(value[sinceEnd:headSize]) == string(owner.tag())
}

// sinceOf returns when a value with an owner was filed.
func sinceOf(value []byte) uint64 { return binary.BigEndian.Uint64(value[filedEnd:sinceEnd]) }
