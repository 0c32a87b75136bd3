package zlib_test

import (
	"bytes"
	stdlib "compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/internal/zlib"
)

// documents are what sessions look like, and what strains a compressor.
func documents(t testing.TB) map[string][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	bytesOf := func(n, from, to int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(from + random.IntN(to-from))
		}
		return b
	}
	docs := map[string][]byte{
		"nothing":       nil,
		"one byte":      []byte("a"),
		"two bytes":     []byte("ab"),
		"one character": bytes.Repeat([]byte("a"), 5000),
		"two by turns":  bytes.Repeat([]byte("ab"), 5000),
		"noise":         bytesOf(5000, 0, 256),
		"digits":        bytesOf(5000, '0', '9'),
		"longest":       bytesOf(zlib.MaxInput, 'a', 'e'),
		"longest zeros": make([]byte, zlib.MaxInput),
		"small session": []byte(`{"_fresh":true,"_user_id":"42","csrf_token":"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"}`),
	}
	// Matches of every length at many distances.
	var matches []byte
	for length := range 300 {
		start := max(0, len(matches)-1-random.IntN(20000))
		matches = append(matches, matches[start:min(len(matches), start+length)]...)
		matches = append(matches, byte(length), byte(random.Uint32()))
	}
	docs["matches"] = matches[:min(len(matches), zlib.MaxInput)]
	// Frequencies like Fibonacci's numbers make the deepest codes.
	var deep []byte
	for a, b, c := 1, 1, byte(0); len(deep)+a < zlib.MaxInput; a, b, c = b, a+b, c+1 {
		deep = append(deep, bytes.Repeat([]byte{c}, a)...)
	}
	random.Shuffle(len(deep), func(i, j int) { deep[i], deep[j] = deep[j], deep[i] })
	docs["deep code"] = deep
	for _, n := range []int{3, 20, 60, 200} {
		dict := map[string]any{}
		for i := range n {
			dict[fmt.Sprintf("key_%02d", i)] = []any{fmt.Sprintf("%x", bytesOf(1+random.IntN(20), 0, 256)), i, fmt.Sprintf("value-%d", i)}[random.IntN(3)]
		}
		docs[fmt.Sprintf("%d keys", n)], _ = json.Marshal(dict)
	}
	data, err := os.ReadFile("../../serializer/testdata/vectors/flask.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []struct{ Name, JSON string } }
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, c := range file.Cases {
		docs["vector "+c.Name] = []byte(c.JSON)
	}
	return docs
}

func deflated(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w, err := stdlib.NewWriterLevel(&buffer, level)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data)
	_ = w.Close()
	return buffer.Bytes()
}

// What is compressed here, the standard library reads.
func TestCompress(t *testing.T) {
	ours, theirs := 0, 0
	for name, data := range documents(t) {
		out, ok := zlib.Compress([]byte("kept"), data, 2*len(data)+100)
		if !ok || !bytes.HasPrefix(out, []byte("kept")) {
			t.Errorf("%s: not compressed", name)
			continue
		}
		out = out[4:]
		r, err := stdlib.NewReader(bytes.NewReader(out))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: the standard library reads %d bytes, %v, want %d", name, len(got), err, len(data))
		}
		if got, err := zlib.Inflate(nil, out, len(data)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: Inflate reads %d bytes, %v, want %d", name, len(got), err, len(data))
		}
		if len(data) < 4096 {
			standard := deflated(t, data, 6)
			ours, theirs = ours+len(out), theirs+len(standard)
			if len(out) > len(standard)+len(standard)/16 && len(out) < len(data) {
				t.Errorf("%s: %d bytes, the standard library needs %d", name, len(out), len(standard))
			}
		}
		// The limit is one that is not reached.
		if _, ok := zlib.Compress(nil, data, len(out)); ok {
			t.Errorf("%s: compressed to %d bytes although fewer were asked for", name, len(out))
		}
		if again, ok := zlib.Compress(nil, data, len(data)); ok != (len(out) < len(data)) || ok && !bytes.Equal(again, out) {
			t.Errorf("%s: %d bytes of %d, but %d if it must be shorter", name, len(out), len(data), len(again))
		}
	}
	if ours > theirs {
		t.Errorf("%d bytes in all, the standard library needs %d", ours, theirs)
	}
	t.Logf("%d bytes in all, the standard library needs %d", ours, theirs)
}

func TestTooLong(t *testing.T) {
	if out, ok := zlib.Compress([]byte("kept"), make([]byte, zlib.MaxInput+1), 1<<20); ok || string(out) != "kept" {
		t.Errorf("more than MaxInput: %q, %v", out, ok)
	}
}

