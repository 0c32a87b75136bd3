package cookie

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"

	"github.com/gosessions/sessions/internal/keyring"
)

// JWTKey is a key for JSON Web Tokens together with its one algorithm. Set
// exactly one of Secret, Private and Public.
type JWTKey struct {
	// Algorithm is HS256, HS384 or HS512 for a Secret; RS256 … RS512 or
	// PS256 … PS512 for RSA keys of at least 2048 bits; ES256, ES384 or ES512
	// for a key on P-256, P-384 or P-521; EdDSA for Ed25519.
	Algorithm string

	// ID names the key in the token (kid). "" means an ID derived from the key
	// or, with the layout of PyJWT, no ID.
	ID string

	Secret  string           // for HS…; its bytes as is
	Private crypto.Signer    // *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey
	Public  crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey: verifies only
}

// Format implements [fmt.Formatter], so that printing a JWTKey never prints the
// key.
func (k JWTKey) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie.JWTKey("+k.Algorithm+")") }

// jwtKey is a JWTKey that was checked and prepared for use.
type jwtKey struct {
	algorithm, id string
	header        string // of the tokens this key signs, in base64

	states *sync.Pool // of *hmacState, for HS…

	pair    pairAlgorithm    // for all others
	private crypto.Signer    // nil for a key that only verifies
	public  crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// hmacState is one running HMAC with its buffers. Keying an HMAC costs as much
// as signing a short token, so keyed states are pooled.
type hmacState struct {
	hash  hash.Hash
	chunk [512]byte
	sum   [sha512.Size]byte
	text  [(sha512.Size*8 + 5) / 6]byte
}

// newJWTKey prepares k for tokens of type typ. If strict is set, it demands a
// good secret and derives an ID if there is none; strict is false for the keys
// of another framework.
func newJWTKey(k JWTKey, typ string, strict bool) (*jwtKey, error) {
	key := &jwtKey{algorithm: k.Algorithm, id: k.ID}
	var err error
	if strings.HasPrefix(k.Algorithm, "HS") {
		err = key.setSecret(k, strict)
	} else {
		err = key.setPair(k)
	}
	if err != nil {
		return nil, err
	}
	if key.id == "" && strict {
		if key.id, err = derivedKeyID(k, key.public); err != nil {
			return nil, err
		}
	}
	if !isKeyID(key.id) {
		return nil, errors.New("has an unusable ID: it may hold ASCII letters, digits and -._~:/@ only")
	}
	// The names are in PyJWT's order, which is sorted.
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		ID        string `json:"kid,omitempty"`
		Type      string `json:"typ"`
	}{key.algorithm, key.id, typ})
	key.header = base64.RawURLEncoding.EncodeToString(header)
	return key, err
}

func (key *jwtKey) setSecret(k JWTKey, strict bool) error {
	var digest func() hash.Hash
	switch k.Algorithm {
	case "HS256":
		digest = sha256.New
	case "HS384":
		digest = sha512.New384
	case "HS512":
		digest = sha512.New
	default:
		return errAlgorithm(k.Algorithm)
	}
	if k.Private != nil || k.Public != nil {
		return fmt.Errorf("has a key pair, and %s takes a Secret", k.Algorithm)
	}
	if isPublicKey(k.Secret) {
		return errors.New("is a key file, not a secret: give the parsed key as Private or Public, with its own algorithm")
	}
	if err := keyring.CheckForeignSecret(k.Secret); err != nil {
		return err
	}
	if strict {
		// RFC 7518, section 3.2: a secret is at least as long as the hash.
		if err := keyring.CheckSecret(k.Secret, digest().Size()); err != nil {
			return err
		}
	}
	secret := []byte(k.Secret)
	key.states = &sync.Pool{New: func() any { return &hmacState{hash: hmac.New(digest, secret)} }}
	return nil
}

func errAlgorithm(algorithm string) error {
	return fmt.Errorf("has the unknown algorithm %q: choose one of HS, RS, PS or ES with 256, 384 or 512, or EdDSA", algorithm)
}

// isPublicKey reports whether secret is the content of a usual kind of key
// file. If a public key were used as a secret, everyone could sign.
func isPublicKey(secret string) bool {
	start := strings.TrimLeft(secret, " \t\r\n")
	for _, prefix := range []string{"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"} {
		if strings.HasPrefix(start, prefix) {
			return true
		}
	}
	return strings.Contains(secret, "-----BEGIN ") || strings.HasPrefix(start, "{") && strings.Contains(secret, `"kty"`)
}

