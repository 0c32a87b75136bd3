package main

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gosessions/sessions/backends/cookie"
)

// makeToken returns a token that the command has made.
func makeToken(t *testing.T, format, secret string, flags ...string) string {
	t.Helper()
	args := append([]string{"encode", "-format", format, "-now", "1700000000"}, flags...)
	if secret != "" {
		args = append(args, "-secret", secret)
	}
	stdout, stderr, code := run(t, `{"t":"dict","v":[["user",{"t":"str","v":"`+hiddenValue+`"}]]}`, args...)
	if code != success {
		t.Fatalf("encode: %s", stderr)
	}
	return strings.TrimSpace(stdout)
}

const (
	// longKey is a key that every format accepts, and hiddenKey and hiddenValue are
	// never shown in a hint.
	longKey     = "uL7yQm2vXo9RkT4cZs1wEa6hNp3dGb8f"
	hiddenValue = "tell-nobody"
)

// TestHints: each usual mistake of pasting is recognized, and the hint shows neither
// the token nor the key.
func TestHints(t *testing.T) {
	flask, starlette := makeToken(t, "flask", longKey), makeToken(t, "starlette", longKey)
	base64Key := "dUw3eVFtMnZYbzlSa1Q0Y1pzMXdFYTZoTnAzZEdiOGY=" // of longKey
	encrypted := makeToken(t, "encrypted", longKey, "-cookie-name", "__Host-app")
	decode := func(format, secret, token string, flags ...string) []string {
		return append(append([]string{"-format", format, "-secret", secret}, flags...), "--", token)
	}
	tests := []struct {
		name string
		args []string
		want string // the whole hint after the number
	}{
		{"the name", decode("flask", longKey, "session="+flask), "it is valid without the name before it"},
		{"a header", decode("flask", longKey, "Cookie: session="+flask), "it is valid without the header's name before it, without the name before it"},
		{"a whole Set-Cookie", decode("flask", longKey, "Set-Cookie: session="+flask+"; Path=/; HttpOnly"),
			"it is valid without the header's name before it, without what comes before or after it, with semicolons, without the name before it"},
		{"attributes", decode("flask", longKey, flask+"; Path=/"), "it is valid without what comes before or after it, with semicolons"},
		{"among other cookies", decode("flask", longKey, "a=1; session="+flask+"; b=2"), "it is valid without what comes before or after it, with semicolons, without the name before it"},
		{"in a long header", decode("flask", longKey, strings.Repeat("a="+strings.Repeat("x", 600)+"; ", 20)+"session="+flask),
			"it is valid without what comes before or after it, with semicolons, without the name before it"},
		{"quotes", decode("flask", longKey, `"`+flask+`"`), "it is valid without the quotes around it"},
		{"one quote", decode("flask", longKey, flask+"'"), "it is valid without the quotes around it"},
		{"bytes", decode("flask", longKey, "b'"+flask+"'"), "it is valid without b'' around it"},
		{"percent", decode("starlette", longKey, url.QueryEscape(starlette)), "it is valid with %3D and the like decoded"},
		{"octal", decode("starlette", longKey, strings.ReplaceAll(starlette, "=", `\075`)), `it is valid with \075 and the like decoded`},
		{"white space", decode("flask", longKey, " "+flask+"\n"), "it is valid without the white space around it"},
		{"a line break", decode("flask", longKey, flask[:20]+"\n  "+flask[20:]), "it is valid without the spaces and line breaks in it"},
		{"a bearer", decode("jwt", longKey, "Authorization: Bearer "+makeToken(t, "jwt", longKey)), "it is valid without the header's name before it"},

		{"the key with a line end", decode("flask", longKey+"\n", flask), "it is valid without the white space around the key"},
		{"the application's key with a line end", decode("flask", longKey, makeToken(t, "flask", longKey+"\n")),
			"it is valid with a line end after the key, as the application has it"},
		{"the key in quotes", decode("flask", "'"+longKey+"'", flask), "it is valid without the quotes around the key"},
		{"the key as bytes", decode("flask", `b'k\x00\n\'"'`, makeToken(t, "flask", "k\x00\n'\"")), "it is valid with the bytes that b'' stands for as the key"},
		{"the key with escapes", decode("flask", `k\x00\n`, makeToken(t, "flask", "k\x00\n")), "it is valid with the escapes in the key decoded"},
		{"the key with its name", decode("flask", "export SECRET_KEY="+longKey, flask), "it is valid without the name before the key"},
		{"the key in base64", decode("flask", base64Key, flask), "it is valid with the key decoded from base64 (-secret-base64)"},
		{"the key in hexadecimal", decode("flask", "756c37", makeToken(t, "flask", "ul7")), "it is valid with the key decoded from hexadecimal digits"},
		{"the key not in base64", []string{"-format", "flask", "-secret-base64", base64Key, makeToken(t, "flask", base64Key)},
			"it is valid with the key as it is, not decoded from base64 (-secret)"},
		{"an older key", decode("flask", "another", flask, "-fallback", longKey+" "), "it is valid without the white space around the key"},

		{"the wrong framework", decode("flask", longKey, starlette), "it is valid as -format starlette"},
		{"the other one", decode("starlette", longKey, flask), "it is valid as -format flask"},
		{"starsessions", decode("flask", longKey, makeToken(t, "starsessions2", longKey)), "it is valid as -format starsessions2"},
		{"a JSON Web Token", decode("flask", longKey, makeToken(t, "jwt", longKey)), "it is valid as -format jwt"},
		{"our own", decode("flask", longKey, makeToken(t, "sess+jwt", longKey)), "it is valid as -format sess+jwt"},
		{"another algorithm", decode("jwt", longKey, makeToken(t, "jwt", longKey, "-alg", "HS384")), "it is valid with -alg HS384"},
		{"a record", decode("flask", longKey, makeToken(t, "native", "")), "it is valid as -format native"},
		{"another cookie", decode("encrypted", longKey, "__Host-app="+encrypted), "it is valid without the name before it, with that name as -cookie-name"},
		{"a cookie's name too many", decode("encrypted", longKey, makeToken(t, "encrypted", longKey), "-cookie-name", "x"), "it is valid without -cookie-name"},
		{"a salt too many", decode("flask", longKey, flask, "-salt", "x"), "it is valid without -salt"},
		{"several mistakes", decode("flask", longKey+"\n", "session="+url.QueryEscape(starlette)),
			"it is valid as -format starlette, without the name before it, with %3D and the like decoded, without the white space around the key"},

		{"an end that is missing", decode("flask", longKey, flask[:len(flask)-4]), "its end is missing: the signature has 23 of 27 characters"},
		{"a beginning that is missing", decode("flask", longKey, flask[3:]), "its beginning is missing or was changed: copy the whole value"},
		{"no signature", decode("flask", longKey, flask[:strings.Index(flask, ".")]), "it ends before the signature: copy the whole value"},
		{"shortened", decode("flask", longKey, flask[:20]+"…"), "it was shortened when it was displayed: copy the whole value"},
		{"more at the end", decode("flask", longKey, flask+"abc"), "something follows its signature: copy the value only"},
		{"a JSON Web Token that ends early", decode("jwt", longKey, makeToken(t, "jwt", longKey)[:70]), "it is a JSON Web Token whose end is missing: copy the whole value"},
		{"another key", decode("flask", "another", flask), "it has the form of a cookie of Flask or Starlette, made on 2023-11-14: the key or the salt is another one"},
		{"another key of Starlette", decode("flask", "another", starlette), "it has the form of a cookie of Starlette, made on 2023-11-14: the key or the salt is another one"},
		{"another key of a JSON Web Token", decode("jwt", strings.Repeat("z", 32), makeToken(t, "jwt", longKey)), "it is a whole JSON Web Token: its key is another one"},
		{"an encrypted one", decode("flask", longKey, encrypted), "it has the form of an encrypted token: it was sealed with another key, for a cookie with another name (-cookie-name), or its end is missing"},
		{"an ID", decode("flask", longKey, strings.Repeat("kZ_4", 11)[:43]), "it has the form of an ID: the session itself is in a store (see sessions list -h)"},
		{"a UUID", decode("flask", longKey, "session=123e4567-e89b-12d3-a456-426614174000"), "it has the form of an ID: the session itself is in a store (see sessions list -h)"},
		{"nothing known", decode("flask", longKey, "x.y"), ""},
		{"an expired token", decode("flask", longKey, flask, "-now", "1800000000"), ""},
	}
	for _, test := range tests {
		args := append([]string{"decode", "-now", "1700000000"}, test.args...)
		stdout, stderr, code := run(t, "", args...)
		want := "sessions decode: token 1: " + test.want + "\n"
		if test.want == "" {
			want = ""
		}
		if stderr != want || code != failure || !strings.HasPrefix(stdout, `{"valid":false`) {
			t.Errorf("%s: %q, %q, exit status %d, want a refusal and %q", test.name, stdout, stderr, code, want)
		}
		for _, hidden := range []string{longKey, base64Key, hiddenValue, flask[:20]} {
			if strings.Contains(stderr, hidden) {
				t.Errorf("%s: the hint shows a secret: %s", test.name, stderr)
			}
		}
	}
}

