package cookie_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gosessions/sessions/backends/cookie"
)

// keyLong is long enough for HS512.
const keyLong = keyA + keyC

// rsaKey takes long to make.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// jwtKeys has a key for every algorithm.
func jwtKeys(t testing.TB) map[string]cookie.JWTKey {
	t.Helper()
	rsaKey, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]crypto.Signer{"RS": rsaKey, "PS": rsaKey, "EdDSA": edKey}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if keys[name], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]cookie.JWTKey{}
	for _, algorithm := range []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		key := cookie.JWTKey{Algorithm: algorithm, Private: keys[algorithm]}
		switch algorithm[:2] {
		case "HS":
			key.Secret = keyLong
		case "RS", "PS":
			key.Private = keys[algorithm[:2]]
		}
		all[algorithm] = key
	}
	return all
}

// claimsOf returns the header and the claims of a token, verified by the
// library alone.
func claimsOf(t *testing.T, token, algorithm string, key any) (header, claims map[string]any) {
	t.Helper()
	parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{algorithm}), jwt.WithTimeFunc(func() time.Time { return t0 }),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithJSONNumber())
	if err != nil {
		t.Fatalf("%s: the library refuses the token: %v", algorithm, err)
	}
	return parsed.Header, parsed.Claims.(jwt.MapClaims)
}

func TestJWTEveryAlgorithm(t *testing.T) {
	for algorithm, key := range jwtKeys(t) {
		codec := cookie.JWTWith(cookie.JWTOptions{Primary: key, Issuer: "https://id.example", Audience: "shop"})
		token := seal(t, codec, []byte(`{"user":42,"name":"Zoë"}`), terms)

		var public any = []byte(key.Secret)
		reader := key
		if key.Private != nil {
			public = key.Private.Public()
			reader = cookie.JWTKey{Algorithm: algorithm, Public: public}
		}
		header, claims := claimsOf(t, token, algorithm, public)
		if header["typ"] != "sess+jwt" || len(header) != 3 || header["kid"] == "" {
			t.Errorf("%s: header %v, want alg, kid and typ sess+jwt", algorithm, header)
		}
		id, _ := claims["jti"].(string)
		delete(claims, "jti")
		want := map[string]any{
			"iss": "https://id.example", "aud": "shop", "iat": json.Number("1700000000"), "exp": json.Number("1700003600"),
			"d": map[string]any{"user": json.Number("42"), "name": "Zoë"},
		}
		if fmt.Sprint(claims) != fmt.Sprint(want) || len(id) != 22 {
			t.Errorf("%s: jti %q and claims %v, want %v", algorithm, id, claims, want)
		}

		// Who has only the public key can read.
		signer := cookie.JWTKey{Algorithm: "HS512", Secret: keyLong}
		reading := cookie.JWTWith(cookie.JWTOptions{Primary: signer, Older: []cookie.JWTKey{reader}, Issuer: "https://id.example", Audience: "shop"})
		if algorithm == "HS512" {
			reading = codec
		}
		got, left, err := reading.Open(token, terms)
		if err != nil || string(got) != `{"user":42,"name":"Zoë"}` || left != time.Hour {
			t.Errorf("%s: Open = %q, %v, %v", algorithm, got, left, err)
		}
		if again := seal(t, codec, []byte(`{"user":42,"name":"Zoë"}`), terms); again == token {
			t.Errorf("%s: two tokens are equal", algorithm)
		}
		step := 1
		if key.Secret == "" {
			step = 37 // verifying costs more
		}
		flip(t, algorithm, codec, token, step)
	}
}

// flip changes every step-th character of token to others.
func flip(t *testing.T, what string, codec cookie.Codec, token string, step int) {
	t.Helper()
	for i := 0; i < len(token); i += step {
		for _, c := range []byte{token[i] ^ 1, token[i] ^ 4, '.', '='} {
			if changed := token[:i] + string(c) + token[i+1:]; changed != token && c < 0x80 {
				wantRefusal(t, fmt.Sprintf("%s: character %d of %d changed", what, i, len(token)), codec, changed, terms, "")
			}
		}
	}
}