func (key *jwtKey) setPair(k JWTKey) error {
	if key.pair = pairAlgorithms[k.Algorithm]; key.pair == nil {
		return errAlgorithm(k.Algorithm)
	}
	switch {
	case k.Secret != "":
		return fmt.Errorf("has a Secret, and %s takes a key pair", k.Algorithm)
	case k.Private != nil && k.Public != nil:
		return errors.New("has both Private and Public: Private holds the public key too")
	case k.Private != nil:
		key.private, key.public = k.Private, publicOf(k.Private)
	case k.Public != nil:
		key.public = k.Public
	default:
		return errors.New("has neither Private nor Public")
	}
	return checkPublic(k.Algorithm, key.public)
}

// publicOf returns the public key of private, or nil if private is of an
// unsupported type or incomplete.
func publicOf(private crypto.Signer) crypto.PublicKey {
	switch private := private.(type) {
	case *rsa.PrivateKey:
		if private != nil && private.D != nil {
			return &private.PublicKey
		}
	case *ecdsa.PrivateKey:
		//lint:ignore SA1019 a key that was never filled in makes crypto/ecdsa panic
		if private != nil && private.D != nil {
			return &private.PublicKey
		}
	case ed25519.PrivateKey:
		if len(private) == ed25519.PrivateKeySize {
			return private.Public()
		}
	}
	return nil
}

// checkPublic returns an error if the key does not fit the algorithm.
func checkPublic(algorithm string, public crypto.PublicKey) error {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if public == nil || public.N == nil || !strings.HasPrefix(algorithm, "RS") && !strings.HasPrefix(algorithm, "PS") {
			break
		}
		if bits := public.N.BitLen(); bits < 2048 {
			return fmt.Errorf("has %d bits, and RSA needs at least 2048", bits)
		}
		return nil
	case *ecdsa.PublicKey:
		pair, ok := pairAlgorithms[algorithm].(onCurve)
		if public == nil || !ok || public.Curve != pair.curve {
			break
		}
		//lint:ignore SA1019 as above
		if public.X != nil && public.Y != nil {
			return nil
		}
	case ed25519.PublicKey:
		if algorithm == "EdDSA" && len(public) == ed25519.PublicKeySize {
			return nil
		}
	}
	return fmt.Errorf("is not a key for %s, or not of a type that its field accepts", algorithm)
}

// derivedKeyID returns an ID for k and its algorithm that reveals nothing about
// a secret. For a key pair it derives from the public key, so a verifier
// derives the same ID.
func derivedKeyID(k JWTKey, public crypto.PublicKey) (string, error) {
	const size = 6
	if k.Secret != "" {
		id, err := hkdf.Key(sha256.New, []byte(k.Secret), nil, "sessions/cookie/v1 JWT key ID "+k.Algorithm, size)
		return base64.RawURLEncoding.EncodeToString(id), err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	sum := sha256.Sum256(append([]byte(k.Algorithm+" "), der...))
	return base64.RawURLEncoding.EncodeToString(sum[:size]), err
}

// isKeyID reports whether every JSON encoder writes id in the same way.
func isKeyID(id string) bool {
	for _, c := range []byte(id) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~:/@", c) >= 0) {
			return false
		}
	}
	return true
}

// canSign reports whether the key can sign, which a public key cannot.
func (key *jwtKey) canSign() bool { return key.states != nil || key.private != nil }

// appendSignature appends the signature of token, in base64.
func (key *jwtKey) appendSignature(dst, token []byte) ([]byte, error) {
	if key.states == nil {
		signature, err := key.pair.sign(key.private, token)
		return strict.AppendEncode(dst, signature), err
	}
	state := key.states.Get().(*hmacState)
	defer key.states.Put(state)
	return append(dst, hmacText(state, token)...), nil
}

// verifies reports whether this key made the signature of the text signed. It
// accepts only the canonical base64 of a signature.
func (key *jwtKey) verifies(signed, signature string) bool {
	if key.states == nil {
		raw, ok := decodeCanonical(nil, signature)
		return ok && key.pair.verify(key.public, []byte(signed), raw)
	}
	state := key.states.Get().(*hmacState)
	defer key.states.Put(state)
	expected := hmacText(state, signed)
	return hmac.Equal(expected, state.chunk[:copy(state.chunk[:], signature)])
}

// hmacText returns the base64 signature of signed, valid until state is used
// again. It hashes copies of short pieces, so that a string needs no conversion
// on the heap.
func hmacText[T string | []byte](state *hmacState, signed T) []byte {
	state.hash.Reset()
	for len(signed) > 0 {
		n := copy(state.chunk[:], signed)
		state.hash.Write(state.chunk[:n])
		signed = signed[n:]
	}
	return strict.AppendEncode(state.text[:0], state.hash.Sum(state.sum[:0]))
}