// What the standard library compresses, at any level, is read here.
func TestInflate(t *testing.T) {
	for name, data := range documents(t) {
		levels := []int{stdlib.DefaultCompression}
		if !strings.HasPrefix(name, "vector") {
			levels = []int{stdlib.HuffmanOnly, stdlib.NoCompression, 1, 5, 9}
		}
		for _, level := range levels {
			stream := deflated(t, data, level)
			for _, tail := range []string{"", "x", "longer than eight bytes"} {
				if tail != "" && len(data) > 5000 {
					continue
				}
				got, err := zlib.Inflate([]byte("kept"), append(bytes.Clone(stream), tail...), len(data))
				if err != nil || string(got) != "kept"+string(data) {
					t.Errorf("%s, level %d, tail %q: %d bytes, %v, want %d", name, level, tail, len(got), err, len(data))
				}
			}
			if len(data) > 0 {
				if _, err := zlib.Inflate(nil, stream, len(data)-1); !errors.Is(err, zlib.ErrTooLarge) {
					t.Errorf("%s, level %d: one byte over the limit: %v, want ErrTooLarge", name, level, err)
				}
			}
		}
	}
}

// A stream is refused wherever it is cut, and whichever bit of it is wrong,
// unless the standard library finds nothing wrong either.
func TestDamage(t *testing.T) {
	docs := documents(t)
	for _, name := range []string{"20 keys", "one character", "vector flashes", "noise"} {
		data := docs[name]
		data = data[:min(len(data), 120)]
		for _, level := range []int{stdlib.NoCompression, stdlib.BestSpeed, stdlib.DefaultCompression} {
			stream := deflated(t, data, level)
			for i := range stream {
				if _, err := zlib.Inflate(nil, stream[:i], 1<<16); !errors.Is(err, zlib.ErrCorrupt) {
					t.Errorf("%s, level %d, cut to %d of %d: %v, want ErrCorrupt", name, level, i, len(stream), err)
				}
				for bit := range 8 {
					damaged := bytes.Clone(stream)
					damaged[i] ^= 1 << bit
					compare(t, damaged)
				}
			}
		}
	}
}

// compare inflates stream here and with the standard library.
func compare(t *testing.T, stream []byte) {
	t.Helper()
	const limit = 1 << 18
	got, err := zlib.Inflate(nil, stream, limit)
	var want []byte
	r, wantErr := stdlib.NewReader(bytes.NewReader(stream))
	if wantErr == nil {
		want, wantErr = io.ReadAll(io.LimitReader(r, limit+1))
	}
	if len(want) > limit {
		if err == nil {
			t.Errorf("%x: %d bytes, although there are more", stream, len(got))
		}
		return
	}
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
		t.Errorf("%x: %d bytes, %v; the standard library: %d bytes, %v", stream, len(got), err, len(want), wantErr)
	}
}

// The forms of header that no writer here produces.
func TestHeaders(t *testing.T) {
	good := deflated(t, []byte("hello hello hello"), 6)
	for _, test := range []struct {
		name        string
		first, flag byte
		want        error
	}{
		{"default", 0x78, 0x9c, nil},
		{"fastest", 0x78, 0x01, nil},
		{"best", 0x78, 0xda, nil},
		{"small window", 0x08, 0x1d, nil},
		{"window too large", 0x88, 0x1c, zlib.ErrCorrupt},
		{"another method", 0x79, 0x9a, zlib.ErrCorrupt},
		{"bad check", 0x78, 0x9d, zlib.ErrCorrupt},
		{"dictionary", 0x78, 0xbb, zlib.ErrCorrupt},
		{"gzip", 0x1f, 0x8b, zlib.ErrCorrupt},
	} {
		stream := append([]byte{test.first, test.flag}, good[2:]...)
		if _, err := zlib.Inflate(nil, stream, 100); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	for _, stream := range []string{"", "\x78", "\x78\x9c", "\x78\x9c\x07\x00\x00\x00\x00\x01"} {
		if _, err := zlib.Inflate(nil, []byte(stream), 100); !errors.Is(err, zlib.ErrCorrupt) {
			t.Errorf("%q: %v, want ErrCorrupt", stream, err)
		}
	}
}

func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector empties pools")
	}
	data := []byte(strings.Repeat(`{"key":"value","other":[1,2,3]}`, 20))
	stream := deflated(t, data, 6)
	buffer := make([]byte, 0, 2*len(data))
	if got := testing.AllocsPerRun(100, func() { zlib.Compress(buffer, data, len(data)) }); got > 0 {
		t.Errorf("Compress: %v allocations, want none", got)
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = zlib.Inflate(buffer, stream, len(data)) }); got > 0 {
		t.Errorf("Inflate: %v allocations, want none", got)
	}
}

