package itsdangerous_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/itsdangerous"
)

// samples are documents as sessions hold them, and others that are hard to
// compress well.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n, from, to int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(from + random.IntN(to-from))
		}
		return b
	}
	all := map[string][]byte{
		"nothing":       {},
		"one byte":      []byte("a"),
		"one character": bytes.Repeat([]byte("a"), 5000),
		"two by turns":  bytes.Repeat([]byte("ab"), 5000),
		"noise":         noise(5000, 0, 256),
		"digits":        noise(5000, '0', '9'),
		"four letters":  noise(itsdangerous.MaxPayload, 'a', 'e'),
		"zeros":         make([]byte, itsdangerous.MaxPayload),
	}
	// Matches of every length at many distances.
	var matches []byte
	for length := range 300 {
		start := max(0, len(matches)-1-random.IntN(20000))
		matches = append(matches, matches[start:min(len(matches), start+length)]...)
		matches = append(matches, byte(length), byte(random.Uint32()))
	}
	all["matches"] = matches
	for name, data := range documents {
		all[name] = data
	}
	data, err := os.ReadFile("../serializer/testdata/vectors/flask.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []struct{ Name, JSON string } }
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, c := range file.Cases {
		all["vector "+c.Name] = []byte(c.JSON)
	}
	return all
}

// standard inflates a stream with the standard library, up to a byte more than
// the limit.
func standard(stream []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, itsdangerous.MaxPayload+1))
}

// TestCompressedForOthers reads with the standard library what AppendPayload
// compresses.
func TestCompressedForOthers(t *testing.T) {
	for name, data := range samples(t) {
		checkCompressed(t, name, data)
	}
}

// checkCompressed fails the test if the payload of data is not data to other
// readers, or longer than its plain form.
func checkCompressed(t *testing.T, name string, data []byte) {
	t.Helper()
	payload := string(itsdangerous.AppendPayload(nil, data))
	text, packed := strings.CutPrefix(payload, ".")
	got, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if packed {
		if len(got) >= len(data)-1 {
			t.Errorf("%s: %d bytes compressed to %d, want the plain form", name, len(data), len(got))
		}
		got, err = standard(got)
	}
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%s: the standard library reads %d bytes, %v, want %d", name, len(got), err, len(data))
	}
}

// TestInflatedFromOthers reads what the standard library compresses, whatever
// its level and whatever follows.
func TestInflatedFromOthers(t *testing.T) {
	for name, data := range samples(t) {
		for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, 1, 6, 9} {
			payload := deflated(t, level, data)
			if base64.RawURLEncoding.DecodedLen(len(payload)) > itsdangerous.MaxPayload {
				continue // hardly compressed
			}
			for _, tail := range []string{"", "x", "longer than eight bytes"} {
				stream, _ := base64.RawURLEncoding.DecodeString(payload[1:])
				got, err := itsdangerous.DecodePayload("." + encode(append(stream, tail...)...))
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, level %d, tail %q: %d bytes, %v, want %d", name, level, tail, len(got), err, len(data))
				}
			}
		}
	}
}

// TestDamagedStreams cuts streams everywhere and changes every bit of them.
// None is read, unless the standard library reads it too.
func TestDamagedStreams(t *testing.T) {
	all := samples(t)
	for _, name := range []string{"20 keys", "one character", "noise"} {
		data := all[name][:120]
		for _, level := range []int{zlib.NoCompression, zlib.BestSpeed, zlib.DefaultCompression} {
			stream, err := base64.RawURLEncoding.DecodeString(deflated(t, level, data)[1:])
			if err != nil {
				t.Fatal(err)
			}
			for i := range stream {
				if _, err := itsdangerous.DecodePayload("." + encode(stream[:i]...)); !errors.Is(err, itsdangerous.ErrPayload) {
					t.Errorf("%s, level %d, cut to %d of %d: %v, want ErrPayload", name, level, i, len(stream), err)
				}
				for bit := range 8 {
					damaged := bytes.Clone(stream)
					damaged[i] ^= 1 << bit
					checkInflated(t, damaged)
				}
			}
		}
	}
}

