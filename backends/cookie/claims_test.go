package cookie_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

func TestJWT5_NamesComeOnce(t *testing.T) {
	for _, header := range []string{
		`{"alg":"HS256","kid":"k1","typ":"sess+jwt","alg":"HS256"}`,
		`{"alg":"none","kid":"k1","typ":"sess+jwt","alg":"HS256"}`,
		`{"alg":"HS256","kid":"k1","typ":"sess+jwt","\u0061lg":"none"}`,
		`{"x":1,"alg":"HS256","kid":"k1","typ":"sess+jwt","x":1}`,
	} {
		wantRefusal(t, header, strictCodec(), signed(header, goodClaims), terms, cookie.Malformed)
	}
	// Readers that disagree about what a header says must not disagree about who
	// signed it (CVE-2022-39227).
	for _, junk := range []string{`"x":1e`, `"x":tru`, `"x":[1}`, `"x":01`, "\"x\":\"\xff\"", "\"\xf0\":1", `"x":"\q"`, `"x":{"y"}`} {
		header := `{"alg":"HS256","kid":"k1","typ":"sess+jwt",` + junk + `}`
		wantRefusal(t, header, strictCodec(), signed(header, goodClaims), terms, cookie.Malformed)
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `"n%d":0,`, i)
	}
	for _, extra := range []string{
		`"exp":1700003600,`, `"e\u0078p":9999999999,`, `"d":{},`, `"x":1,"x":1,`, many.String() + `"n7":1,`, many.String() + `"n99":1,`, many.String() + `"iat":1,`,
	} {
		claims := `{` + extra + goodClaims[1:]
		wantRefusal(t, fmt.Sprintf("claims with %.30s", extra), strictCodec(), signed(goodHeader, claims), terms, cookie.Malformed)
	}
	if _, _, err := strictCodec().Open(signed(goodHeader, "{"+many.String()+goodClaims[1:]), terms); err != nil {
		t.Errorf("a hundred other claims: %v", err)
	}
	flat := cookie.PyJWT(keyA)
	wantRefusal(t, "flat, a key twice", flat, signed(`{"alg":"HS256"}`, `{"a":1,"a":2}`), terms, cookie.Malformed)
}

