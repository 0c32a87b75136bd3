package cookie_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/gosessions/sessions/backends/cookie"
)

// Three keys as an application would have them: text from a generator, and raw
// bytes.
const (
	keyA = "d0Qw7kGqzJ3xVtMhYb9sRf2LpNcUeXaE4oTiKvHgZyS1jB5m"
	keyB = "\x8f\x03\xd1\x9a\x55\xe7\x2c\x00\x71\xbe\x44\x16\xfa\x90\x3d\xc8\x6b\x27\xa2\xef\x08\x5e\xd9\x83\x34\xc1\x7f\x12\x60\xab\x99\x4d"
	keyC = "9f1c3a7be05d2846c1a9e3f7b2d480566e8f0b3da4c7152f9d6e8a0b1c3d5f72"
)

var (
	t0    = time.Unix(1700000000, 0)
	terms = cookie.Terms{Now: t0, Cookie: "__Host-session", TTL: time.Hour, MaxAge: time.Hour}
)

func TestEncryptedRoundTrip(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	for _, size := range []int{0, 1, 2, 3, 300, 3000, 8000} {
		data := bytes.Repeat([]byte{0xa5}, size)
		token := seal(t, codec, data, terms)
		if strings.Contains(token, base64.RawURLEncoding.EncodeToString(data)) && size > 2 {
			t.Errorf("%d bytes: the data is readable in the token", size)
		}
		if again := seal(t, codec, data, terms); again == token {
			t.Errorf("%d bytes: two tokens are equal", size)
		}
		got, left, err := codec.Open(token, terms)
		if err != nil || !bytes.Equal(got, data) || left != time.Hour {
			t.Errorf("%d bytes: Open = %d bytes, %v, %v", size, len(got), left, err)
		}
	}
}

func TestEncryptedFitsInCookie(t *testing.T) {
	token := seal(t, cookie.Encrypted(keyA), make([]byte, 3004), terms)
	if size := len(terms.Cookie) + len(token); size > 4096 {
		t.Errorf("name and token of 3004 bytes take %d bytes, want at most 4096", size)
	}
}

// TestCR1_EveryFlippedBitIsRefused: whatever single bit of the token changes,
// the error is the same.
func TestCR1_EveryFlippedBitIsRefused(t *testing.T) {
	codec := cookie.Encrypted(keyA, keyB)
	raw, err := base64.RawURLEncoding.DecodeString(seal(t, codec, []byte(`{"user":42}`), terms))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		wantRefusal(t, fmt.Sprintf("bit %d flipped", i), codec, base64.RawURLEncoding.EncodeToString(raw), terms, cookie.BadSignature)
		raw[i/8] ^= 1 << (i % 8)
	}
}

func TestCR1_EveryChangedCharacterIsRefused(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	token := seal(t, codec, []byte(`{"user":42}`), terms)
	for i := range token {
		for _, c := range []byte("A_+/=.\n\r\x00 \xff") {
			if changed := token[:i] + string(rune(c)) + token[i+1:]; changed != token {
				wantRefusal(t, fmt.Sprintf("character %d is %q", i, c), codec, changed, terms, "")
			}
			wantRefusal(t, fmt.Sprintf("%q before character %d", c, i), codec, token[:i]+string(rune(c))+token[i:], terms, "")
		}
	}
}

func TestCR2_ShortenedTagIsRefused(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	raw, _ := base64.RawURLEncoding.DecodeString(seal(t, codec, []byte(`{"user":42,"name":"Ada"}`), terms))
	for cut := 1; cut <= len(raw); cut++ {
		wantRefusal(t, fmt.Sprintf("%d bytes cut off", cut), codec, base64.RawURLEncoding.EncodeToString(raw[:len(raw)-cut]), terms, "")
	}
	wantRefusal(t, "a byte added", codec, base64.RawURLEncoding.EncodeToString(append(raw, 0)), terms, cookie.BadSignature)
}

func TestCR3_TokenServesOneCookieOnly(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	for _, pair := range [][2]string{
		{"a", "b"}, {"session", "__Host-session"}, {"session", "Session"}, {"", "session"}, {"session", "sessio"},
		{"x", "x" + strings.Repeat("\x00", 4)},
	} {
		at := terms
		at.Cookie = pair[0]
		token := seal(t, codec, []byte("data"), at)
		at.Cookie = pair[1]
		wantRefusal(t, fmt.Sprintf("cookie %q presented as %q", pair[0], pair[1]), codec, token, at, cookie.BadSignature)
	}
}

