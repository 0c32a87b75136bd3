package cookie_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/gosessions/sessions/backends/cookie"
)

func TestJWT2_KeysFitTheirAlgorithm(t *testing.T) {
	keys := jwtKeys(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	var noRSA *rsa.PrivateKey
	var noECDSA *ecdsa.PrivateKey
	ed := keys["EdDSA"].Private.(ed25519.PrivateKey)
	for what, key := range map[string]cookie.JWTKey{
		"no algorithm":             {Secret: keyA},
		"none":                     {Algorithm: "none", Secret: keyA},
		"unknown":                  {Algorithm: "HS1", Secret: keyA},
		"lower case":               {Algorithm: "hs256", Secret: keyA},
		"nothing":                  {Algorithm: "RS256"},
		"HMAC without a secret":    {Algorithm: "HS256"},
		"HMAC with a pair":         {Algorithm: "HS256", Private: keys["RS256"].Private},
		"RSA with a secret":        {Algorithm: "RS256", Secret: keyLong},
		"ES with RSA":              {Algorithm: "ES256", Private: keys["RS256"].Private},
		"ES256 with P-384":         {Algorithm: "ES256", Private: keys["ES384"].Private},
		"EdDSA with ECDSA":         {Algorithm: "EdDSA", Private: keys["ES256"].Private},
		"RS with Ed25519":          {Algorithm: "RS256", Private: ed},
		"RSA of 1024 bits":         {Algorithm: "RS256", Private: small},
		"PSS of 1024 bits":         {Algorithm: "PS256", Private: small},
		"public primary":           {Algorithm: "EdDSA", Public: ed.Public()},
		"both":                     {Algorithm: "EdDSA", Private: ed, Public: ed.Public()},
		"nil RSA":                  {Algorithm: "RS256", Private: noRSA},
		"empty RSA":                {Algorithm: "RS256", Private: &rsa.PrivateKey{}},
		"nil ECDSA":                {Algorithm: "ES256", Private: noECDSA},
		"RSA without its secret":   {Algorithm: "RS256", Private: &rsa.PrivateKey{PublicKey: keys["RS256"].Private.(*rsa.PrivateKey).PublicKey}},
		"ECDSA without its secret": {Algorithm: "ES256", Private: &ecdsa.PrivateKey{PublicKey: keys["ES256"].Private.(*ecdsa.PrivateKey).PublicKey}},
		"ECDSA without its point":  {Algorithm: "ES256", Public: &ecdsa.PublicKey{Curve: elliptic.P256()}},
		"RSA without its modulus":  {Algorithm: "RS256", Public: &rsa.PublicKey{E: 65537}},
		"pair and secret":          {Algorithm: "ES256", Private: keys["ES256"].Private, Secret: keyA},
		"empty ECDSA":              {Algorithm: "ES256", Private: &ecdsa.PrivateKey{}},
		"empty Ed25519":            {Algorithm: "EdDSA", Private: ed25519.PrivateKey{}},
		"private key as Public":    {Algorithm: "EdDSA", Public: ed},
		"RSA value as Public":      {Algorithm: "RS256", Public: small.PublicKey},
		"quote in the ID":          {Algorithm: "HS256", Secret: keyA, ID: `k"1`},
		"line end in the ID":       {Algorithm: "HS256", Secret: keyA, ID: "k\n"},
		"bracket in the ID":        {Algorithm: "HS256", Secret: keyA, ID: "<k>"},
		"not ASCII in the ID":      {Algorithm: "HS256", Secret: keyA, ID: "é"},
		"PEM as secret":            {Algorithm: "HS256", Secret: "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"},
		"OpenSSH key as secret":    {Algorithm: "HS256", Secret: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9Qx me@host"},
		"ECDSA key as secret":      {Algorithm: "HS256", Secret: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY"},
		"JWK as secret":            {Algorithm: "HS256", Secret: ` {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`},
		"blank before the PEM":     {Algorithm: "HS256", Secret: "\n -----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75NQ=="},
		"certificate as secret":    {Algorithm: "HS256", Secret: "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQ"},
		"FIDO SSH key as secret":   {Algorithm: "HS256", Secret: "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9"},
	} {
		for _, flat := range []bool{false, true} {
			codec := cookie.JWTWith(cookie.JWTOptions{Primary: key, PyJWT: flat})
			if err := validate(codec); err == nil || !strings.HasPrefix(err.Error(), "cookie: ") || !strings.Contains(err.Error(), "primary key") {
				t.Errorf("%s (PyJWT %v): Validate: %v, want an error about the primary key", what, flat, err)
			}
			if token, err := codec.Seal([]byte("{}"), terms); err == nil || token != "" {
				t.Errorf("%s: Seal works", what)
			}
			if data, _, err := codec.Open(signed(goodHeader, goodClaims), terms); err == nil || data != nil || cookie.Reason(err) != "" {
				t.Errorf("%s: Open: %v", what, err)
			}
		}
	}
}

func TestJWT3_SecretsAreLongEnough(t *testing.T) {
	for algorithm, least := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		for size, ok := range map[int]bool{0: false, 1: false, least - 1: false, least: true} {
			key := cookie.JWTKey{Algorithm: algorithm, Secret: keyLong[:size]}
			if err := validate(cookie.JWTWith(cookie.JWTOptions{Primary: key})); (err == nil) != ok {
				t.Errorf("%s with %d bytes: Validate: %v, want ok %v", algorithm, size, err, ok)
			}
			// A shared secret is what it is, as long as there is one.
			if err := validate(cookie.JWTWith(cookie.JWTOptions{Primary: key, PyJWT: true})); (err == nil) != (size > 0) {
				t.Errorf("PyJWT %s with %d bytes: Validate: %v", algorithm, size, err)
			}
		}
	}
	if got := cookie.PyJWT("dev", keyA).(describer).Describe().Warnings; len(got) != 1 || !strings.Contains(got[0], "primary key has 3 bytes") {
		t.Errorf("warnings for the key dev: %q", got)
	}
	if err := validate(cookie.JWT(keyA, "short")); err == nil || !strings.Contains(err.Error(), "older key 1 has 5 bytes") {
		t.Errorf("a short older key: Validate: %v", err)
	}
	if err := validate(cookie.JWT(keyA, keyA)); err == nil || !strings.Contains(err.Error(), "older key 1") {
		t.Errorf("the primary key again: Validate: %v", err)
	}
}

func TestJWT6_RotationByKeyID(t *testing.T) {
	keys := jwtKeys(t)
	before := cookie.JWTWith(cookie.JWTOptions{Primary: keys["HS256"]})
	during := cookie.JWTWith(cookie.JWTOptions{Primary: keys["EdDSA"], Older: []cookie.JWTKey{keys["ES256"], keys["HS256"]}})
	after := cookie.JWTWith(cookie.JWTOptions{Primary: keys["EdDSA"], Older: []cookie.JWTKey{keys["ES256"]}})
	old, fresh := seal(t, before, []byte(`{"v":"old"}`), terms), seal(t, during, []byte(`{"v":"new"}`), terms)
	if got, _, err := during.Open(old, terms); err != nil || string(got) != `{"v":"old"}` {
		t.Errorf("the old token during the rotation: %q, %v", got, err)
	}
	if got, _, err := after.Open(fresh, terms); err != nil || string(got) != `{"v":"new"}` {
		t.Errorf("the new token after it: %q, %v", got, err)
	}
	wantRefusal(t, "the old token after it", after, old, terms, cookie.BadAlgorithm)
	wantRefusal(t, "retired secret", cookie.JWT(keyC), seal(t, cookie.JWT(keyA), []byte("{}"), terms), terms, cookie.BadSignature)

	// Under PyJWT no key has a name, and all of the algorithm are tried.
	flat := cookie.PyJWT(keyC, keyB, keyA)
	if got, _, err := flat.Open(seal(t, cookie.PyJWT(keyA), []byte(`{"v":1}`), terms), terms); err != nil || string(got) != `{"v":1}` {
		t.Errorf("an older key under PyJWT: %q, %v", got, err)
	}
	if a, b := seal(t, flat, []byte(`{"v":1}`), terms), seal(t, cookie.PyJWT(keyC), []byte(`{"v":1}`), terms); a != b {
		t.Errorf("with older keys another key signs")
	}
}
