package cookie_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/race"
)

func TestID4_WeakKeysAreRefused(t *testing.T) {
	for _, test := range []struct{ key, want string }{
		{"", "empty"},
		{"secret", "6 bytes"},
		{keyA[:31], "31 bytes"},
		{strings.Repeat("a", 64), "repeats"},
		{strings.Repeat("\x00", 32), "repeats"},
		{strings.Repeat("s3cr3t!", 8), "repeats"},
		{"aabbabbbabaaabbbababbbaabbababba", "repeats"},
		{"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", "example"},
		{keyA + "\n", "white space"},
		{" " + keyA, "white space"},
	} {
		for name, codec := range map[string]cookie.Codec{
			"primary": cookie.Encrypted(test.key),
			"older":   cookie.Encrypted(keyA, keyC, test.key),
		} {
			err := validate(codec)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s key %.10q…: Validate: %v, want a word about %q", name, test.key, err, test.want)
				continue
			}
			if len(test.key) > 5 && strings.Contains(err.Error(), test.key) {
				t.Errorf("the error holds the key: %v", err)
			}
			if token, err := codec.Seal([]byte("x"), terms); err == nil || token != "" {
				t.Errorf("%s key %.10q…: Seal works", name, test.key)
			}
			if data, _, err := codec.Open("x", terms); err == nil || data != nil || cookie.Reason(err) != "" {
				t.Errorf("%s key %.10q…: Open: %v, want the error of Validate", name, test.key, err)
			}
		}
	}
	for _, key := range []string{keyA, keyB, keyC} {
		if err := validate(cookie.Encrypted(key)); err != nil {
			t.Errorf("a good key of %d bytes: %v", len(key), err)
		}
	}
	if err := validate(cookie.Encrypted(keyA, keyB, keyA)); err == nil || !strings.Contains(err.Error(), "older key 2 is given twice") {
		t.Errorf("the primary key once more as an older one: Validate: %v", err)
	}
}

// TestID4_KeysThatLookWeak work, because demonstrations need them, and are
// warned about.
func TestID4_KeysThatLookWeak(t *testing.T) {
	for _, test := range []struct{ key, want string }{
		{strings.Repeat("Kx9#vQ2mLp7Z", 4), "repeats"},
		{"0123456789abcdef0123456789abcdef", "repeats"},
		{"keyboard cat, keyboard cat, keyboard cat", "pass phrase"},
		{"keyboard-cat-and-some-more-to-fill-it-up", "example"},
		{"your-256-bit-secret-your-own-secret-key", "example"},
		{"a-string-secret-at-least-256-bits-long", "example"},
		{"dev-secret-that-is-32-bytes-long", "example"},
		{"the-key-has-to-be-32-bytes-long!", "example"},
		{"passphrasewhichneedstobe32bytes!", "example"},
		{"ChangeMe-ChangeMe-please-ChangeMe", "example"},
		{"django-insecure-4#k$x!v9_q7w2zp0m8n", "example"},
		{"correct horse battery staple tramway", "pass phrase"},
	} {
		for _, codec := range []cookie.Codec{cookie.Encrypted(keyA, test.key), cookie.JWT(keyA, test.key), cookie.PyJWT(keyA, test.key)} {
			if err := validate(codec); err != nil {
				t.Errorf("%.10q…: %v", test.key, err)
			}
			got := cookie.New(codec).Describe().Warnings
			if len(got) != 1 || !strings.Contains(got[0], test.want) || !strings.Contains(got[0], "older key 1") || strings.Contains(got[0], test.key) {
				t.Errorf("%.10q…: warnings %q, want one about %q", test.key, got, test.want)
			}
		}
	}
}

func TestID3_PrintingACodecShowsNoKey(t *testing.T) {
	for _, codec := range allCodecs() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
			got := fmt.Sprintf(verb, codec)
			for _, secret := range []string{keyA, keyB, fmt.Sprintf("%x", keyA), fmt.Sprintf("%d", []byte(keyA))} {
				if strings.Contains(got, secret[:16]) {
					t.Errorf("%s of %s shows the key", verb, codec.Name())
				}
			}
		}
	}
}

// allCodecs are one codec of each kind, all with keyA as the primary key.
func allCodecs() []cookie.Codec {
	return []cookie.Codec{
		cookie.Encrypted(keyA, keyB),
		cookie.JWT(keyA, keyC),
		cookie.PyJWT(keyA, keyC),
		cookie.Flask(keyA, keyB),
		cookie.Starlette(keyA, keyB),
		cookie.StarletteFlask(keyA, keyB),
		cookie.Starsessions(0, keyA, keyB),
	}
}

func validate(codec cookie.Codec) error {
	return codec.(describer).Describe().Err
}

// wantAllocations fails if sealing or opening data makes more allocations.
func wantAllocations(t *testing.T, codec cookie.Codec, data []byte, sealing, opening float64) {
	t.Helper()
	if race.Enabled {
		t.Skip("the race detector drops pooled objects at random")
	}
	token := seal(t, codec, data, terms)
	if got := testing.AllocsPerRun(100, func() { codec.Seal(data, terms) }); got > sealing {
		t.Errorf("%s: Seal makes %v allocations, want %v", codec.Name(), got, sealing)
	}
	if got := testing.AllocsPerRun(100, func() { codec.Open(token, terms) }); got > opening {
		t.Errorf("%s: Open makes %v allocations, want %v", codec.Name(), got, opening)
	}
}

// benchmark measures sealing and opening data.
func benchmark(b *testing.B, name string, codec cookie.Codec, data []byte) {
	token, err := codec.Seal(data, terms)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/Seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			codec.Seal(data, terms)
		}
	})
	b.Run(name+"/Open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			codec.Open(token, terms)
		}
	})
}

// describer is what every codec of the package is besides.
type describer interface{ Describe() backends.Facts }
