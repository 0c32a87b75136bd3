package itsdangerous

import (
	"strings"
)

// Derivation selects how the signing key is derived from the secret key and the
// salt.
type Derivation uint8

const (
	// DjangoConcat hashes salt, "signer" and key: the default of itsdangerous,
	// used by Starlette.
	DjangoConcat Derivation = iota

	// HMAC takes the HMAC of the salt under the key. Flask and Flask-Session
	// use it.
	HMAC
)

// Digest selects the hash function of the derivation and the signature.
type Digest uint8

const (
	SHA1   Digest = iota // the default of itsdangerous
	SHA256               // signatures of 43 characters
	SHA512               // signatures of 86 characters
)

// DefaultSalt is the default salt of an itsdangerous signer.
const DefaultSalt = "itsdangerous.Signer"

// Options configure how tokens are signed. Both sides must use the same ones.
// The zero value means the defaults of itsdangerous.
type Options struct {
	// Salt keeps tokens for one purpose from being accepted for another under
	// the same key. It need not be secret. "" means [DefaultSalt].
	Salt string

	Derivation Derivation
	Digest     Digest
}

// A Signer signs values and verifies them. It is safe for concurrent use.
type Signer struct {
	macs []*mac // the first signs, all verify
}

// New returns a signer that signs with the primary key; the older keys only
// verify. Nil options mean the defaults. Keys are used as is, without trimming
// or decoding, and are not retained. New returns [ErrEmptyKey] if a key is
// empty, and [ErrOptions] if a derivation or digest is unknown.
func New(options *Options, primary []byte, older ...[]byte) (*Signer, error) {
	if options == nil {
		options = &Options{}
	}
	signer := &Signer{macs: make([]*mac, 0, 1+len(older))}
	for i := range 1 + len(older) {
		key := primary
		if i > 0 {
			key = older[i-1]
		}
		m, err := newMAC(options, key)
		if err != nil {
			return nil, err
		}
		signer.macs = append(signer.macs, m)
	}
	return signer, nil
}

// Sign returns value with its signature.
func (s *Signer) Sign(value string) string {
	m := s.macs[0]
	state := m.get()
	defer m.put(state)
	write(state, value)

	var token strings.Builder
	token.Grow(len(value) + 1 + m.width)
	token.WriteString(value)
	token.WriteByte(separator)
	token.Write(state.signature())
	return token.String()
}

// Append appends to value a separator and the value's signature.
func (s *Signer) Append(value []byte) []byte {
	m := s.macs[0]
	state := m.get()
	defer m.put(state)
	write(state, value)
	return append(append(value, separator), state.signature()...)
}

// Unsign returns the value in token, or [ErrMalformed] or [ErrBadSignature].
// The signature must be spelled exactly as [Signer.Sign] spells it, although
// Python accepts other spellings of the same bytes.
func (s *Signer) Unsign(token string) (value string, err error) {
	cut := strings.LastIndexByte(token, separator)
	if cut < 0 {
		return "", ErrMalformed
	}
	value, signature := token[:cut], token[cut+1:]
	for _, m := range s.macs {
		if m.verify(value, signature) {
			return value, nil
		}
	}
	return "", ErrBadSignature
}

// separator separates value, timestamp and signature. It does not occur in
// base64, and tokens are split from the right.
const separator = '.'
