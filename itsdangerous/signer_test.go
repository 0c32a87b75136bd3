package itsdangerous_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/itsdangerous"
)

// golden is one token of testdata/tokens.json, made by Python's itsdangerous.
type golden struct {
	Key        []byte  `json:"key"`
	Salt       string  `json:"salt"`
	Derivation string  `json:"derivation"`
	Digest     string  `json:"digest"`
	Value      string  `json:"value"`
	Time       *uint64 `json:"time"` // nil: no timestamp
	Token      string  `json:"token"`
}

func (g golden) options(t *testing.T) *itsdangerous.Options {
	t.Helper()
	derivations := map[string]itsdangerous.Derivation{
		"django-concat": itsdangerous.DjangoConcat,
		"hmac":          itsdangerous.HMAC,
	}
	digests := map[string]itsdangerous.Digest{
		"sha1":   itsdangerous.SHA1,
		"sha256": itsdangerous.SHA256,
		"sha512": itsdangerous.SHA512,
	}
	derivation, ok := derivations[g.Derivation]
	if !ok {
		t.Fatalf("golden file: derivation %q", g.Derivation)
	}
	digest, ok := digests[g.Digest]
	if !ok {
		t.Fatalf("golden file: digest %q", g.Digest)
	}
	return &itsdangerous.Options{Salt: g.Salt, Derivation: derivation, Digest: digest}
}

func goldens(t *testing.T) []golden {
	t.Helper()
	data, err := os.ReadFile("testdata/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Tokens []golden }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tokens) == 0 {
		t.Fatal("testdata/tokens.json holds no tokens")
	}
	return file.Tokens
}

func newSigner(t testing.TB, options *itsdangerous.Options, primary string, older ...string) *itsdangerous.Signer {
	t.Helper()
	signer, err := itsdangerous.New(options, []byte(primary), bytesOf(older)...)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func bytesOf(texts []string) [][]byte {
	var out [][]byte
	for _, text := range texts {
		out = append(out, []byte(text))
	}
	return out
}

func TestGoldenTokens(t *testing.T) {
	for _, g := range goldens(t) {
		if g.Time == nil {
			signer, err := itsdangerous.New(g.options(t), g.Key)
			if err != nil {
				t.Fatal(err)
			}
			if got := signer.Sign(g.Value); got != g.Token {
				t.Errorf("Sign(%q) = %q, want %q", g.Value, got, g.Token)
			}
			if got := string(signer.Append([]byte(g.Value))); got != g.Token {
				t.Errorf("Append(%q) = %q, want %q", g.Value, got, g.Token)
			}
			got, err := signer.Unsign(g.Token)
			if got != g.Value || err != nil {
				t.Errorf("Unsign(%q) = %q, %v, want %q", g.Token, got, err, g.Value)
			}
			continue
		}
		signer, err := itsdangerous.NewTimestampSigner(g.options(t), g.Key)
		if err != nil {
			t.Fatal(err)
		}
		if *g.Time < 1<<62 {
			at := time.Unix(int64(*g.Time), 999_999_999)
			if got := signer.Sign(g.Value, at); got != g.Token {
				t.Errorf("Sign(%q, %d) = %q, want %q", g.Value, *g.Time, got, g.Token)
			}
			if got := string(signer.Append([]byte(g.Value), at)); got != g.Token {
				t.Errorf("Append(%q, %d) = %q, want %q", g.Value, *g.Time, got, g.Token)
			}
		}
		got, signed, err := signer.Unsign(g.Token, time.Unix(1, 0), -1, 0)
		if got != g.Value || err != nil {
			t.Errorf("Unsign(%q) = %q, %v, want %q", g.Token, got, err, g.Value)
		}
		if want := int64(min(*g.Time, 253402300799)); signed.Unix() != want {
			t.Errorf("Unsign(%q) signed at %d, want %d", g.Token, signed.Unix(), want)
		}
	}
}

// TestCR6_KeyRing: the current key signs, whatever the order of the older ones
// (CVE-2025-47278).
func TestCR6_KeyRing(t *testing.T) {
	current, previous, oldest := newSigner(t, nil, "current"), newSigner(t, nil, "previous"), newSigner(t, nil, "oldest")
	ring := newSigner(t, nil, "current", "previous", "oldest")

	if got, want := ring.Sign("v"), current.Sign("v"); got != want {
		t.Errorf("the ring signs %q, want %q as the current key does", got, want)
	}
	for name, signer := range map[string]*itsdangerous.Signer{"current": current, "previous": previous, "oldest": oldest} {
		if got, err := ring.Unsign(signer.Sign("v")); got != "v" || err != nil {
			t.Errorf("under the %s key: %q, %v", name, got, err)
		}
	}
	if _, err := current.Unsign(oldest.Sign("v")); !errors.Is(err, itsdangerous.ErrBadSignature) {
		t.Errorf("under a retired key: %v, want ErrBadSignature", err)
	}
}

func TestUnsignRefuses(t *testing.T) {
	signer := newSigner(t, nil, "dev")
	token := signer.Sign("value")
	value, signature, _ := strings.Cut(token, ".")
	tests := []struct {
		name, token string
		want        error
	}{
		{"empty", "", itsdangerous.ErrMalformed},
		{"no separator", "value", itsdangerous.ErrMalformed},
		{"only a separator", ".", itsdangerous.ErrBadSignature},
		{"no signature", value + ".", itsdangerous.ErrBadSignature},
		{"signature alone", signature, itsdangerous.ErrMalformed},
		{"signature without value", "." + signature, itsdangerous.ErrBadSignature},
		{"trailing separator", token + ".", itsdangerous.ErrBadSignature},
		{"prefix", "x" + token, itsdangerous.ErrBadSignature},
		{"another salt", newSigner(t, &itsdangerous.Options{Salt: "other"}, "dev").Sign("value"), itsdangerous.ErrBadSignature},
		{"another derivation", newSigner(t, &itsdangerous.Options{Derivation: itsdangerous.HMAC}, "dev").Sign("value"), itsdangerous.ErrBadSignature},
		{"another digest", newSigner(t, &itsdangerous.Options{Digest: itsdangerous.SHA256}, "dev").Sign("value"), itsdangerous.ErrBadSignature},
		{"another case of the key", newSigner(t, nil, "Dev").Sign("value"), itsdangerous.ErrBadSignature},
		{"long signature", value + "." + strings.Repeat("A", 5000), itsdangerous.ErrBadSignature},
	}
	for _, test := range tests {
		if got, err := signer.Unsign(test.token); got != "" || !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v, want %v", test.name, got, err, test.want)
		}
	}
}

