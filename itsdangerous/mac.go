package itsdangerous

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"sync"
)

// mac computes signatures under one derived key. Keying an HMAC costs as much
// as signing a short value, so keyed states are pooled.
type mac struct {
	states sync.Pool
	width  int // characters of a signature
}

func newMAC(options *Options, key []byte) (*mac, error) {
	if len(key) == 0 {
		return nil, ErrEmptyKey
	}
	var digest func() hash.Hash
	switch options.Digest {
	case SHA1:
		digest = sha1.New
	case SHA256:
		digest = sha256.New
	case SHA512:
		digest = sha512.New
	default:
		return nil, ErrOptions
	}
	salt := options.Salt
	if salt == "" {
		salt = DefaultSalt
	}
	var derive hash.Hash
	switch options.Derivation {
	case DjangoConcat:
		derive = digest()
		derive.Write([]byte(salt + "signer"))
		derive.Write(key)
	case HMAC:
		derive = hmac.New(digest, key)
		derive.Write([]byte(salt))
	default:
		return nil, ErrOptions
	}
	derived := derive.Sum(nil)

	m := &mac{width: base64.RawURLEncoding.EncodedLen(len(derived))}
	m.states.New = func() any { return &state{hash: hmac.New(digest, derived)} }
	return m, nil
}

// state is one running HMAC with its buffers. As local variables they would
// escape to the heap through the hash.Hash interface.
type state struct {
	hash  hash.Hash
	chunk [512]byte
	sum   [sha512.Size]byte
	text  [(sha512.Size*8 + 5) / 6]byte
}

func (m *mac) get() *state {
	s := m.states.Get().(*state)
	s.hash.Reset()
	return s
}

func (m *mac) put(s *state) { m.states.Put(s) }

// write hashes value. It copies short pieces, so that a string needs no
// conversion on the heap.
func write[T string | []byte](s *state, value T) {
	for len(value) > 0 {
		n := copy(s.chunk[:], value)
		s.hash.Write(s.chunk[:n])
		value = value[n:]
	}
}

// signature returns the text of the signature, valid until s is put back.
func (s *state) signature() []byte {
	sum := s.hash.Sum(s.sum[:0])
	return base64.RawURLEncoding.AppendEncode(s.text[:0], sum)
}

// verify compares texts, not decoded bytes: base64 has several spellings of the
// same bytes, and a token must have only one.
func (m *mac) verify(value, signature string) bool {
	if len(signature) != m.width {
		return false
	}
	s := m.get()
	defer m.put(s)
	write(s, value)
	expected := s.signature()
	given := s.chunk[:copy(s.chunk[:], signature)]
	return subtle.ConstantTimeCompare(expected, given) == 1
}
