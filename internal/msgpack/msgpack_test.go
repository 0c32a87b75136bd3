package msgpack_test

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/msgpack"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/value"
)

func text(n int) value.Value { return value.OfString(strings.Repeat("a", n)) }

func raw(n int) value.Value { return value.Value{Kind: value.Bytes, Text: strings.Repeat("a", n)} }

func list(n int) value.Value { return value.Value{Kind: value.List, Items: make([]value.Value, n)} }

func dict(n int) value.Value {
	v := value.Value{Kind: value.Dict}
	for i := range n {
		v.Items = append(v.Items, value.OfInt(int64(i)), value.Value{})
	}
	return v
}

func at(seconds, nanos int64) value.Value {
	return value.Value{Kind: value.Time, Time: time.Unix(seconds, nanos).UTC()}
}

// TestForms: the shortest form of everything, at both sides of every limit.
func TestForms(t *testing.T) {
	tests := []struct {
		v    value.Value
		want string // the beginning, in hex
	}{
		{value.Value{}, "c0"}, {value.OfBool(false), "c2"}, {value.OfBool(true), "c3"},
		{value.OfInt(0), "00"}, {value.OfInt(127), "7f"}, {value.OfInt(128), "cc80"}, {value.OfInt(255), "ccff"}, {value.OfInt(256), "cd0100"},
		{value.OfInt(65535), "cdffff"}, {value.OfInt(65536), "ce00010000"}, {value.OfInt(math.MaxUint32), "ceffffffff"},
		{value.OfInt(math.MaxUint32 + 1), "cf0000000100000000"}, {value.OfUint(math.MaxUint64), "cfffffffffffffffff"},
		{value.OfInt(-1), "ff"}, {value.OfInt(-32), "e0"}, {value.OfInt(-33), "d0df"}, {value.OfInt(-128), "d080"}, {value.OfInt(-129), "d1ff7f"},
		{value.OfInt(math.MinInt16), "d18000"}, {value.OfInt(math.MinInt16 - 1), "d2ffff7fff"}, {value.OfInt(math.MinInt32), "d280000000"},
		{value.OfInt(math.MinInt32 - 1), "d3ffffffff7fffffff"}, {value.OfInt(math.MinInt64), "d38000000000000000"},
		{value.OfFloat(1), "cb3ff0000000000000"},
		{text(0), "a0"}, {text(31), "bf61"}, {text(32), "d92061"}, {text(255), "d9ff61"}, {text(256), "da010061"}, {text(65536), "db0001000061"},
		{raw(0), "c400"}, {raw(255), "c4ff61"}, {raw(256), "c5010061"}, {raw(65536), "c60001000061"},
		{list(0), "90"}, {list(15), "9fc0"}, {list(16), "dc0010c0"}, {list(65536), "dd00010000c0"},
		{dict(0), "80"}, {dict(15), "8f00c0"}, {dict(16), "de001000c0"}, {dict(65536), "df0001000000c0"},
		{at(0, 0), "d6ff00000000"}, {at(math.MaxUint32, 0), "d6ffffffffff"}, {at(1, 1), "d7ff0000000400000001"}, {at(1<<32, 0), "d7ff0000000100000000"},
		{at(1<<34-1, 999999999), "d7ffee6b27ffffffffff"}, {at(1<<34, 0), "c70cff000000000000000400000000"}, {at(-1, 5), "c70cff00000005ffffffffffffffff"},
	}
	for _, test := range tests {
		data, err := msgpack.Append(nil, &test.v)
		if got := hex.EncodeToString(data); err != nil || !strings.HasPrefix(got, test.want) {
			t.Errorf("%.20s…, %v, want %s", got, err, test.want)
			continue
		}
		back, err := msgpack.Decode(data)
		if err != nil {
			t.Errorf("%s: %v", test.want, err)
			continue
		}
		if again, err := msgpack.Append(nil, &back); err != nil || string(again) != string(data) || back.Kind != test.v.Kind {
			t.Errorf("%s does not come back: %v", test.want, err)
		}
		s := msgpack.NewScanner(data)
		if skipped, ok := s.Skip(); !ok || !s.End() || len(skipped) != len(data) {
			t.Errorf("%s: skipped %d of %d bytes, %v", test.want, len(skipped), len(data), ok)
		}
		for _, cut := range []int{0, 1, len(data) / 2, len(data) - 1} {
			if _, err := msgpack.Decode(data[:min(cut, len(data)-1)]); !errors.Is(err, msgpack.ErrSyntax) {
				t.Errorf("%s cut: %v, want ErrSyntax", test.want, err)
			}
		}
		if _, err := msgpack.Decode(append(data, 0)); !errors.Is(err, msgpack.ErrSyntax) {
			t.Errorf("%s and more: %v, want ErrSyntax", test.want, err)
		}
	}
}