// TestCR1_EveryChange: any change of any character is refused, and so is every
// truncation.
func TestCR1_EveryChange(t *testing.T) {
	signer := newSigner(t, nil, "dev")
	token := signer.Sign("eyJhIjoxfQ")
	for i := range len(token) {
		for bit := range 8 {
			changed := []byte(token)
			changed[i] ^= 1 << bit
			if got, err := signer.Unsign(string(changed)); err == nil {
				t.Errorf("bit %d of byte %d flipped: accepted as %q", bit, i, got)
			}
		}
		if got, err := signer.Unsign(token[:i]); err == nil {
			t.Errorf("cut to %d bytes: accepted as %q", i, got)
		}
	}
}

// TestE13_OneSpelling: a signature has one spelling, although Python decodes
// others to the same bytes: a token must never be a second key of the same
// session.
func TestE13_OneSpelling(t *testing.T) {
	signer := newSigner(t, nil, "dev")
	token := signer.Sign("v")
	accepted := 0
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=" {
		if _, err := signer.Unsign(token[:len(token)-1] + string(last)); err == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d spellings of the last character accepted, want 1", accepted)
	}
	for _, junk := range []string{"=", "\n", "\r\n", " ", "!", "A"} {
		if _, err := signer.Unsign(token + junk); !errors.Is(err, itsdangerous.ErrBadSignature) {
			t.Errorf("signature followed by %q: %v, want ErrBadSignature", junk, err)
		}
		half := len(token) - 10
		if _, err := signer.Unsign(token[:half] + junk + token[half:]); !errors.Is(err, itsdangerous.ErrBadSignature) {
			t.Errorf("signature with %q inside: %v, want ErrBadSignature", junk, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name    string
		options *itsdangerous.Options
		primary []byte
		older   [][]byte
		want    error
	}{
		{"nil key", nil, nil, nil, itsdangerous.ErrEmptyKey},
		{"empty key", nil, []byte{}, nil, itsdangerous.ErrEmptyKey},
		{"empty older key", nil, []byte("k"), [][]byte{[]byte("l"), {}}, itsdangerous.ErrEmptyKey},
		{"derivation", &itsdangerous.Options{Derivation: 9}, []byte("k"), nil, itsdangerous.ErrOptions},
		{"digest", &itsdangerous.Options{Digest: 9}, []byte("k"), nil, itsdangerous.ErrOptions},
	}
	for _, test := range tests {
		if _, err := itsdangerous.New(test.options, test.primary, test.older...); !errors.Is(err, test.want) {
			t.Errorf("%s: New: %v, want %v", test.name, err, test.want)
		}
		if _, err := itsdangerous.NewTimestampSigner(test.options, test.primary, test.older...); !errors.Is(err, test.want) {
			t.Errorf("%s: NewTimestampSigner: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	signer := newSigner(t, nil, "dev", "older")
	want := signer.Sign("value")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 200 {
				token := signer.Sign("value")
				if value, err := signer.Unsign(token); token != want || value != "value" || err != nil {
					t.Errorf("token %q opens as %q, %v", token, value, err)
					return
				}
			}
		})
	}
	wait.Wait()
}
