package cookie_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gosessions/sessions/backends/cookie"
)

// reader returns a codec of PyJWT's layout that reads what key signs, having
// its public half only.
func reader(key cookie.JWTKey) cookie.Codec {
	if key.Private != nil {
		key = cookie.JWTKey{Algorithm: key.Algorithm, Public: key.Private.Public()}
	}
	primary := cookie.JWTKey{Algorithm: "HS256", Secret: keyB}
	return cookie.JWTWith(cookie.JWTOptions{Primary: primary, Older: []cookie.JWTKey{key}, PyJWT: true})
}

// TestJWTFromTheLibrary reads what golang-jwt signs with every algorithm, and
// refuses it under another key. The other direction is [TestJWTEveryAlgorithm].
func TestJWTFromTheLibrary(t *testing.T) {
	others := jwtKeys(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range jwtKeys(t) {
		var private any = []byte(key.Secret)
		wrong := others[algorithm]
		switch {
		case key.Private == nil:
			wrong.Secret = strings.Repeat(keyB, 2)
		default:
			private = key.Private
			if _, ok := private.(*rsa.PrivateKey); ok {
				wrong.Private = other
			}
		}
		token, err := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), jwt.MapClaims{"user": 42}).SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		if data, _, err := reader(key).Open(token, terms); err != nil || string(data) != `{"user":42}` {
			t.Errorf("%s: Open = %q, %v", algorithm, data, err)
		}
		wantRefusal(t, algorithm+" under another key", reader(wrong), token, terms, cookie.BadSignature)
	}
}

// signature returns the bytes of a token's signature.
func signature(t *testing.T, token string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestJWTSignaturesOnCurves holds r and s to their fixed size, also where they
// begin with zeros, and refuses other forms of a right signature.
func TestJWTSignaturesOnCurves(t *testing.T) {
	keys := jwtKeys(t)
	for algorithm, size := range map[string]int{"ES256": 32, "ES384": 48, "ES512": 66} {
		key := keys[algorithm]
		codec := cookie.JWTWith(cookie.JWTOptions{Primary: key, PyJWT: true})
		zeros := [2]bool{}
		for try := 0; !zeros[0] || !zeros[1]; try++ {
			if try > 10_000 { // one in 256 begins with a zero
				t.Fatalf("%s: no r or no s begins with a zero byte", algorithm)
			}
			token := seal(t, codec, []byte(`{"a":1}`), terms)
			raw := signature(t, token)
			if len(raw) != 2*size {
				t.Fatalf("%s: a signature of %d bytes, want %d", algorithm, len(raw), 2*size)
			}
			for i, first := range []byte{raw[0], raw[size]} {
				if first == 0 && !zeros[i] {
					zeros[i] = true
					if data, _, err := reader(key).Open(token, terms); err != nil || string(data) != `{"a":1}` {
						t.Errorf("%s: Open = %q, %v", algorithm, data, err)
					}
					claimsOfPyJWT(t, token, algorithm, key.Private.Public())
				}
			}
		}

		token := seal(t, codec, []byte(`{"a":1}`), terms)
		text, raw := token[:strings.LastIndexByte(token, '.')], signature(t, token)
		hash := map[int]crypto.Hash{32: crypto.SHA256, 48: crypto.SHA384, 66: crypto.SHA512}[size].New()
		hash.Write([]byte(text))
		asn1, err := ecdsa.SignASN1(rand.Reader, key.Private.(*ecdsa.PrivateKey), hash.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		padded := append(append([]byte{0}, raw[:size]...), append([]byte{0}, raw[size:]...)...)
		for what, other := range map[string][]byte{
			"ASN.1": asn1, "padded": padded, "one byte less": raw[:2*size-1], "one byte more": append(raw[:2*size:2*size], 0),
			"zeros": make([]byte, 2*size), "half": raw[:size], "empty": {}, "swapped": append(raw[size:2*size:2*size], raw[:size]...),
		} {
			wantRefusal(t, algorithm+", "+what, codec, text+"."+base64.RawURLEncoding.EncodeToString(other), terms, cookie.BadSignature)
		}
	}
}

// claimsOfPyJWT verifies a token without times with the library alone.
func claimsOfPyJWT(t *testing.T, token, algorithm string, key any) {
	t.Helper()
	if _, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{algorithm})); err != nil {
		t.Errorf("%s: the library refuses the token: %v", algorithm, err)
	}
}

// TestJWTSaltOfPSS signs with a salt as long as the hash, as RFC 7518 demands,
// and reads the longest salts too, which some libraries make.
func TestJWTSaltOfPSS(t *testing.T) {
	key := jwtKeys(t)["PS256"]
	token := seal(t, cookie.JWTWith(cookie.JWTOptions{Primary: key, PyJWT: true}), []byte(`{"a":1}`), terms)
	text := token[:strings.LastIndexByte(token, '.')]
	sum := sha256.Sum256([]byte(text))
	private := key.Private.(*rsa.PrivateKey)
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	if err := rsa.VerifyPSS(&private.PublicKey, crypto.SHA256, sum[:], signature(t, token), options); err != nil {
		t.Errorf("our salt is not as long as the hash: %v", err)
	}
	options.SaltLength = rsa.PSSSaltLengthAuto
	long, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], options)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := reader(key).Open(text+"."+base64.RawURLEncoding.EncodeToString(long), terms); err != nil {
		t.Errorf("the longest salt: %v", err)
	}
	wantRefusal(t, "PKCS1 v1.5 as PSS", reader(key), text+"."+pkcs1(t, private, sum[:]), terms, cookie.BadSignature)
}

func pkcs1(t *testing.T, private *rsa.PrivateKey, sum []byte) string {
	t.Helper()
	raw, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