func TestJWTCarriesAnyFormat(t *testing.T) {
	codec := cookie.JWT(keyA)
	for _, data := range []string{
		`{}`, "{}\n", "{} ", `{"a":{"b":[1,2,{"c":null}]}}`, ` {"a":1}`, `{"a":NaN}`, "", "\x01\x00\xff", "[1]", `"text"`, "{", `{"a":1}}`,
		`{"a":1},"exp":9999999999,"x":{}`, `{"n":123456789012345678901234567890}`, strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50),
	} {
		token := seal(t, codec, []byte(data), terms)
		got, left, err := codec.Open(token, terms)
		if err != nil || string(got) != data || left != time.Hour {
			t.Errorf("Open of what Seal made of %q = %q, %v, %v", data, got, left, err)
		}
		claimsOf(t, token, "HS256", []byte(keyA))
	}
}

// signed makes a token of header and payload as they stand, with a right
// HS256 signature.
func signed(header, payload string) string {
	text := b64(header) + "." + b64(payload)
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(keyA))
	if err != nil {
		return "unsigned"
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// strictCodec is of our own layout and has one key, named k1.
func strictCodec() cookie.Codec {
	return cookie.JWTWith(cookie.JWTOptions{Primary: cookie.JWTKey{Algorithm: "HS256", Secret: keyA, ID: "k1"}, Audience: "shop", Issuer: "me"})
}

const (
	goodHeader = `{"alg":"HS256","kid":"k1","typ":"sess+jwt"}`
	goodClaims = `{"iss":"me","aud":"shop","iat":1700000000,"exp":1700003600,"jti":"x","d":{"a":1}}`
)

func TestJWT1_ShapeIsCheckedFirst(t *testing.T) {
	good := signed(goodHeader, goodClaims)
	if got, _, err := strictCodec().Open(good, terms); err != nil || string(got) != `{"a":1}` {
		t.Fatalf("the good token: Open = %q, %v", got, err)
	}
	parts := strings.Split(good, ".")
	for what, token := range map[string]string{
		"empty": "", "one dot": parts[0] + "." + parts[1], "no dot": parts[0], "three dots": good + ".", "leading dot": "." + good,
		"only dots": "..", "dots": strings.Repeat(".", 8000),
		"blank in the header": parts[0] + " ." + parts[1] + "." + parts[2], "foreign characters": "é" + good[2:], "NUL": "\x00" + good[1:],
	} {
		wantRefusal(t, what, strictCodec(), token, terms, cookie.Malformed)
	}
	wantRefusal(t, "too long", strictCodec(), strings.Repeat("A", 16<<10+1), terms, cookie.TooLarge)
	huge := strings.Repeat(".", 16<<10)
	codec := strictCodec()
	if allocs := testing.AllocsPerRun(10, func() { codec.Open(huge, terms) }); allocs > 0 {
		t.Errorf("16 KiB of dots cost %v allocations, want none", allocs)
	}
}

func TestJWT7_OtherKindsOfTokenAreRefused(t *testing.T) {
	parts := strings.Split(signed(goodHeader, goodClaims), ".")
	for what, token := range map[string]string{
		"encrypted, five parts": b64(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647}`) + ".AAAA." + parts[0] + "." + parts[1] + "." + parts[2],
		"JSON serialization":    `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"JSON with two dots":    `{"payload":"` + parts[1] + `.","protected":"` + parts[0] + `.","signature":"` + parts[2] + `"}`,
		"compressed":            signed(`{"alg":"HS256","kid":"k1","typ":"sess+jwt","zip":"DEF"}`, goodClaims),
	} {
		wantRefusal(t, what, strictCodec(), token, terms, cookie.Malformed)
	}
	wantRefusal(t, "PBES2 in three parts", strictCodec(), signed(`{"alg":"PBES2-HS256+A128KW","kid":"k1","p2c":2147483647}`, goodClaims), terms, cookie.BadAlgorithm)
}

func TestJWT2_AlgorithmIsTheKeys(t *testing.T) {
	for _, algorithm := range []string{
		`"none"`, `"None"`, `"nOnE"`, `"NONE"`, `""`, `"hs256"`, `"HS256 "`, `"HS384"`, `"RS256"`, `null`, `["HS256"]`, `256`, `{"a":"HS256"}`,
	} {
		header := `{"alg":` + algorithm + `,"kid":"k1","typ":"sess+jwt"}`
		wantRefusal(t, "alg "+algorithm, strictCodec(), signed(header, goodClaims), terms, cookie.BadAlgorithm)
		unsigned := b64(header) + "." + b64(goodClaims) + "."
		wantRefusal(t, "unsigned, alg "+algorithm, strictCodec(), unsigned, terms, cookie.BadAlgorithm)
	}
	wantRefusal(t, "alg missing", strictCodec(), signed(`{"kid":"k1","typ":"sess+jwt"}`, goodClaims), terms, cookie.BadAlgorithm)

	// Under PyJWT keys have no names, and still each serves its own algorithm.
	flat := cookie.JWTWith(cookie.JWTOptions{
		Primary: cookie.JWTKey{Algorithm: "HS384", Secret: keyLong}, Older: []cookie.JWTKey{{Algorithm: "HS256", Secret: keyA}}, PyJWT: true,
	})
	mixed := b64(`{"alg":"HS256"}`) + "." + b64(`{"a":1}`)
	signature, err := jwt.SigningMethodHS384.Sign(mixed, []byte(keyLong))
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "HS384 called HS256", flat, mixed+"."+base64.RawURLEncoding.EncodeToString(signature), terms, cookie.BadSignature)

	// A key serves one algorithm, also where the ring has another key for the
	// other one.
	keys := jwtKeys(t)
	rs, hs := keys["RS256"], keys["HS256"]
	rs.ID, hs.ID = "rsa", "hmac"
	codec := cookie.JWTWith(cookie.JWTOptions{Primary: rs, Older: []cookie.JWTKey{hs}})
	text := b64(`{"alg":"HS256","kid":"rsa","typ":"sess+jwt"}`) + "." + b64(goodClaims)
	wantRefusal(t, "HS256 under the RSA key's name", codec, text+".AAAA", terms, cookie.BadAlgorithm)
	text = b64(`{"alg":"PS256","kid":"rsa","typ":"sess+jwt"}`) + "." + b64(goodClaims)
	wantRefusal(t, "PS256 under an RS256 key's name", codec, text+".AAAA", terms, cookie.BadAlgorithm)
}