// TestHintsAreTrue: what the hint says makes the token valid.
func TestHintsAreTrue(t *testing.T) {
	for _, format := range []string{"starlette", "jwt", "sess+jwt", "encrypted", "flask-session-id"} {
		token := makeToken(t, "flask", longKey)
		if format != "flask-session-id" {
			token = makeToken(t, format, longKey)
		} else if stdout, _, code := run(t, `{"t":"str","v":"an-id"}`, "encode", "-format", format, "-secret", longKey); code == success {
			token = strings.TrimSpace(stdout)
		}
		_, stderr, _ := run(t, "", "decode", "-format", "flask", "-now", "1700000000", "-secret", longKey, token)
		_, found, _ := strings.Cut(strings.TrimSpace(stderr), "-format ")
		if _, _, code := run(t, "", "decode", "-format", found, "-now", "1700000000", "-secret", longKey, token); code != success {
			t.Errorf("%s: the hint %q leads to exit status %d", format, stderr, code)
		}
	}
}

// TestHintsAreFew: of many refused tokens only the first have hints, and they are
// numbered. Requests have none.
func TestHintsAreFew(t *testing.T) {
	flask := makeToken(t, "flask", longKey)
	input := flask + "\n" + strings.Repeat("session="+flask+"\n", 3*maxHints)
	stdout, stderr, code := run(t, input, "decode", "-format", "flask", "-now", "1700000000", "-secret", longKey)
	if got := strings.Count(stdout, "\n"); got != 3*maxHints+1 || code != failure {
		t.Errorf("%d answers, exit status %d", got, code)
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if len(lines) != maxHints {
		t.Fatalf("%d hints, want %d", len(lines), maxHints)
	}
	for i, line := range lines {
		if want := "sessions decode: token " + strconv.Itoa(i+2) + ": "; !strings.HasPrefix(line, want) {
			t.Errorf("%q, want %s", line, want)
		}
	}
	_, stderr, _ = run(t, `{"format":"flask","secret":"x","cookie":"session=`+flask+`"}`+"\n", "decode", "-requests")
	if stderr != "" {
		t.Errorf("a hint for a program: %s", stderr)
	}
}

// FuzzHint: whatever a token and a key are, a hint is one line without either.
func FuzzHint(f *testing.F) {
	f.Add("session="+flaskToken+"; Path=/", "dev", uint8(0))
	f.Add(`Cookie: a=b'x\075y%3D'`, `b'\x00\n'`, uint8(6))
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30.x", "export KEY='ZGV2ZGV2ZGV2ZGV2'", uint8(1))
	f.Add(strings.Repeat("A", 80), longKey, uint8(9))
	f.Fuzz(func(t *testing.T, token, secret string, format uint8) {
		r := request{kind: &kinds[int(format)%len(kinds)], token: token, secret: secret, now: time.Unix(1700000000, 0)}
		hint := r.hint(cookie.BadSignature, []string{secret})
		if strings.ContainsAny(hint, "\n\r") || !utf8.ValidString(hint) {
			t.Errorf("%q is not a line of text", hint)
		}
		for _, hidden := range []string{token, secret} {
			if len(hidden) > 20 && strings.Contains(hint, hidden) {
				t.Errorf("%q shows %q", hint, hidden)
			}
		}
	})
}