// checkInflated fails the test unless stream is read as the standard library
// reads it.
func checkInflated(t *testing.T, stream []byte) {
	t.Helper()
	got, err := itsdangerous.DecodePayload("." + encode(stream...))
	want, wantErr := standard(stream)
	if len(stream) > 1 && stream[1]&0x20 != 0 {
		wantErr = zlib.ErrDictionary // as Python has it
	}
	if len(want) > itsdangerous.MaxPayload {
		wantErr = itsdangerous.ErrTooLarge
	}
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
		t.Errorf("%x: %d bytes, %v; the standard library: %d bytes, %v", stream, len(got), err, len(want), wantErr)
	}
}

// TestStreamHeaders reads the headers that no writer here makes.
func TestStreamHeaders(t *testing.T) {
	good, err := base64.RawURLEncoding.DecodeString(deflated(t, 6, []byte("hello hello hello"))[1:])
	if err != nil {
		t.Fatal(err)
	}
	rest := string(good[2:])
	for _, test := range []struct {
		name, stream string
		want         error
	}{
		{"default", "\x78\x9c" + rest, nil},
		{"fastest", "\x78\x01" + rest, nil},
		{"best", "\x78\xda" + rest, nil},
		{"small window", "\x08\x1d" + rest, nil},
		{"window too large", "\x88\x1c" + rest, itsdangerous.ErrPayload},
		{"another method", "\x79\x9a" + rest, itsdangerous.ErrPayload},
		{"bad check", "\x78\x9d" + rest, itsdangerous.ErrPayload},
		{"dictionary", "\x78\xbb" + rest, itsdangerous.ErrPayload},
		{"empty dictionary", "\x78\xbb\x00\x00\x00\x01" + rest, itsdangerous.ErrPayload},
		{"one byte", "\x78", itsdangerous.ErrPayload},
		{"header only", "\x78\x9c", itsdangerous.ErrPayload},
		{"reserved block", "\x78\x9c\x07\x00\x00\x00\x00\x01", itsdangerous.ErrPayload},
	} {
		if _, err := itsdangerous.DecodePayload("." + encode([]byte(test.stream)...)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// TestPayloadLimit holds both directions to exactly MaxPayload.
func TestPayloadLimit(t *testing.T) {
	for size, want := range map[int]error{itsdangerous.MaxPayload: nil, itsdangerous.MaxPayload + 1: itsdangerous.ErrTooLarge} {
		data := make([]byte, size)
		payload := string(itsdangerous.AppendPayload(nil, data))
		if packed := payload[0] == '.'; packed != (want == nil) {
			t.Errorf("%d bytes: compressed: %v", size, packed)
		}
		for _, payload := range []string{payload, deflated(t, 6, data), encode(data...)} {
			if got, err := itsdangerous.DecodePayload(payload); !errors.Is(err, want) || len(got) != size && err == nil {
				t.Errorf("%d bytes as %d characters: %d bytes, %v, want %v", size, len(payload), len(got), err, want)
			}
		}
	}
}

func TestB3_PayloadAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector drops pooled objects at random")
	}
	for name, data := range documents {
		buffer := make([]byte, 0, 2*len(data))
		if got := testing.AllocsPerRun(100, func() { itsdangerous.AppendPayload(buffer, data) }); got > 0 {
			t.Errorf("%s: AppendPayload makes %v allocations, want none", name, got)
		}
		payload := deflated(t, 6, data)
		if got := testing.AllocsPerRun(100, func() { _, _ = itsdangerous.DecodePayload(payload) }); got > 2 {
			t.Errorf("%s: DecodePayload makes %v allocations, want at most 2", name, got)
		}
	}
}

// FuzzS2_Inflate holds our reading of streams against the standard library's.
func FuzzS2_Inflate(f *testing.F) {
	f.Add([]byte("\x78\x9c\x4b\x4c\x04\x02\x00"))
	f.Add([]byte("\x78\xbb\x00\x00\x00\x01\x03\x00\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if len(stream) < itsdangerous.MaxPayload {
			checkInflated(t, stream)
		}
	})
}

// FuzzS2_Compress reads with the standard library what we compress.
func FuzzS2_Compress(f *testing.F) {
	f.Add([]byte("hello hello hello"))
	for _, data := range documents {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkCompressed(t, "fuzz", data) })
}
