package cookie

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
)

// pairAlgorithm signs with a private key and verifies with the public one. Its
// methods take only keys that checkPublic has accepted.
type pairAlgorithm interface {
	sign(private crypto.Signer, text []byte) ([]byte, error)
	verify(public crypto.PublicKey, text, signature []byte) bool
}

// pairAlgorithms are those of RFC 7518, section 3.1, and RFC 8037.
var pairAlgorithms = map[string]pairAlgorithm{
	"RS256": pkcs1{crypto.SHA256}, "RS384": pkcs1{crypto.SHA384}, "RS512": pkcs1{crypto.SHA512},
	"PS256": pss{crypto.SHA256}, "PS384": pss{crypto.SHA384}, "PS512": pss{crypto.SHA512},
	"ES256": onCurve{crypto.SHA256, elliptic.P256()},
	"ES384": onCurve{crypto.SHA384, elliptic.P384()},
	"ES512": onCurve{crypto.SHA512, elliptic.P521()},
	"EdDSA": edwards{},
}

// digest returns the hash of text.
func digest(hash crypto.Hash, text []byte) []byte {
	h := hash.New()
	h.Write(text)
	return h.Sum(nil)
}

// pkcs1 is RSASSA-PKCS1-v1_5 (RFC 7518, section 3.3).
type pkcs1 struct{ hash crypto.Hash }

func (a pkcs1) sign(private crypto.Signer, text []byte) ([]byte, error) {
	return rsa.SignPKCS1v15(rand.Reader, private.(*rsa.PrivateKey), a.hash, digest(a.hash, text))
}

func (a pkcs1) verify(public crypto.PublicKey, text, signature []byte) bool {
	return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), a.hash, digest(a.hash, text), signature) == nil
}

// pss is RSASSA-PSS (RFC 7518, section 3.5). It signs with a salt as long as
// the hash, and verifies a salt of any length, because some libraries sign with
// the longest possible.
type pss struct{ hash crypto.Hash }

func (a pss) sign(private crypto.Signer, text []byte) ([]byte, error) {
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.SignPSS(rand.Reader, private.(*rsa.PrivateKey), a.hash, digest(a.hash, text), options)
}

func (a pss) verify(public crypto.PublicKey, text, signature []byte) bool {
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}
	return rsa.VerifyPSS(public.(*rsa.PublicKey), a.hash, digest(a.hash, text), signature, options) == nil
}

// onCurve is ECDSA (RFC 7518, section 3.4): a signature is r and s, each as
// long as the curve's order.
type onCurve struct {
	hash  crypto.Hash
	curve elliptic.Curve
}

// size is the number of bytes of r, and of s.
func (a onCurve) size() int { return (a.curve.Params().N.BitLen() + 7) / 8 }

func (a onCurve) sign(private crypto.Signer, text []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, private.(*ecdsa.PrivateKey), digest(a.hash, text))
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 2*a.size())
	r.FillBytes(signature[:a.size()])
	s.FillBytes(signature[a.size():])
	return signature, nil
}

func (a onCurve) verify(public crypto.PublicKey, text, signature []byte) bool {
	if len(signature) != 2*a.size() {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:a.size()]), new(big.Int).SetBytes(signature[a.size():])
	return ecdsa.Verify(public.(*ecdsa.PublicKey), digest(a.hash, text), r, s)
}

// edwards is Ed25519 (RFC 8037, section 3.1), which hashes by itself.
type edwards struct{}

func (edwards) sign(private crypto.Signer, text []byte) ([]byte, error) {
	return ed25519.Sign(private.(ed25519.PrivateKey), text), nil
}

func (edwards) verify(public crypto.PublicKey, text, signature []byte) bool {
	return ed25519.Verify(public.(ed25519.PublicKey), text, signature)
}
