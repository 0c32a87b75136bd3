package serializer_test

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/serializer"
)

func TestMsgPack(t *testing.T) {
	id := uuid.MustParse("12345678-9abc-4def-8123-456789abcdef")
	at := time.Date(2024, 2, 29, 12, 34, 56, 789012345, time.UTC)
	tests := []struct {
		v    any
		want string
		any  any // what an untyped variable receives
	}{
		{nil, "\xc0", nil},
		{true, "\xc3", true},
		{42, "\x2a", int64(42)},
		{math.MaxInt32, "\xce\x7f\xff\xff\xff", int64(math.MaxInt32)},
		{uint64(math.MaxUint64), "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", new(big.Int).SetUint64(math.MaxUint64)},
		{1.0, "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", 1.0},
		{"text", "\xa4text", "text"},
		{serializer.Markup("<b>"), "\xa3<b>", "<b>"},
		{[]byte{0, 255}, "\xc4\x02\x00\xff", []byte{0, 255}},
		{at, "\xd7\xff\xbc\x1d\x7d\xe4\x65\xe0\x79\xf0", at},
		{id, "\xd9\x2412345678-9abc-4def-8123-456789abcdef", id.String()},
		{serializer.Tuple{1, "x"}, "\x92\x01\xa1x", []any{int64(1), "x"}},
		{map[string]int{"b": 1, "a": 2}, "\x82\xa1a\x02\xa1b\x01", map[string]any{"a": int64(2), "b": int64(1)}},
	}
	for _, test := range tests {
		data, err := serializer.MsgPack.Marshal(test.v)
		if err != nil || string(data) != test.want {
			t.Errorf("%T %v is written %q, %v, want %q", test.v, test.v, data, err, test.want)
			continue
		}
		var untyped any
		if err := serializer.MsgPack.Unmarshal(data, &untyped); err != nil || !reflect.DeepEqual(untyped, test.any) {
			t.Errorf("%q into any: %#v, %v, want %#v", data, untyped, err, test.any)
		}
		if test.v == nil {
			continue
		}
		typed := reflect.New(reflect.TypeOf(test.v))
		if err := serializer.MsgPack.Unmarshal(data, typed.Interface()); err != nil {
			t.Errorf("%q into %T: %v", data, test.v, err)
		}
	}
}

// TestMsgPackKeys: maps may have keys that are no text; only an untyped
// variable cannot hold them.
func TestMsgPackKeys(t *testing.T) {
	want := map[int]string{-1: "a", 300: "b"}
	data, err := serializer.MsgPack.Marshal(want)
	if err != nil || string(data) != "\x82\xff\xa1a\xcd\x01\x2c\xa1b" {
		t.Fatalf("written %q, %v", data, err)
	}
	var got map[int]string
	if err := serializer.MsgPack.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("came back as %v, %v, want %v", got, err, want)
	}
	if err := serializer.MsgPack.Unmarshal(data, new(any)); !errors.Is(err, serializer.ErrType) {
		t.Errorf("into any: %v, want ErrType", err)
	}
}

func TestMsgPackRefuses(t *testing.T) {
	for name, v := range map[string]any{
		"2^64": new(big.Int).Lsh(big.NewInt(1), 64), "-2^63-1": new(big.Int).Sub(big.NewInt(math.MinInt64), big.NewInt(1)),
		"no UTF-8": "\xff", "the year 10000": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "a channel": make(chan int),
	} {
		if _, err := serializer.MsgPack.Marshal(v); !errors.Is(err, serializer.ErrType) {
			t.Errorf("%s: %v, want ErrType", name, err)
		}
	}
	for name, data := range map[string]string{
		"nothing": "", "half an int": "\xcd\x01", "two values": "\x01\x02", "no such form": "\xc1", "no UTF-8": "\xa1\xff",
		"too deep": strings.Repeat("\x91", 600) + "\xc0", "a list as key": "\x81\x90\x01",
	} {
		if err := serializer.MsgPack.Unmarshal([]byte(data), new(any)); !errors.Is(err, serializer.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	// What only another program can read is kept, and not read.
	if err := serializer.MsgPack.Unmarshal([]byte("\xd4\x05x"), new(any)); !errors.Is(err, serializer.ErrType) {
		t.Errorf("an extension: %v, want ErrType", err)
	}
	var content serializer.Content
	record := "\x82\xa1a\xd4\x05x\xa1b\x01"
	if err := serializer.FlaskSessionFormat.Unpack([]byte(record), &content); err != nil {
		t.Fatal(err)
	}
	if packed, err := serializer.FlaskSessionFormat.Pack(&content); string(packed) != record || err != nil {
		t.Errorf("packed %q, %v, want %q", packed, err, record)
	}
}

// TestNaiveTime: a datetime without a zone is ISO text to msgspec, and UTC to
// Go.
func TestNaiveTime(t *testing.T) {
	data := append([]byte{0xba}, "2024-02-29T12:34:56.789012"...)
	want := time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC)
	var got time.Time
	if err := serializer.MsgPack.Unmarshal(data, &got); err != nil || !got.Equal(want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// TestNativeTranscodes: a program may change its serializer while sessions live
// on.
func TestNativeTranscodes(t *testing.T) {
	type values struct {
		Count int
		Ratio float64
		Name  string
		List  []int
	}
	want := values{7, 2, "Ada \u00e9", []int{1, 2}}
	all := []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack}
	for _, from := range all {
		data, err := from.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		record, err := serializer.Native(from).Pack(&serializer.Content{Fields: []serializer.Field{{Key: "k", Value: data}}, Subject: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range all {
			var content serializer.Content
			if err := serializer.Native(to).Unpack(record, &content); err != nil || content.Subject != "ada" || len(content.Fields) != 1 {
				t.Errorf("%s to %s: %+v, %v", from.Name(), to.Name(), content, err)
				continue
			}
			var got values
			if err := to.Unmarshal(content.Fields[0].Value, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s to %s: %v, %v, want %v", from.Name(), to.Name(), got, err, want)
			}
		}
		broken := strings.Replace(string(record), from.Name(), "other", 1)
		broken = strings.Replace(broken, string(rune(len(from.Name())))+"other", "\x05other", 1)
		if err := serializer.Native(serializer.JSON).Unpack([]byte(broken), &serializer.Content{}); !errors.Is(err, serializer.ErrNewer) {
			t.Errorf("a serializer that nobody knows: %v, want ErrNewer", err)
		}
	}
}

// TestDeterministic: Marshal takes no notice of how a map is ordered in memory.
func TestDeterministic(t *testing.T) {
	m := map[string]any{}
	for _, key := range strings.Split("the quick brown fox jumps over a lazy dog é \U0001f600 \ufffd", " ") {
		m[key] = map[int]string{3: "c", 1: "a", 2: "b"}
	}
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack, serializer.StarletteFormat.Serializer()} {
		want, err := s.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if got, err := s.Marshal(m); err != nil || string(got) != string(want) {
				t.Fatalf("%s: %q, %v, want %q", s.Name(), got, err, want)
			}
		}
	}
}
