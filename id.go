package sessions

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash/maphash"
	"strconv"
)

const (
	idBytes  = 32
	idLength = 43 // of idBytes in base64url without padding
)

// newID returns a session ID: 256 random bits. crypto/rand cannot fail.
func newID() string {
	var raw [idBytes]byte
	rand.Read(raw[:])
	return encodeID(raw)
}

// encodeID allocates the string and nothing else.
func encodeID(raw [idBytes]byte) string {
	var text [idLength]byte
	base64.RawURLEncoding.Encode(text[:], raw[:])
	return string(text[:])
}

// decodeID returns the bits of an ID as newID makes them, and false for
// everything else, other spellings of the same bits included.
func decodeID(id string) (raw [idBytes]byte, ok bool) {
	if len(id) != idLength {
		return raw, false
	}
	// A line break would be skipped, and 32 bytes do not follow then.
	n, err := strictBase64.Decode(raw[:], []byte(id))
	return raw, err == nil && n == idBytes
}

// strictBase64 refuses other spellings of the last character.
var strictBase64 = base64.RawURLEncoding.Strict()

// hashID returns what a backend gets to see of an ID: a SHA-256 of version,
// namespace and ID, each delimited by its length. IDs have 256 random bits, so
// neither salt nor stretching is needed.
func hashID(namespace string, raw [idBytes]byte) string {
	var buf [128]byte
	b := append(buf[:0], 1, byte(len(namespace)))
	b = append(b, namespace...)
	b = append(b, raw[:]...)
	return encodeID(sha256.Sum256(b))
}

// derivedID returns the ID under which a session that came with another
// format's token is stored: the same on every instance, and as secret as the
// token.
func derivedID(namespace, token string) string {
	b := append([]byte("sessions import\x00"), byte(len(namespace)))
	b = append(b, namespace...)
	b = append(b, token...)
	return encodeID(sha256.Sum256(b))
}

var fingerprintSeed = maphash.MakeSeed()

// fingerprint names a token in reports: the same token has the same fingerprint
// until the process ends, and nothing can be learned from it.
func fingerprint(token string) string {
	return strconv.FormatUint(maphash.String(fingerprintSeed, token), 36)
}
