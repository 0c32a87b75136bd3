package itsdangerous_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/gosessions/sessions/itsdangerous"
)

func TestPayloadRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 3000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	tests := []struct {
		name       string
		data       []byte
		compressed bool
	}{
		{"empty", nil, false},
		{"small", []byte(`{"a":1}`), false},
		{"many of one character", []byte(`{"k":"` + strings.Repeat("a", 200) + `"}`), true},
		{"noise", noise, false},
		{"text", []byte(`{"text":"` + strings.Repeat("Lorem ipsum dolor sit amet. ", 100) + `"}`), true},
		{"the most", bytes.Repeat([]byte("0123456789abcdef"), itsdangerous.MaxPayload/16)[1:], true},
	}
	for _, test := range tests {
		payload := string(itsdangerous.AppendPayload([]byte("kept"), test.data))
		payload, ok := strings.CutPrefix(payload, "kept")
		if !ok {
			t.Errorf("%s: AppendPayload changed what stood before", test.name)
		}
		if got := strings.HasPrefix(payload, "."); got != test.compressed {
			t.Errorf("%s: compressed: %v, want %v", test.name, got, test.compressed)
		}
		if !test.compressed && payload != base64.RawURLEncoding.EncodeToString(test.data) {
			t.Errorf("%s: not plain base64", test.name)
		}
		got, err := itsdangerous.DecodePayload(payload)
		if err != nil || !bytes.Equal(got, test.data) {
			t.Errorf("%s: came back as %d bytes, %v", test.name, len(got), err)
		}
	}
}

// TestB3_CompressedOnlyIfShorter takes documents of every length, among them
// some that compression hardly shortens.
func TestB3_CompressedOnlyIfShorter(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		hex := make([]byte, n)
		for i := range hex {
			hex[i] = "0123456789abcdef"[random.IntN(16)]
		}
		checkCompressed(t, "one character", bytes.Repeat([]byte("a"), n))
		checkCompressed(t, "five characters", []byte(strings.Repeat("ab\"c,", n)[:n]))
		for repeated := range 40 {
			checkCompressed(t, "hex", append(hex, hex[:min(n, repeated)]...))
		}
	}
}

func TestPayloadOfAnyWriter(t *testing.T) {
	data := []byte(`{"text":"` + strings.Repeat("abcdefgh", 50) + `"}`)
	for level := zlib.HuffmanOnly; level <= zlib.BestCompression; level++ {
		got, err := itsdangerous.DecodePayload(deflated(t, level, data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("level %d: %q, %v", level, got, err)
		}
	}
	if got, err := itsdangerous.DecodePayload(deflated(t, 6, nil)); err != nil || len(got) != 0 {
		t.Errorf("empty document: %q, %v", got, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(deflated(t, 6, data)[1:])
	trailing := "." + base64.RawURLEncoding.EncodeToString(append(raw, "bytes after the stream"...))
	if got, err := itsdangerous.DecodePayload(trailing); err != nil || !bytes.Equal(got, data) {
		t.Errorf("bytes after the stream: %q, %v", got, err)
	}
}

func TestPayloadRefuses(t *testing.T) {
	good, err := base64.RawURLEncoding.DecodeString(deflated(t, 6, []byte(strings.Repeat("abcdefgh", 50)))[1:])
	if err != nil {
		t.Fatal(err)
	}
	badSum := bytes.Clone(good)
	badSum[len(badSum)-1] ^= 1
	var raw, dictionary bytes.Buffer
	w, _ := flate.NewWriter(&raw, 6)
	w.Write([]byte("raw deflate"))
	w.Close()
	dw, _ := zlib.NewWriterLevelDict(&dictionary, 6, []byte("dictionary"))
	dw.Write([]byte("dictionary dictionary"))
	dw.Close()

	tests := []struct {
		name, payload string
		want          error
	}{
		{"junk", "!!!", itsdangerous.ErrPayload},
		{"one character", "A", itsdangerous.ErrPayload},
		{"no stream", ".", itsdangerous.ErrPayload},
		{"junk stream", ".eJw", itsdangerous.ErrPayload},
		{"truncated stream", "." + encode(good[:len(good)-5]...), itsdangerous.ErrPayload},
		{"bad checksum", "." + encode(badSum...), itsdangerous.ErrPayload},
		{"raw deflate", "." + encode(raw.Bytes()...), itsdangerous.ErrPayload},
		{"preset dictionary", "." + encode(dictionary.Bytes()...), itsdangerous.ErrPayload},
		{"gzip", "." + encode(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), itsdangerous.ErrPayload},
		{"plain, over the limit", encode(make([]byte, itsdangerous.MaxPayload+1)...), itsdangerous.ErrTooLarge},
		{"compressed, over the limit", deflated(t, 6, make([]byte, itsdangerous.MaxPayload+1)), itsdangerous.ErrTooLarge},
	}
	for _, test := range tests {
		// Twice: a failure must not spoil the pooled reader.
		for range 2 {
			if got, err := itsdangerous.DecodePayload(test.payload); got != nil || !errors.Is(err, test.want) {
				t.Errorf("%s: %d bytes, %v, want %v", test.name, len(got), err, test.want)
			}
		}
	}
}

// TestCR8_Bomb: a cookie of 4 KiB can hold 3 MiB of zeros. No more than the
// limit and the growing of one buffer is spent on it.
func TestCR8_Bomb(t *testing.T) {
	bomb := deflated(t, 9, make([]byte, 4<<20))
	const runs = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if _, err := itsdangerous.DecodePayload(bomb); !errors.Is(err, itsdangerous.ErrTooLarge) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if got, most := (after.TotalAlloc-before.TotalAlloc)/runs, uint64(len(bomb)+4*itsdangerous.MaxPayload); got > most {
		t.Errorf("a bomb of 4 MiB costs %d bytes of memory, want at most %d", got, most)
	}
}

func deflated(t *testing.T, level int, data []byte) string {
	t.Helper()
	var buffer bytes.Buffer
	w, err := zlib.NewWriterLevel(&buffer, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	w.Close()
	return "." + base64.RawURLEncoding.EncodeToString(buffer.Bytes())
}

func FuzzS1_DecodePayload(f *testing.F) {
	f.Add("eyJhIjoxfQ")
	f.Add(".eJyrVspWslJKHCZAqRYAlOZN7g")
	f.Add(".")
	f.Fuzz(func(t *testing.T, payload string) {
		data, err := itsdangerous.DecodePayload(payload)
		if err != nil {
			return
		}
		again, err := itsdangerous.DecodePayload(string(itsdangerous.AppendPayload(nil, data)))
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q comes back as %q, %v", data, again, err)
		}
	})
}

func FuzzS1_Unsign(f *testing.F) {
	f.Add("eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk")
	f.Add("a.b.c")
	f.Add(".....")
	flask := &itsdangerous.Options{Salt: "cookie-session", Derivation: itsdangerous.HMAC}
	signer := newTimestampSigner(f, flask, "dev")
	const known = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"
	f.Fuzz(func(t *testing.T, token string) {
		if value, _, err := signer.Unsign(token, noon, -1, 0); err == nil && token != known {
			t.Errorf("forged: %q opens as %q", token, value)
		}
	})
}