func TestJWT4_HeaderBringsNoKeysAndNothingCritical(t *testing.T) {
	for _, extra := range []string{
		`"crit":["exp"]`, `"crit":[]`, `"crit":null`, `"b64":false`, `"b64":true`, `"zip":"DEF"`, `"enc":"A128GCM"`, `"cr\u0069t":["x"]`, `"kid":7`, `"kid":null`, `"kid":["k1"]`,
	} {
		header := `{"alg":"HS256","typ":"sess+jwt",` + extra + `}`
		wantRefusal(t, extra, strictCodec(), signed(header, goodClaims), terms, cookie.Malformed)
	}
	for _, kid := range []string{"", "k2", "K1", "../k1", "k1 ", "k1\u0000", "' OR 1=1 --", strings.Repeat("k", 3000)} {
		quoted, _ := json.Marshal(kid)
		header := `{"alg":"HS256","typ":"sess+jwt","kid":` + string(quoted) + `}`
		wantRefusal(t, "unknown kid", strictCodec(), signed(header, goodClaims), terms, cookie.BadSignature)
	}
	wantRefusal(t, "no kid", strictCodec(), signed(`{"alg":"HS256","typ":"sess+jwt"}`, goodClaims), terms, cookie.BadSignature)

	ignored := `{"jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example/k","x5u":"https://evil.example/c","x5c":["AA"],"cty":"x","alg":"HS256","kid":"k1","typ":"sess+jwt"}`
	if _, _, err := strictCodec().Open(signed(ignored, goodClaims), terms); err != nil {
		t.Errorf("keys in the header: %v, want them ignored", err)
	}
	forged := b64(ignored) + "." + b64(goodClaims)
	signature, _ := jwt.SigningMethodHS256.Sign(forged, []byte{0})
	wantRefusal(t, "signed with the key in the header", strictCodec(), forged+"."+base64.RawURLEncoding.EncodeToString(signature), terms, cookie.BadSignature)
}

