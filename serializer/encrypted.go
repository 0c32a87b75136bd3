package serializer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/gosessions/sessions/internal/keyring"
)

// An encrypted record is:
//
//	mark (1) | version (1) | key ID (4) | nonce (24) | ciphertext | tag (16)
//
// The associated data are mark, version and key ID as they stand there, and then
// the ID under which the record is stored.
//
// The mark is a version that no native record has, so that a program which does
// not encrypt takes the record for a newer one and leaves it alone. No JSON or
// MessagePack dict begins with it, nor does anything that is compressed.
const (
	encryptedMark    = 0x1e
	encryptedVersion = 1

	keyIDAt      = 2
	nonceAt      = keyIDAt + keyring.IDSize
	ciphertextAt = nonceAt + chacha20poly1305.NonceSizeX

	encryptedOverhead = ciphertextAt + chacha20poly1305.Overhead
)

// encryptedLabel is what the keys are for: the same secret gives other keys to
// cookie.Encrypted. It is part of the version.
const encryptedLabel = "sessions/record/v1 XChaCha20-Poly1305 "

// Encryption is for stores that hold records from before they were encrypted. The
// zero value reads encrypted records only.
type Encryption struct {
	// InsecureReadPlain also reads records that are not encrypted. Each is
	// encrypted when it is next written, so that after one lifetime of a session
	// none is left. Switch it off then: as long as it is on, a program that can
	// write to the store can put a session there without knowing a key.
	InsecureReadPlain bool
}

// encryptedFormat encrypts the records of another format.
type encryptedFormat struct {
	inner Format
	plain bool // as Encryption.InsecureReadPlain
	ring  keyring.Ring
	weak  []string
	err   error
}

var (
	_ BoundFormat   = (*encryptedFormat)(nil)
	_ CheckedFormat = (*encryptedFormat)(nil)
)

// Encrypted returns a format that encrypts the records of another one, so that a
// copy of the store shows what is in no session and nothing that is written to
// the store can be taken for a session:
//
//	sessions.New(backend, &sessions.Config{
//		Format: serializer.Encrypted(serializer.Native(serializer.JSON), key),
//	})
//
// The cipher is XChaCha20-Poly1305. A record belongs to the ID under which it is
// stored: copied under another ID it is [ErrCorrupt], as it is after any other
// change. What the store needs for its work stays readable: the record's length,
// its expiry, and its owner in the index of owners. A record that is put back in
// place of a later one of the same ID opens.
//
// The primary key encrypts; older ones only decrypt, until they are taken off the
// list. A record names its key, and no other is tried. The rules for keys are
// those of cookie.Encrypted: each is taken as it stands, and must be at least 32
// bytes that nobody can guess, as `sessions keygen` prints them. One secret may
// serve both: different keys are derived from it. To rotate, first add the new key
// as an older one on every instance, then make it the primary one, and drop the
// old one when the lifetime of a session has passed.
//
// A record gets 46 bytes longer. If something is wrong with the keys, the
// constructor of the middleware returns it. The format is for backends that store
// records; in a cookie, use cookie.Encrypted instead.
func Encrypted(format Format, primary string, older ...string) Format {
	return EncryptedWith(Encryption{}, format, primary, older...)
}

// EncryptedWith is [Encrypted] with options.
func EncryptedWith(options Encryption, format Format, primary string, older ...string) Format {
	f := &encryptedFormat{inner: format, plain: options.InsecureReadPlain}
	switch format.(type) {
	case nil:
		f.inner = Native(JSON)
		f.err = errors.New("serializer: Encrypted: the format is nil: give one, such as serializer.Native(serializer.JSON)")
		return f
	case BoundFormat:
		f.err = errors.New("serializer: Encrypted: the format is bound to IDs already: give the one inside")
		return f
	}
	f.ring, f.weak, f.err = keyring.New("serializer: Encrypted", encryptedLabel, primary, older)
	return f
}

// The reasons for which an encrypted record does not open. A visitor cannot tell
// them apart.
var (
	errPlain        = fmt.Errorf("%w: the record is not encrypted", ErrCorrupt)
	errUnknownKey   = fmt.Errorf("%w: the record is encrypted with a key that is not given", ErrCorrupt)
	errNotAuthentic = fmt.Errorf("%w: the record was changed, or belongs to another ID", ErrCorrupt)
)

var errNeedsID = fmt.Errorf("serializer: an encrypted record belongs to the ID under which it is stored: use PackFor and UnpackFor: %w", errors.ErrUnsupported)

func (f *encryptedFormat) Name() string           { return "encrypted-" + f.inner.Name() }
func (f *encryptedFormat) Serializer() Serializer { return f.inner.Serializer() }
func (f *encryptedFormat) Holds() Holds           { return f.inner.Holds() }

// Format keeps the keys out of whatever prints the format.
func (*encryptedFormat) Format(w fmt.State, _ rune) { io.WriteString(w, "serializer.Encrypted") }

// Check implements [CheckedFormat].
func (f *encryptedFormat) Check() (weak []string, err error) { return f.weak, f.err }

func (f *encryptedFormat) Pack(*Content) ([]byte, error) { return nil, errNeedsID }
func (f *encryptedFormat) Unpack([]byte, *Content) error { return errNeedsID }

// PackFor implements [BoundFormat].
func (f *encryptedFormat) PackFor(id string, content *Content) ([]byte, error) {
	switch {
	case f.err != nil:
		return nil, f.err
	case id == "":
		return nil, errNeedsID
	}
	plain, err := f.inner.Pack(content)
	if err != nil {
		return nil, err
	}
	key := &f.ring[0]
	size := len(plain) + encryptedOverhead
	// The associated data are put behind the record for the time being.
	data := make([]byte, ciphertextAt, size+nonceAt+len(id))
	data[0], data[1] = encryptedMark, encryptedVersion
	copy(data[keyIDAt:], key.ID[:])
	rand.Read(data[nonceAt:])
	associated := append(append(data[size:size], data[:nonceAt]...), id...)
	return key.AEAD.Seal(data, data[nonceAt:], plain, associated)[:size:size], nil
}

// UnpackFor implements [BoundFormat].
func (f *encryptedFormat) UnpackFor(id string, data []byte, content *Content) error {
	switch {
	case f.err != nil:
		return f.err
	case len(data) == 0 || data[0] != encryptedMark:
		if f.plain {
			return f.inner.Unpack(data, content)
		}
		return errPlain
	case len(data) < 2:
		return ErrCorrupt
	case data[1] != encryptedVersion:
		return ErrNewer
	case len(data) < encryptedOverhead:
		return ErrCorrupt
	}
	key := f.ring.Find([keyring.IDSize]byte(data[keyIDAt:nonceAt]))
	if key == nil {
		return errUnknownKey
	}
	size := len(data) - encryptedOverhead
	buffer := make([]byte, size+nonceAt+len(id))
	associated := append(append(buffer[size:size], data[:nonceAt]...), id...)
	plain, err := key.AEAD.Open(buffer[:0:size], data[nonceAt:ciphertextAt], data[ciphertextAt:], associated)
	if err != nil {
		return errNotAuthentic
	}
	return f.inner.Unpack(plain, content)
}