// TestOtherForms: what others write that is not the shortest form, or not ours.
func TestOtherForms(t *testing.T) {
	tests := []struct {
		data string // hex
		want value.Value
		err  error
	}{
		{"ca3fc00000", value.OfFloat(1.5), nil},
		{"d07f", value.OfInt(127), nil}, {"d1007f", value.OfInt(127), nil}, {"d30000000000000001", value.OfInt(1), nil}, {"cd0001", value.OfInt(1), nil},
		{"d90161", value.OfString("a"), nil}, {"da000161", value.OfString("a"), nil}, {"c501", value.Value{}, msgpack.ErrSyntax},
		{"c708ff0000000000000001", at(1, 0), nil},
		{"82a16101a16102", value.Value{Kind: value.Dict, Items: []value.Value{value.OfString("a"), value.OfInt(2)}}, nil}, // the last wins
		{"c1", value.Value{}, msgpack.ErrSyntax},
		{"a1ff", value.Value{}, msgpack.ErrSyntax},                                // no UTF-8
		{"a3eda080", value.Value{}, msgpack.ErrSyntax},                            // a surrogate
		{"d400ff", value.Value{}, msgpack.ErrExtension},                           // type 0
		{"d4ffff", value.Value{}, msgpack.ErrSyntax},                              // a timestamp of one byte
		{"d7ffee6b280000000001", value.Value{}, msgpack.ErrSyntax},                // 1e9 nanoseconds
		{"c70cff00000000000000ffffffffff", value.Value{}, msgpack.ErrSyntax},      // the year 34865
		{"dd7fffffff", value.Value{}, msgpack.ErrSyntax},                          // more elements than bytes
		{"df7fffffff", value.Value{}, msgpack.ErrSyntax},                          //
		{strings.Repeat("91", 501) + "c0", value.Value{}, msgpack.ErrSyntax},      // too deep
		{strings.Repeat("91", 200000), value.Value{}, msgpack.ErrSyntax},          //
		{strings.Repeat("dc0040", 1000) + "c0", value.Value{}, msgpack.ErrSyntax}, // each promises 64
	}
	for _, test := range tests {
		data, err := hex.DecodeString(test.data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := msgpack.Decode(data)
		if !errors.Is(err, test.err) || err == nil && !neutral.Equal(&got, &test.want) {
			t.Errorf("%.30s: %s, %v, want %s, %v", test.data, neutral.Append(nil, &got), err, neutral.Append(nil, &test.want), test.err)
		}
	}
	if v, err := msgpack.Decode([]byte("\x91" + strings.Repeat("\x91", 499) + "\xc0")); err != nil || v.Kind != value.List {
		t.Errorf("500 deep: %v", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, v := range map[string]value.Value{
		"2^64": value.OfDecimal("18446744073709551616"), "-2^63-1": value.OfDecimal("-9223372036854775809"), "no UTF-8": value.OfString("\xff"),
		"a surrogate": value.OfString("\xed\xa0\x80"), "the year 10000": at(253402300800, 0), "the year 0": at(-62135596801, 0),
	} {
		if data, err := msgpack.Append(nil, &v); !errors.Is(err, msgpack.ErrValue) {
			t.Errorf("%s: %x, %v, want ErrValue", name, data, err)
		}
	}
}

func FuzzMsgpack(f *testing.F) {
	f.Add([]byte("\x82\xa1a\xc4\x01x\xa1b\xd6\xff\x00\x00\x00\x01"))
	f.Add([]byte("\x93\xca\x3f\xc0\x00\x00\xd0\x80\xdf\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := msgpack.NewScanner(data)
		_, ok := s.Skip()
		v, err := msgpack.Decode(data)
		if ok = ok && s.End(); ok != (err == nil || errors.Is(err, msgpack.ErrExtension)) && !(ok == false && errors.Is(err, msgpack.ErrExtension)) {
			t.Fatalf("Skip %v, Decode %v", ok, err)
		}
		if err != nil {
			return
		}
		written, err := msgpack.Append(nil, &v)
		if err != nil {
			t.Fatalf("decoded, but not written: %v", err)
		}
		if len(written) > len(data) {
			// Only a float32 may grow.
			if !strings.Contains(string(data), "\xca") {
				t.Errorf("%x is written longer, as %x", data, written)
			}
		}
		again, err := msgpack.Decode(written)
		if err != nil || !neutral.Equal(&v, &again) {
			t.Errorf("%x is written %x: %v", data, written, err)
		}
	})
}
