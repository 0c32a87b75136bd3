package peers_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/serializer"
)

// pairs returns a new private key for every algorithm that takes one.
func pairs(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	all := map[string]crypto.Signer{}
	for algorithm, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		all[algorithm] = key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		all[algorithm] = key
	}
	_, ed, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	all["EdDSA"] = ed
	return all
}

// pemOf returns a key pair as PyJWT takes it.
func pemOf(t *testing.T, key crypto.Signer) (private, public peers.Secret) {
	t.Helper()
	encode := func(kind string, der []byte, err error) peers.Secret {
		if err != nil {
			t.Fatal(err)
		}
		return peers.Secret(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	private = encode("PRIVATE KEY", der, err)
	der, err = x509.MarshalPKIXPublicKey(key.Public())
	return private, encode("PUBLIC KEY", der, err)
}

// TestPyJWTEveryAlgorithm crosses tokens with PyJWT, both ways: each side reads
// what the other signs, and refuses it under another key.
func TestPyJWTEveryAlgorithm(t *testing.T) {
	python := peers.Python(t)
	strangers := pairs(t)
	for algorithm, key := range pairs(t) {
		signing := cookie.JWTKey{Algorithm: algorithm, Private: key}
		reading := cookie.JWTKey{Algorithm: algorithm, Public: key.Public()}
		foreign := cookie.JWTKey{Algorithm: algorithm, Public: strangers[algorithm].Public()}
		private, public := pemOf(t, key)
		_, foreignPublic := pemOf(t, strangers[algorithm])
		cross(t, python, algorithm, [3]cookie.JWTKey{signing, reading, foreign}, [3]peers.Secret{private, public, foreignPublic})
	}
	for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
		const secret, other = "one secret that both sides have", "another secret"
		key := cookie.JWTKey{Algorithm: algorithm, Secret: secret}
		cross(t, python, algorithm, [3]cookie.JWTKey{key, key, {Algorithm: algorithm, Secret: other}}, [3]peers.Secret{secret, secret, other})
	}
}

// cross has each side sign with its first key, and the other read with the
// second key and refuse with the third.
func cross(t *testing.T, python *peers.Codec, algorithm string, ours [3]cookie.JWTKey, theirs [3]peers.Secret) {
	t.Helper()
	payload, err := neutral.Of(map[string]any{"user": int64(42), "name": "Zoë"})
	if err != nil {
		t.Fatal(err)
	}
	codec := func(key cookie.JWTKey, older ...cookie.JWTKey) cookie.Codec {
		return cookie.JWTWith(cookie.JWTOptions{Primary: key, Older: older, PyJWT: true})
	}
	// A public key cannot be the primary one.
	primary := cookie.JWTKey{Algorithm: "HS256", Secret: strings.Repeat("unused ", 8)}

	request := peers.Request{Format: "jwt", Alg: algorithm, Secret: theirs[0], Payload: payload, Now: peers.Seconds(noon)}
	token, err := python.Encode(request)
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	got, err := openAs(serializer.ClaimsFormat, codec(primary, ours[1]), token)
	if form, _ := neutral.Of(got); err != nil || !form.Equal(payload) {
		t.Errorf("%s: PyJWT's token is %v to us, %v", algorithm, got, err)
	}
	if _, err := openAs(serializer.ClaimsFormat, codec(primary, ours[2]), token); !errors.Is(err, cookie.BadSignature) {
		t.Errorf("%s: PyJWT's token under another key: %v, want BadSignature", algorithm, err)
	}

	token, err = codec(ours[0]).Seal([]byte(`{"user":42,"name":"Zo\u00eb"}`), cookie.Terms{Now: time.Unix(noon, 0), Cookie: "session", MaxAge: time.Minute})
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	request.Token, request.Secret = token, theirs[1]
	if result, err := python.Decode(request); err != nil || !result.Valid || !result.Payload.Equal(payload) {
		t.Errorf("%s: our token is %+v to PyJWT, %v", algorithm, result, err)
	}
	request.Secret = theirs[2]
	if result, err := python.Decode(request); err != nil || result.Reason != "bad-signature" {
		t.Errorf("%s: our token under another key is %+v to PyJWT, %v, want bad-signature", algorithm, result, err)
	}
}