func FuzzInflate(f *testing.F) {
	f.Add(deflated(f, []byte("hello hello hello"), 6))
	f.Add(deflated(f, documents(f)["20 keys"], 6))
	f.Add(deflated(f, []byte("stored"), 0))
	f.Fuzz(func(t *testing.T, stream []byte) { compare(t, stream) })
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte("hello hello hello"))
	f.Add(documents(f)["20 keys"])
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > zlib.MaxInput {
			return
		}
		out, ok := zlib.Compress(nil, data, 2*len(data)+100)
		if !ok {
			t.Fatal("not compressed")
		}
		r, err := stdlib.NewReader(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%q comes back as %q, %v", data, got, err)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	for _, name := range []string{"small session", "20 keys", "vector compressed-text", "200 keys"} {
		data := documents(b)[name]
		b.Run(name, func(b *testing.B) {
			buffer := make([]byte, 0, len(data)+100)
			for b.Loop() {
				zlib.Compress(buffer, data, len(data)-1)
			}
			out, _ := zlib.Compress(nil, data, 2*len(data))
			b.ReportMetric(float64(len(data)), "in")
			b.ReportMetric(float64(len(out)), "out")
		})
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, name := range []string{"small session", "20 keys", "vector compressed-text", "200 keys"} {
		data := documents(b)[name]
		stream := deflated(b, data, 6)
		b.Run(name, func(b *testing.B) {
			buffer := make([]byte, 0, len(data)+100)
			for b.Loop() {
				if _, err := zlib.Inflate(buffer, stream, len(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStandard is what the package is there to beat: compress/zlib with
// everything reused.
func BenchmarkStandard(b *testing.B) {
	for _, name := range []string{"small session", "20 keys", "vector compressed-text", "200 keys"} {
		data := documents(b)[name]
		b.Run("Compress "+name, func(b *testing.B) {
			var buffer bytes.Buffer
			w := stdlib.NewWriter(&buffer)
			for b.Loop() {
				buffer.Reset()
				w.Reset(&buffer)
				_, _ = w.Write(data)
				_ = w.Close()
			}
		})
		stream := deflated(b, data, 6)
		b.Run("Inflate "+name, func(b *testing.B) {
			source := bytes.NewReader(stream)
			r, err := stdlib.NewReader(source)
			if err != nil {
				b.Fatal(err)
			}
			out := make([]byte, len(data)+1)
			for b.Loop() {
				source.Reset(stream)
				if err := r.(stdlib.Resetter).Reset(source, nil); err != nil {
					b.Fatal(err)
				}
				if n, err := io.ReadFull(r, out); n != len(data) || err != io.ErrUnexpectedEOF {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// Codes are complete, within the limit, and shorter for what is used more.
func TestCodeLengths(t *testing.T) {
	fibonacci := []uint16{1, 1}
	for len(fibonacci) < 23 {
		fibonacci = append(fibonacci, fibonacci[len(fibonacci)-1]+fibonacci[len(fibonacci)-2])
	}
	tests := []struct {
		name        string
		frequencies []uint16
		limit       uint8
	}{
		{"two", []uint16{5, 5}, 15},
		{"deep", fibonacci, 15},
		{"deep with little room", fibonacci[:19], 7},
		{"even", make([]uint16, 128), 7},
		{"gaps", []uint16{0, 0, 9, 0, 1, 0, 0, 3}, 15},
	}
	for i := range tests[3].frequencies {
		tests[3].frequencies[i] = 1
	}
	for _, test := range tests {
		lengths := zlib.CodeLengths(test.frequencies, test.limit)
		space := 0.0
		for i, length := range lengths {
			if length > test.limit || (length > 0) != (test.frequencies[i] > 0) {
				t.Errorf("%s: symbol %d used %d times has %d bits", test.name, i, test.frequencies[i], length)
			}
			if length > 0 {
				space += 1 / float64(int(1)<<length)
			}
			for j := range i {
				if test.frequencies[j] > test.frequencies[i] && lengths[j] > length && length > 0 {
					t.Errorf("%s: symbol %d is used more than %d and has a longer code", test.name, j, i)
				}
			}
		}
		if space != 1 {
			t.Errorf("%s: the code fills %v of the space", test.name, space)
		}
	}
}
