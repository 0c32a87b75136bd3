package cookie

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/keyring"
)

// An encrypted token is, in URL-safe base64 without padding:
//
//	version (1) | key ID (4) | nonce (24) | ciphertext | tag (16)
//
// and the plaintext is
//
//	sealed at (6) | expires at (6) | data
//
// or, in version 2,
//
//	sealed at (6) | expires at (6) | length of the tag (1) | tag | data
//
// with both times in milliseconds since 1970, big-endian. The associated data
// are version, key ID, purpose and cookie name, each preceded by its length.
const (
	encryptedVersion = 1
	taggedVersion    = 2

	keyIDAt      = 1
	nonceAt      = keyIDAt + keyring.IDSize
	ciphertextAt = nonceAt + chacha20poly1305.NonceSizeX
	timesSize    = 6 + 6

	minEncrypted = ciphertextAt + timesSize + chacha20poly1305.Overhead
)

// Both are part of the versions: changing either needs a new version number.
const (
	encryptedInfo    = "sessions/cookie/v1 XChaCha20-Poly1305 " // followed by the key's purpose
	encryptedPurpose = "session"
)

// encrypted hides the record from the client, and refuses every token that was
// not sealed with one of its keys for the same cookie.
type encrypted struct {
	ring keyring.Ring
	weak []string // warnings about keys that may be guessed
	err  error
}

// Encrypted returns the recommended codec for new applications. The client
// cannot read the session, and a token is valid only in the cookie that it was
// made for (XChaCha20-Poly1305 with the cookie's name as associated data).
//
// The primary key seals; older keys only open the tokens that they sealed,
// until they are removed. A token names its key, and no other key is tried. A
// key is used as is, without decoding, and must be at least 32 unguessable
// bytes: `sessions keygen` makes one. To rotate, first add the new key as an
// older one on every instance, then make it the primary, and remove the old key
// once a session's lifetime has passed.
//
// A token lives for [Terms.TTL] after it was sealed. Its length is four thirds
// of the data's plus 76 bytes, so a cookie holds about 3000 bytes of data.
//
// If a key is unusable, the constructor of the middleware returns an error.
func Encrypted(primary string, older ...string) Codec {
	c := new(encrypted)
	c.ring, c.weak, c.err = keyring.New("cookie: Encrypted", encryptedInfo, primary, older)
	return c
}

func (*encrypted) Name() string { return "encrypted" }

// Describe reports unusable keys as the error and guessable ones as warnings.
func (c *encrypted) Describe() backends.Facts {
	return backends.Facts{Err: c.err, Warnings: c.weak}
}

// Format implements [fmt.Formatter], so that printing the codec never prints
// its keys.
func (*encrypted) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie.Encrypted") }

func (c *encrypted) Seal(data []byte, terms Terms) (string, error) {
	return c.SealTagged(nil, data, terms)
}

// SealTagged implements [TaggedCodec].
func (c *encrypted) SealTagged(tag, data []byte, terms Terms) (string, error) {
	switch {
	case c.err != nil:
		return "", c.err
	case terms.TTL <= 0:
		return "", errors.New("cookie: Encrypted: a token must have time to live: set Terms.TTL")
	case len(tag) > maxTag:
		return "", errTag
	}
	key := &c.ring[0]
	version := byte(encryptedVersion)
	if len(tag) > 0 {
		version = taggedVersion
	}

	size := minEncrypted + 1 + len(tag) + len(data)
	buffer := getScratch(associatedSize(terms.Cookie) + size + strict.EncodedLen(size))
	defer putScratch(buffer)

	associated := appendAssociated(*buffer, version, key.ID, terms.Cookie)
	token := append(associated[len(associated):], version)
	token = append(token, key.ID[:]...)
	nonce := token[nonceAt:ciphertextAt]
	rand.Read(nonce)
	token = appendMillis(token[:ciphertextAt], terms.Now.Add(-terms.Skew))
	token = appendMillis(token, terms.Now.Add(terms.TTL))
	if version == taggedVersion {
		token = append(append(token, byte(len(tag))), tag...)
	}
	token = append(token, data...)
	token = key.AEAD.Seal(token[:ciphertextAt], nonce, token[ciphertextAt:], associated)
	return string(strict.AppendEncode(token[len(token):], token)), nil
}

func (c *encrypted) Open(token string, terms Terms) ([]byte, time.Duration, error) {
	_, data, left, err := c.OpenTagged(token, terms)
	return data, left, err
}

// OpenTagged implements [TaggedCodec].
func (c *encrypted) OpenTagged(token string, terms Terms) (tag, data []byte, left time.Duration, err error) {
	if c.err != nil {
		return nil, nil, 0, c.err
	}
	size := strict.DecodedLen(len(token))
	switch {
	case len(token) > maxToken:
		return nil, nil, 0, TooLarge
	case size < minEncrypted:
		return nil, nil, 0, Malformed
	}
	raw, ok := decodeCanonical(make([]byte, 0, size+associatedSize(terms.Cookie)), token)
	if !ok {
		return nil, nil, 0, Malformed
	}
	key := c.ring.Find([keyring.IDSize]byte(raw[keyIDAt:nonceAt]))
	if key == nil || raw[0] != encryptedVersion && raw[0] != taggedVersion {
		return nil, nil, 0, BadSignature
	}
	associated := appendAssociated(raw[size:], raw[0], key.ID, terms.Cookie)
	sealed := raw[ciphertextAt:size:size]
	plain, err := key.AEAD.Open(sealed[:0], raw[nonceAt:ciphertextAt], sealed, associated)
	if err != nil {
		return nil, nil, 0, BadSignature
	}
	made, expires, data := millis(plain), millis(plain[6:]), plain[timesSize:]
	if raw[0] == taggedVersion {
		if len(data) == 0 || len(data) <= int(data[0]) {
			return nil, nil, 0, BadPayload
		}
		n := 1 + int(data[0])
		tag, data = data[1:n:n], data[n:]
	}
	if made.After(terms.Now.Add(terms.Skew)) {
		return nil, nil, 0, Future
	}
	if left := expires.Sub(terms.Now); left > 0 {
		return tag, data, left, nil
	}
	return nil, nil, 0, Expired
}

// maxTag is what fits behind a length of one byte.
const maxTag = 255

var errTag = errors.New("cookie: the tag has more than 255 bytes")

// associatedSize returns the capacity that appendAssociated needs.
func associatedSize(cookie string) int {
	return 1 + 1 + 1 + keyring.IDSize + 1 + len(encryptedPurpose) + binary.MaxVarintLen64 + len(cookie)
}

// appendAssociated appends the associated data. Each field follows its length,
// so that no two different sets of fields have the same encoding.
func appendAssociated(b []byte, version byte, id [keyring.IDSize]byte, cookie string) []byte {
	b = append(b, 1, version)
	b = append(b, byte(len(id)))
	b = append(b, id[:]...)
	b = append(b, byte(len(encryptedPurpose)))
	b = append(b, encryptedPurpose...)
	b = binary.AppendUvarint(b, uint64(len(cookie)))
	return append(b, cookie...)
}

// appendMillis appends t as six bytes, which cover the years 1970 to 10889.
func appendMillis(b []byte, t time.Time) []byte {
	ms := uint64(min(max(t.UnixMilli(), 0), 1<<48-1))
	return append(b, byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms))
}

// millis reads what appendMillis wrote.
func millis(b []byte) time.Time {
	return time.UnixMilli(int64(b[0])<<40 | int64(binary.BigEndian.Uint32(b[1:]))<<8 | int64(b[5]))
}
