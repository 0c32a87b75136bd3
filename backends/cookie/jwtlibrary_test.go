package cookie_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

// unacceptable are tokens that the library takes although it is told the one
// algorithm, by what is wrong with them.
func unacceptable() map[string]string {
	good := signed(goodHeader, goodClaims)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	tokens := map[string]string{
		"unknown crit":      signed(`{"alg":"HS256","kid":"k1","typ":"sess+jwt","crit":["x"],"x":1}`, goodClaims),
		"alg twice":         signed(`{"alg":"none","alg":"HS256","kid":"k1","typ":"sess+jwt"}`, goodClaims),
		"a claim twice":     signed(goodHeader, strings.Replace(goodClaims, `"jti"`, `"exp":1700003601,"jti"`, 1)),
		"a claim disguised": signed(goodHeader, strings.Replace(goodClaims, `"jti"`, `"e\u0078p":1700003601,"jti"`, 1)),
		"no exp":            signed(goodHeader, strings.Replace(goodClaims, `"exp":1700003600,`, ``, 1)),
		"exp of 0":          signed(goodHeader, strings.Replace(goodClaims, `1700003600`, `0`, 1)),
		"a line end":        good + "\n",
		"a line end inside": good[:len(good)-5] + "\r\n" + good[len(good)-5:],
	}
	for bits := 1; bits < 4; bits++ {
		tokens["spelling "+string('0'+rune(bits))] = good[:len(good)-1] + alphabet[last^bits:][:1]
	}
	return tokens
}

// TestE11_WhatTheLibraryAccepts: what the library accepts and must not be a
// session, each seen to be accepted there: if it is one day not, the row has
// become the library's.
func TestE11_WhatTheLibraryAccepts(t *testing.T) {
	library := func(token string, key any) (*jwt.Token, error) {
		parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(func() time.Time { return t0 }))
		return parser.Parse(token, func(*jwt.Token) (any, error) { return key, nil })
	}
	if parsed, err := library(signed(goodHeader, goodClaims), []byte(keyA)); err != nil || !parsed.Valid {
		t.Fatalf("the library refuses a good token: %v", err)
	}
	for what, token := range unacceptable() {
		if _, err := library(token, []byte(keyA)); err != nil {
			t.Errorf("%s: the library refuses it by now: %v", what, err)
		}
		wantRefusal(t, what, strictCodec(), token, terms, "")
	}

	// No key, an empty key: anybody can sign with it.
	text := b64(goodHeader) + "." + b64(goodClaims)
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte{})
	if err != nil {
		t.Fatal(err)
	}
	token := text + "." + base64.RawURLEncoding.EncodeToString(signature)
	for what, key := range map[string][]byte{"empty": {}, "nil": nil} {
		if _, err := library(token, key); err != nil {
			t.Errorf("%s key: the library refuses it by now: %v", what, err)
		}
	}
	for _, codec := range []cookie.Codec{cookie.JWT(""), cookie.PyJWT(""), cookie.JWT(keyA, ""), cookie.JWTWith(cookie.JWTOptions{})} {
		if err := validate(codec); err == nil {
			t.Errorf("%s with an empty key: no error", codec.Name())
		}
		if data, _, err := codec.Open(token, terms); err == nil || data != nil {
			t.Errorf("%s with an empty key opens %q", codec.Name(), data)
		}
	}

	// On a wrong signature the library hands the claims out nevertheless.
	forged := signed(goodHeader, goodClaims)[:len(text)] + ".AAAA"
	if parsed, err := library(forged, []byte(keyA)); err == nil || parsed == nil || parsed.Claims.(jwt.MapClaims)["jti"] != "x" {
		t.Errorf("the library keeps the claims to itself by now: %v", err)
	}
	wantRefusal(t, "wrong signature", strictCodec(), forged, terms, cookie.BadSignature)
}

// TestJWT9_NothingOfARefusedTokenIsReachable: whatever a token is refused for,
// nothing that stands in it reaches a handler: the record is none, and the
// session is a new one.
func TestJWT9_NothingOfARefusedTokenIsReachable(t *testing.T) {
	tokens := unacceptable()
	tokens["expired"] = signed(goodHeader, strings.Replace(goodClaims, `1700003600`, `1699999999`, 1))
	tokens["not yet valid"] = signed(goodHeader, strings.Replace(goodClaims, `"iat":1700000000`, `"iat":1700009999`, 1))
	tokens["other audience"] = signed(goodHeader, strings.Replace(goodClaims, `shop`, `mail`, 1))
	tokens["other issuer"] = signed(goodHeader, strings.Replace(goodClaims, `"me"`, `"eve"`, 1))
	tokens["other type"] = signed(strings.Replace(goodHeader, `sess+jwt`, `at+jwt`, 1), goodClaims)
	tokens["other key"] = signed(strings.Replace(goodHeader, `k1`, `k2`, 1), goodClaims)
	tokens["forged"] = b64(goodHeader) + "." + b64(goodClaims) + ".AAAA"
	tokens["unsigned"] = b64(`{"alg":"none","kid":"k1","typ":"sess+jwt"}`) + "." + b64(goodClaims) + "."
	at(t, func(t *testing.T) {
		b := cookie.New(strictCodec())
		config := *quiet
		config.Format = serializer.ClaimsFormat
		visitAs(t, &config, b, "session="+signed(goodHeader, goodClaims), func(s *sessions.Session) error {
			if a, err := s.Get("a"); a != int64(1) || err != nil {
				t.Errorf("the good token: a = %v, %v", a, err)
			}
			return nil
		})
		for what, token := range tokens {
			if record, err := b.Read(t.Context(), token); err == nil || record.Data != nil || record.TTL != 0 || record.Subject != "" {
				t.Errorf("%s: Read = %v, %v", what, record, err)
			} else if strings.Contains(err.Error(), "shop") || strings.Contains(err.Error(), token[len(token)-3:]) {
				t.Errorf("%s: the error tells of the token: %v", what, err)
			}
			made := visitAs(t, &config, b, "session="+token, func(s *sessions.Session) error {
				if !s.IsNew() || s.Len() != 0 || s.Subject() != "" || s.Changed() {
					t.Errorf("%s: new %v, keys %v, subject %q", what, s.IsNew(), s.Keys(), s.Subject())
				}
				return nil
			})
			if made != nil {
				t.Errorf("%s: answered with the cookie %v", what, made)
			}
		}
	})
}
