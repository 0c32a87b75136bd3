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

// newID returns a token of 256 random bits. crypto/rand cannot fail.
func newID() string {
	var raw [idBytes]byte
	rand.Read(raw[:])
	return encodeID(raw)
}

// encodeID returns raw as text. The string is its only allocation.
func encodeID(raw [idBytes]byte) string {
	var text [idLength]byte
	base64.RawURLEncoding.Encode(text[:], raw[:])
	return string(text[:])
}

// decodeID returns the bits of an ID that newID can make. It returns false for
// everything else, including other spellings of the same bits.
func decodeID(id string) (raw [idBytes]byte, ok bool) {
	if len(id) != idLength {
		return raw, false
	}
	// Decode skips line breaks. Then there are fewer than 32 bytes.
	n, err := strictBase64.Decode(raw[:], []byte(id))
	return raw, err == nil && n == idBytes
}

// strictBase64 refuses other spellings of the last character.
var strictBase64 = base64.RawURLEncoding.Strict()

// hashID returns the ID that a backend sees instead of raw: a SHA-256 of a version, the
// namespace with its length, and raw. IDs have 256 random bits, so they need neither
// salt nor stretching.
func hashID(namespace string, raw [idBytes]byte) string {
	var buf [128]byte
	b := append(buf[:0], 1, byte(len(namespace)))
	b = append(b, namespace...)
	b = append(b, raw[:]...)
	return encodeID(sha256.Sum256(b))
}

// derivedID returns the new token of a session that had the given token in a source:
// the same on every instance, and as secret as the old one.
func derivedID(namespace, token string) string {
	b := append([]byte("sessions import\x00"), byte(len(namespace)))
	b = append(b, namespace...)
	b = append(b, token...)
	return encodeID(sha256.Sum256(b))
}

var fingerprintSeed = maphash.MakeSeed()

// fingerprint returns a name for a token in events. A token has the same fingerprint
// until the process ends. The fingerprint reveals nothing about the token.
func fingerprint(token string) string {
	return strconv.FormatUint(maphash.String(fingerprintSeed, token), 36)
}
