package redis

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// A value is the record's data, with something in front only where it must be:
//
//	FF 01 filed(4) tag(16) data   the record has an owner, and is in the owner's index
//	FF 00 data                    data begins with FF itself
//
// The owner is part of the value so that a commit can tell in one step whether
// the index knows of it already, and so that nobody's record is revoked because
// it once was another's.
const (
	mark     = 0xFF // never begins JSON, MessagePack maps or the native format
	escaped  = 0x00
	owned    = 0x01
	tagSize  = 16
	filedEnd = 2 + 4
	headSize = filedEnd + tagSize
)

// subject is an owner as the store knows it: the name itself does not appear.
type subject [sha256.Size]byte

func subjectOf(name string) subject { return sha256.Sum256([]byte(name)) }

// tag is what values of the subject carry.
func (s *subject) tag() []byte { return s[:tagSize] }

func (s *subject) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// seal returns the value of a record without an owner.
func seal(data []byte) []byte {
	if data[0] != mark {
		return data
	}
	return append([]byte{mark, escaped}, data...)
}

// sealOwned returns the value of a record that the owner's index knows of until
// filed, in Unix seconds.
func sealOwned(data []byte, filed int64, owner *subject) []byte {
	value := make([]byte, 0, headSize+len(data))
	value = append(value, mark, owned)
	value = binary.BigEndian.AppendUint32(value, uint32(filed))
	value = append(value, owner.tag()...)
	return append(value, data...)
}

// dataOf returns the data of a value. What no value of this package looks like is
// all data: the format will say what it thinks of it.
func dataOf(value []byte) []byte {
	switch {
	case len(value) > 2 && value[0] == mark && value[1] == escaped:
		return value[2:]
	case len(value) > headSize && value[0] == mark && value[1] == owned:
		return value[headSize:]
	}
	return value
}

// belongs tells whether a value, or its first headSize bytes, are owner's.
func belongs(value []byte, owner *subject) bool {
	return len(value) >= headSize && value[0] == mark && value[1] == owned &&
		string(value[filedEnd:headSize]) == string(owner.tag())
}