func TestJWT6_ClaimsAreRequiredAndCompared(t *testing.T) {
	for _, test := range []struct {
		old, new string
		want     cookie.Refusal
	}{
		{`"exp":1700003600,`, ``, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":0`, cookie.Expired},
		{`"exp":1700003600`, `"exp":1700000000`, cookie.Expired},
		{`"exp":1700003600`, `"exp":null`, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":"1700003600"`, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":1700003600.5`, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":17e8`, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":-1`, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":true`, cookie.BadClaim},
		{`"exp":1700003600`, `"exp":99999999999999999999`, cookie.BadClaim},
		{`"exp"`, `"EXP"`, cookie.BadClaim},
		{`"iat":1700000000,`, ``, cookie.BadClaim},
		{`"iat":1700000000`, `"iat":1700000001`, cookie.NotYetValid},
		{`"iat":1700000000`, `"iat":"x"`, cookie.BadClaim},
		{`"iat"`, `"nbf":1700000001,"iat"`, cookie.NotYetValid},
		{`"iat"`, `"nbf":null,"iat"`, cookie.BadClaim},
		{`"jti":"x",`, ``, cookie.BadClaim},
		{`"jti":"x"`, `"jti":""`, cookie.BadClaim},
		{`"jti":"x"`, `"jti":7`, cookie.BadClaim},
		{`"aud":"shop",`, ``, cookie.BadClaim},
		{`"aud":"shop"`, `"aud":"Shop"`, cookie.BadClaim},
		{`"aud":"shop"`, `"aud":["shop"]`, cookie.BadClaim},
		{`"aud":"shop"`, `"aud":""`, cookie.BadClaim},
		{`"iss":"me",`, ``, cookie.BadClaim},
		{`"iss":"me"`, `"iss":"me "`, cookie.BadClaim},
		{`"iss":"me"`, `"iss":{"me":1}`, cookie.BadClaim},
		{`"d":{"a":1}`, `"D":{"a":1}`, cookie.BadClaim},
		{`"d":{"a":1}`, `"d":"A"`, cookie.BadPayload},
		{`"d":{"a":1}`, `"d":"QR"`, cookie.BadPayload},
		{`"d":{"a":1}`, `"d":[1]`, cookie.NotADict},
		{`"d":{"a":1}`, `"d":7`, cookie.NotADict},
		{goodClaims, `[` + goodClaims + `]`, cookie.Malformed},
		{goodClaims, goodClaims + `{}`, cookie.Malformed},
		{goodClaims, goodClaims[:60], cookie.Malformed},
		{goodClaims, `hello`, cookie.Malformed},
		{goodClaims, ``, cookie.Malformed},
		{goodClaims, `null`, cookie.Malformed},
	} {
		claims := strings.Replace(goodClaims, test.old, test.new, 1)
		wantRefusal(t, claims, strictCodec(), signed(goodHeader, claims), terms, test.want)
	}
	for _, typ := range []string{`"JWT"`, `"at+jwt"`, `"sess+JWT"`, `null`, `7`} {
		wantRefusal(t, "typ "+typ, strictCodec(), signed(`{"alg":"HS256","kid":"k1","typ":`+typ+`}`, goodClaims), terms, cookie.BadClaim)
	}
	wantRefusal(t, "no typ", strictCodec(), signed(`{"alg":"HS256","kid":"k1"}`, goodClaims), terms, cookie.BadClaim)

	// A token for one audience is for no other: without an audience of its own
	// a reader refuses it.
	open := cookie.JWTWith(cookie.JWTOptions{Primary: cookie.JWTKey{Algorithm: "HS256", Secret: keyA, ID: "k1"}})
	wantRefusal(t, "an audience where none is configured", open, signed(goodHeader, goodClaims), terms, cookie.BadClaim)
	unaddressed := strings.Replace(goodClaims, `"aud":"shop",`, "", 1)
	if _, _, err := open.Open(signed(goodHeader, unaddressed), terms); err != nil {
		t.Errorf("an issuer where none is configured: %v", err)
	}

	// Clocks may differ by the skew, in both directions of iat and nbf only.
	ahead := terms
	ahead.Skew = 2 * time.Second
	future := strings.Replace(goodClaims, `"iat":1700000000`, `"nbf":1700000002,"iat":1700000002`, 1)
	if _, _, err := strictCodec().Open(signed(goodHeader, future), ahead); err != nil {
		t.Errorf("two seconds ahead with a skew of two: %v", err)
	}
	expired := strings.Replace(goodClaims, `1700003600`, `1699999999`, 1)
	wantRefusal(t, "expired a second ago, with skew", strictCodec(), signed(goodHeader, expired), ahead, cookie.Expired)
	if _, _, err := strictCodec().Open(seal(t, strictCodec(), []byte("{}"), ahead), cookie.Terms{Now: t0.Add(-2 * time.Second)}); err != nil {
		t.Errorf("sealed with a skew, opened where the clock is behind: %v", err)
	}
	if _, err := strictCodec().Seal([]byte("{}"), cookie.Terms{Now: t0}); err == nil {
		t.Error("Seal without a TTL works")
	}
}

// TestJWT6_DeadlineIsRoundedUp: a token that has less than a second to live is
// not dead at once.
func TestJWT6_DeadlineIsRoundedUp(t *testing.T) {
	codec := cookie.JWT(keyA)
	at := terms
	at.Now, at.TTL = t0.Add(900*time.Millisecond), time.Second
	token := seal(t, codec, []byte("{}"), at)
	for after, valid := range map[time.Duration]bool{0: true, time.Second: true, 1100 * time.Millisecond: false} {
		at.Now = t0.Add(900*time.Millisecond + after)
		if _, left, err := codec.Open(token, at); (err == nil) != valid || valid && left <= 0 {
			t.Errorf("after %v: Open = %v left, %v, want valid %v", after, left, err, valid)
		}
	}
}

func TestJWTPyClaims(t *testing.T) {
	codec := cookie.PyJWT(keyA)
	for _, test := range []struct {
		payload string
		left    time.Duration
		want    cookie.Refusal // as PyJWT 2.10 and later
		sealed  bool           // Seal takes it
	}{
		{payload: `{"exp":1700000010}`, left: 10 * time.Second, sealed: true},
		{payload: `{"exp":1700000001.9}`, left: time.Second, sealed: true},
		{payload: `{"exp":1700000000.9}`, want: cookie.Expired, sealed: true},
		{payload: `{"exp":17000000.1e2}`, left: 10 * time.Second, sealed: true},
		{payload: `{"exp":"1700000010"}`, left: 10 * time.Second, sealed: true},
		{payload: `{"exp":" +1700000010\n"}`, left: 10 * time.Second, sealed: true},
		{payload: `{"\u0065xp":1700000010}`, left: 10 * time.Second, sealed: true},
		{payload: `{"exp":0}`, want: cookie.Expired, sealed: true},
		{payload: `{"exp":-1}`, want: cookie.Expired, sealed: true},
		{payload: `{"exp":true}`, want: cookie.Expired, sealed: true},
		{payload: `{"exp":false}`, want: cookie.Expired, sealed: true},
		{payload: `{"exp":-1e300}`, want: cookie.Expired, sealed: true},
		{payload: `{"exp":1e300}`, left: 1<<63 - 1, sealed: true},
		{payload: `{"exp":99999999999999999999999}`, left: 1<<63 - 1, sealed: true},
		{payload: `{"exp":null}`, want: cookie.Malformed},
		{payload: `{"exp":[1700000010]}`, want: cookie.Malformed},
		{payload: `{"exp":""}`, want: cookie.Malformed},
		{payload: `{"exp":"soon"}`, want: cookie.Malformed},
		{payload: `{"exp":NaN}`, want: cookie.Malformed},
		{payload: `{"exp":Infinity}`, want: cookie.Malformed},
		{payload: `{"exp":1e400}`, want: cookie.Malformed},
		{payload: `{"nbf":1700000000}`, sealed: true},
		{payload: `{"nbf":1700000001}`, want: cookie.NotYetValid, sealed: true},
		{payload: `{"nbf":null}`, want: cookie.Malformed},
		{payload: `{"iat":1700000000}`, sealed: true},
		{payload: `{"iat":1700000000.9}`, sealed: true},
		{payload: `{"iat":1700000001}`, want: cookie.NotYetValid, sealed: true},
		{payload: `{"iat":"x"}`, want: cookie.Malformed},
		{payload: `{"aud":null}`, sealed: true},
		{payload: `{"aud":""}`, sealed: true},
		{payload: `{"aud":[]}`, sealed: true},
		{payload: `{"aud":"x"}`, want: cookie.BadClaim},
		{payload: `{"aud":["x"]}`, want: cookie.BadClaim},
		{payload: `{"sub":"42"}`, sealed: true},
		{payload: `{"sub":42}`, want: cookie.BadClaim},
		{payload: `{"sub":null}`, want: cookie.BadClaim},
		{payload: `{"jti":"x"}`, sealed: true},
		{payload: `{"jti":7}`, want: cookie.BadClaim},
		{payload: `{"iss":"me"}`, sealed: true},
		{payload: `{"iss":7}`},
		{payload: ` { "a" : [ 1 , { "exp" : 0 } ] } `, sealed: true},
		{payload: `{"a":"}\"{"}`, sealed: true},
		{payload: `{"a":1`, want: cookie.Malformed},
		{payload: `{"a":}`, want: cookie.Malformed},
		{payload: `{"a":1,}`, want: cookie.Malformed},
		{payload: `{,}`, want: cookie.Malformed},
		{payload: `{"a" 1}`, want: cookie.Malformed},
		{payload: `{"a":[1}`, want: ""},
		{payload: `{a:1}`, want: cookie.Malformed},
		{payload: `[1]`, want: cookie.Malformed},
		{payload: `{}`, sealed: true},
		{payload: ` {	} `, sealed: true},
		{payload: `{}x`, want: cookie.Malformed},
		{payload: `{} {}`, want: cookie.Malformed},
		{payload: `{"a":1}}`, want: cookie.Malformed},
	} {
		token := signed(`{"alg":"HS256","typ":"JWT"}`, test.payload)
		if test.want != "" {
			wantRefusal(t, test.payload, codec, token, terms, test.want)
		} else if test.sealed || test.left != 0 {
			if got, left, err := codec.Open(token, terms); err != nil || string(got) != test.payload || left != test.left {
				t.Errorf("%s: Open = %q, %v, %v, want %v left", test.payload, got, left, err, test.left)
			}
		}
		switch got, err := codec.Seal([]byte(test.payload), terms); {
		case test.sealed && (err != nil || got != token):
			t.Errorf("%s: Seal = %q, %v, want %q", test.payload, got, err, token)
		case !test.sealed && test.payload != `{"a":[1}` && err == nil:
			t.Errorf("%s: Seal writes what no reader takes", test.payload)
		}
	}
	for _, options := range []cookie.JWTOptions{
		{Issuer: "me"}, {Audience: "me"}, {Type: "x"},
	} {
		options.Primary, options.PyJWT = cookie.JWTKey{Algorithm: "HS256", Secret: keyA}, true
		if err := validate(cookie.JWTWith(options)); err == nil {
			t.Errorf("%+v under PyJWT: no error", options)
		}
	}
}

// TestJWTPyReservedClaimsAreTheSessionsFault: a session that PyJWT would refuse
// is not a failure of the backend, after which clients are asked to come back.
func TestJWTPyReservedClaimsAreTheSessionsFault(t *testing.T) {
	mw, err := sessions.New(cookie.New(cookie.PyJWT(keyA)), nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = session.Set("aud", "x")
		}
		if err == nil {
			err = session.Save(r.Context())
		}
		if !errors.Is(err, serializer.ErrType) || sessions.Status(err) != http.StatusInternalServerError {
			t.Errorf("got %v with status %d, want serializer.ErrType with 500", err, sessions.Status(err))
		}
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}