func TestCR6_PrimarySealsOlderOpenRetiredIsRefused(t *testing.T) {
	before := cookie.Encrypted(keyA)
	during := cookie.Encrypted(keyB, keyC, keyA)
	after := cookie.Encrypted(keyB, keyC)

	old := seal(t, before, []byte("old"), terms)
	fresh := seal(t, during, []byte("new"), terms)
	for name, codec := range map[string]cookie.Codec{"during": during, "after": after} {
		if got, _, err := codec.Open(fresh, terms); err != nil || string(got) != "new" {
			t.Errorf("%s the rotation: Open of the new token = %q, %v", name, got, err)
		}
	}
	if got, _, err := during.Open(old, terms); err != nil || string(got) != "old" {
		t.Errorf("during the rotation: Open of the old token = %q, %v", got, err)
	}
	wantRefusal(t, "retired key", after, old, terms, cookie.BadSignature)
	wantRefusal(t, "new token at an instance without the new key", before, fresh, terms, cookie.BadSignature)

	// The order of the older keys has no meaning.
	if _, _, err := cookie.Encrypted(keyB, keyA, keyC).Open(old, terms); err != nil {
		t.Errorf("older keys in another order: %v", err)
	}
}

// TestCR6_GoldenToken: tokens of earlier releases stay readable: this one was
// made by the first.
func TestCR6_GoldenToken(t *testing.T) {
	const golden = "AcD1R53dAy7ZMNouKXfdd6NZBTp1gGqsHhcpkxUN7IEiD1Zz10KlaJF3paqhQROnIPxxiXFSQEDzk5zbT_ylDZtybko"
	got, left, err := cookie.Encrypted(keyB, keyA).Open(golden, terms)
	if err != nil || string(got) != `{"user":42}` || left != time.Hour {
		t.Errorf("Open of the golden token = %q, %v, %v", got, left, err)
	}
}

// TestEncryptedLayout: the token's layout as documented, read with nothing of
// this package.
func TestEncryptedLayout(t *testing.T) {
	token := seal(t, cookie.Encrypted(keyA), []byte(`{"user":42}`), terms)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	const info = "sessions/cookie/v1 XChaCha20-Poly1305 "
	id, err := hkdf.Key(sha256.New, []byte(keyA), nil, info+"key ID", 4)
	if err != nil || raw[0] != 1 || !bytes.Equal(raw[1:5], id) {
		t.Fatalf("version and key ID are %x, want 01%x (%v)", raw[:5], id, err)
	}
	key, err := hkdf.Key(sha256.New, []byte(keyA), nil, info+"encryption", 32)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		t.Fatal(err)
	}
	associated := "\x01\x01" + "\x04" + string(id) + "\x07session" + "\x0e__Host-session"
	plain, err := aead.Open(nil, raw[5:29], raw[29:], []byte(associated))
	want := fmt.Sprintf("%012x%012x", t0.UnixMilli(), t0.Add(time.Hour).UnixMilli()) + hex.EncodeToString([]byte(`{"user":42}`))
	if got := hex.EncodeToString(plain); err != nil || got != want {
		t.Errorf("inside is %s, want %s (%v)", got, want, err)
	}
}

func TestCR7_FieldsAreSeparated(t *testing.T) {
	// The name of the cookie is the only field of changing length, and it may
	// hold anything that the other fields hold.
	codec := cookie.Encrypted(keyA)
	seen := map[string]bool{}
	for _, name := range []string{"ab", "a", "b", "session", "\x07session", "\x07session\x02ab"} {
		at := terms
		at.Cookie = name
		token := seal(t, codec, []byte("x"), at)
		for other := range seen {
			at.Cookie = other
			wantRefusal(t, fmt.Sprintf("%q as %q", name, other), codec, token, at, cookie.BadSignature)
		}
		seen[name] = true
	}
}

func TestEXP2_EncryptedCarriesItsDeadline(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	token := seal(t, codec, []byte("x"), terms)
	for _, test := range []struct {
		after time.Duration
		skew  time.Duration
		left  time.Duration
		want  cookie.Refusal
	}{
		{after: 0, left: time.Hour},
		{after: time.Hour - time.Millisecond, left: time.Millisecond},
		{after: time.Hour, want: cookie.Expired},
		{after: time.Hour, skew: time.Minute, want: cookie.Expired},
		{after: 1000 * time.Hour, want: cookie.Expired},
		{after: -time.Millisecond, want: cookie.Future},
		{after: -2 * time.Second, skew: 2 * time.Second, left: time.Hour + 2*time.Second},
		{after: -2001 * time.Millisecond, skew: 2 * time.Second, want: cookie.Future},
	} {
		at := cookie.Terms{Now: t0.Add(test.after), Cookie: terms.Cookie, Skew: test.skew, MaxAge: -1, TTL: 9 * time.Hour}
		if test.want != "" {
			wantRefusal(t, fmt.Sprintf("%v later, skew %v", test.after, test.skew), codec, token, at, test.want)
		} else if got, left, err := codec.Open(token, at); err != nil || string(got) != "x" || left != test.left {
			t.Errorf("%v later: Open = %q, %v, %v, want %v left", test.after, got, left, err, test.left)
		}
	}

	// A token sealed on a machine that is ahead is accepted where the clock is
	// behind by no more than the skew.
	ahead := terms
	ahead.Skew = 2 * time.Second
	token = seal(t, codec, []byte("x"), ahead)
	behind := terms
	behind.Now = t0.Add(-2 * time.Second)
	if _, left, err := codec.Open(token, behind); err != nil || left != time.Hour+2*time.Second {
		t.Errorf("sealed with skew: Open = %v, %v", left, err)
	}
}

