package peers_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/itsdangerous"
	"github.com/gosessions/sessions/serializer"
)

// openAs reads a cookie as a session in format does.
func openAs(format serializer.Format, codec cookie.Codec, token string) (map[string]any, error) {
	data, _, err := codec.Open(token, cookie.Terms{Now: time.Unix(noon, 0), Cookie: "session", MaxAge: time.Minute})
	if err != nil {
		return nil, err
	}
	var content serializer.Content
	if err := format.Unpack(data, &content); err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, field := range content.Fields {
		var v any
		if err := format.Serializer().Unmarshal(field.Value, &v); err != nil {
			return nil, err
		}
		values[field.Key] = v
	}
	return values, nil
}

// accepted fails the test if we read a token that Python refuses, or otherwise
// than Python does.
func accepted(t *testing.T, python *peers.Codec, request peers.Request, ours map[string]any) {
	t.Helper()
	request.Now = peers.Seconds(noon)
	theirs, err := python.Decode(request)
	if err != nil {
		t.Fatal(err)
	}
	if form, err := neutral.Of(ours); err == nil && (!theirs.Valid || !theirs.Payload.Equal(form)) {
		t.Errorf("%s: we read %s; Python: %+v", request.Format, form, theirs)
	}
}

// FuzzS2_Starlette holds our reading of the cookies of Starlette and starsessions
// against theirs, whatever bytes are signed.
func FuzzS2_Starlette(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a": 1}`, `{"f": 1e+16, "g": -0.0, "i": 123456789012345678901234567890, "n": null, "s": "\u00e9\ud83d\ude00\ud800"}`,
		`{"a":1,"a":2}`, `[1]`, `{"a":NaN}`, ` {"a" : 1}`, "\xef\xbb\xbf{}", "{\x00}\x00", "\xff\xfe{\x00}\x00", "\x00{\x00}",
		"{\x00\x00\x00}\x00\x00\x00", "\xfe\xff\x00{\x00}", `{"a":1E5,"b":-0,"d":"\ud83d"}`, `{"a":Infinity}`, "{\"a\":\"\x7f\t\"}",
		`{"__metadata__": {"lifetime": 3600, "created": 1700000000.0, "last_access": 1700000000.0}, "a": 1}`,
		`{"a": 1, "__metadata__": {"lifetime": -3600, "created": 1e400, "last_access": null}}`, `{"a": 1, "__metadata__": 5}`,
	} {
		f.Add([]byte(text))
	}
	python := peers.Python(f)
	signer, err := itsdangerous.NewTimestampSigner(nil, []byte("dev"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 2000 {
			t.Skip()
		}
		token := signer.Sign(base64.StdEncoding.EncodeToString(text), time.Unix(noon, 0))
		request := peers.Request{Secret: "dev", Token: token, MaxAge: peers.Seconds(60)}
		if ours, err := openAs(serializer.StarletteFormat, cookie.Starlette("dev"), token); err == nil {
			request.Format = "starlette"
			accepted(t, python, request, ours)
		}
		if ours, err := openAs(serializer.StarsessionsFormat, cookie.Starsessions(0, "dev"), token); err == nil {
			request.Format = "starsessions2"
			accepted(t, python, request, ours)
		}
	})
}

// FuzzS2_JWT does the same with PyJWT, whatever header and claims are signed.
func FuzzS2_JWT(f *testing.F) {
	const header = `{"alg":"HS256","typ":"JWT"}`
	for _, claims := range []string{
		`{}`, `{"a":1}`, `{"exp":1700000010}`, `{"exp":"1700000010"}`, `{"exp":1700000000.5,"nbf":true}`, `{"iat":1700000001}`, `{"aud":null}`,
		`{"aud":[]}`, `{"aud":0.0}`, `{"aud":"x"}`, `{"sub":"1","jti":"x"}`, `{"exp":1e400}`, `{"exp":" 1_700_000_010 "}`, `{"a":NaN}`, `{"nbf":-1e300}`,
	} {
		f.Add(header, claims)
	}
	for _, header := range []string{
		`{"alg":"HS256","kid":"x","crit":[]}`, `{"alg":"HS256","b64":true}`, `{"typ":5,"alg":"HS256"}`, `{"alg":"none"}`, "{\"alg\":\"HS256\",\"x\xf0\":1}",
	} {
		f.Add(header, `{}`)
	}
	python := peers.Python(f)
	f.Fuzz(func(t *testing.T, header, claims string) {
		if len(header)+len(claims) > 2000 {
			t.Skip()
		}
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		signature, err := jwt.SigningMethodHS256.Sign(signed, []byte("dev"))
		if err != nil {
			t.Fatal(err)
		}
		token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
		if ours, err := openAs(serializer.ClaimsFormat, cookie.PyJWT("dev"), token); err == nil {
			accepted(t, python, peers.Request{Format: "jwt", Secret: "dev", Token: token}, ours)
		}
	})
}