func TestJWT8_OneSpelling(t *testing.T) {
	for name, codec := range map[string]cookie.Codec{
		"own": cookie.JWT(keyA), "flat": cookie.PyJWT(keyA), "EdDSA": cookie.JWTWith(cookie.JWTOptions{Primary: jwtKeys(t)["EdDSA"]}),
	} {
		token := seal(t, codec, []byte(`{"a":1}`), terms)
		for i := range len(token) + 1 {
			for _, c := range []string{"\n", "\r", "\r\n", "=", " ", "\x00", "+", "/"} {
				wantRefusal(t, fmt.Sprintf("%s: %q before character %d", name, c, i), codec, token[:i]+c+token[i:], terms, "")
			}
		}
		// The last character of the signature has unused bits.
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(alphabet, token[len(token)-1])
		for bits := 1; bits < 4; bits++ {
			wantRefusal(t, name+": another last character", codec, token[:len(token)-1]+alphabet[last^bits:][:1], terms, cookie.BadSignature)
		}
	}
}

var someJSON = []byte(`{"user":42,"text":"` + strings.Repeat("x", 250) + `"}`)

func TestJWTAllocations(t *testing.T) {
	wantAllocations(t, cookie.JWT(keyA, keyC), someJSON, 1, 1)
	wantAllocations(t, cookie.PyJWT(keyA, keyC), someJSON, 1, 1)
}

func FuzzS1_JWTOpen(f *testing.F) {
	own, flat := strictCodec(), cookie.PyJWT(keyA)
	f.Add(goodHeader, goodClaims, signed(goodHeader, goodClaims))
	f.Add(`{"alg":"HS256"}`, `{"exp":"1"}`, "a.b.c")
	f.Add(`{"crit":[]}`, `{"\u0065xp":1e9,"d":"AA"}`, "..")
	f.Fuzz(func(t *testing.T, header, payload, token string) {
		for _, codec := range []cookie.Codec{own, flat} {
			// A right signature lets the parsers see everything; a wrong one,
			// nothing.
			data, _, err := codec.Open(signed(header, payload), terms)
			if err != nil && (data != nil || cookie.Reason(err) == "") {
				t.Errorf("%s refused with data or without a reason: %v", codec.Name(), err)
			}
			if err == nil {
				switch _, known := json.Marshal(json.RawMessage(header)); {
				case known != nil && !strings.Contains(header, "HS256"):
					t.Errorf("%s accepts the header %q", codec.Name(), header)
				}
			}
			if data, _, err := codec.Open(token, terms); err == nil && token != signed(goodHeader, goodClaims) {
				t.Errorf("%s accepts a foreign token with %q", codec.Name(), data)
			}
		}
	})
}

func BenchmarkJWT(b *testing.B) {
	benchmark(b, "own", cookie.JWT(keyA, keyC), someJSON)
	benchmark(b, "PyJWT", cookie.PyJWT(keyA, keyC), someJSON)
}