func TestEXP5_EncryptedTimesDoNotOverflow(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	for _, ttl := range []time.Duration{0, -1, math.MinInt64} {
		at := terms
		at.TTL = ttl
		if token, err := codec.Seal([]byte("x"), at); err == nil {
			t.Errorf("Seal with TTL %v = a token of %d bytes, want an error", ttl, len(token))
		}
	}
	at := terms
	at.TTL = math.MaxInt64
	token := seal(t, codec, []byte("x"), at)
	if _, left, err := codec.Open(token, terms); err != nil || left < 290*365*24*time.Hour {
		t.Errorf("TTL of 292 years: Open = %v, %v", left, err)
	}
	for now, want := range map[time.Time]cookie.Refusal{
		{}: cookie.Future, time.Unix(-1<<50, 0): cookie.Future, time.Unix(-1, 0): cookie.Future, time.Unix(1<<50, 0): cookie.Expired,
	} {
		at := terms
		at.Now = now
		wantRefusal(t, fmt.Sprintf("at %v", now), codec, seal(t, codec, []byte("x"), at), at, want)
	}
	// A clock that stands just before 1970 signs as if it stood there.
	at.Now, at.TTL = time.Unix(-1, 0), time.Hour
	token = seal(t, codec, []byte("x"), at)
	at.Now = time.Unix(9, 0)
	if _, left, err := codec.Open(token, at); err != nil || left != time.Hour-10*time.Second {
		t.Errorf("sealed a second before 1970: Open = %v, %v", left, err)
	}
}

func TestEncryptedRefusesJunk(t *testing.T) {
	codec := cookie.Encrypted(keyA)
	for _, token := range []string{"", "null", "''", ".", "..", "a.b.c", "e30", strings.Repeat("A", 75), strings.Repeat("A", 4096), strings.Repeat("é", 100)} {
		wantRefusal(t, fmt.Sprintf("%.20q", token), codec, token, terms, "")
	}
	wantRefusal(t, "16 KiB and one", codec, strings.Repeat("A", 16<<10+1), terms, cookie.TooLarge)
}

func TestEncryptedAllocations(t *testing.T) {
	wantAllocations(t, cookie.Encrypted(keyA, keyB), make([]byte, 300), 1, 1)
}

func seal(t *testing.T, codec cookie.Codec, data []byte, terms cookie.Terms) string {
	t.Helper()
	token, err := codec.Seal(data, terms)
	if err != nil {
		t.Fatalf("Seal: %v", err)
	}
	return token
}

// wantRefusal fails unless codec refuses token, for the reason want unless that
// is empty, and gives nothing of its content away.
func wantRefusal(t *testing.T, what string, codec cookie.Codec, token string, terms cookie.Terms, want cookie.Refusal) {
	t.Helper()
	data, left, err := codec.Open(token, terms)
	if data != nil || left != 0 {
		t.Errorf("%s: Open = %d bytes, %v left, want nothing", what, len(data), left)
	}
	if reason := cookie.Reason(err); reason == "" || want != "" && !errors.Is(err, want) {
		t.Errorf("%s: Open: %v, want %s", what, err, want)
	}
}

func FuzzS1_EncryptedOpen(f *testing.F) {
	codec := cookie.Encrypted(keyA, keyB)
	for _, data := range []string{"", "x", `{"user":42}`} {
		token, err := codec.Seal([]byte(data), terms)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
		f.Add(token[:len(token)-1])
		f.Add(token + "\n")
		token, err = codec.(cookie.TaggedCodec).SealTagged([]byte("tag"), []byte(data), terms)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		data, left, err := codec.Open(token, terms)
		if err != nil {
			if data != nil || left != 0 || cookie.Reason(err) == "" {
				t.Errorf("refused with %d bytes, %v left, reason %q", len(data), left, cookie.Reason(err))
			}
			return
		}
		// Without a key no one can make a token that is accepted, and each
		// accepted token is the only spelling of its bytes.
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		if base64.RawURLEncoding.EncodeToString(raw) != token {
			t.Error("a second spelling is accepted")
		}
	})
}

func BenchmarkEncrypted(b *testing.B) {
	codec := cookie.Encrypted(keyA, keyB)
	benchmark(b, "300", codec, make([]byte, 300))
	benchmark(b, "3000", codec, make([]byte, 3000))
}
