package serializer_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// full is a record with everything in it.
func full() *serializer.Content {
	return &serializer.Content{
		Fields: []serializer.Field{
			{Key: "", Value: []byte(`1`)},
			{Key: "a", Value: []byte(`"text"`)},
			{Key: "user", Value: bytes.Repeat([]byte("v"), 300)},
		},
		Created:     time.Unix(1700000000, 123456789).UTC(),
		Lifetime:    14 * 24 * time.Hour,
		Persistence: serializer.BrowserSession,
		Subject:     "ada",
		Label:       "Firefox",
		Writes:      [4]uint64{0, 1, 2, math.MaxUint64},
	}
}

func TestNativeRoundTrip(t *testing.T) {
	tests := map[string]*serializer.Content{
		"everything":  full(),
		"nothing":     {},
		"persistent":  {Persistence: serializer.Persistent},
		"retired":     {Retired: true, Created: time.Unix(0, 1).UTC(), Writes: [4]uint64{3: 7}},
		"before 1970": {Created: time.Unix(-1, 0).UTC()},
		"one field":   {Fields: []serializer.Field{{Key: "k", Value: []byte("v")}}},
	}
	format := serializer.Native(serializer.JSON)
	for name, want := range tests {
		data, err := format.Pack(want)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := &serializer.Content{Subject: "left over", Writes: [4]uint64{9}, Retired: true}
		if err := format.Unpack(data, got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

// TestNativeOrder: equal contents have equal records, whatever the order of
// their keys.
func TestNativeOrder(t *testing.T) {
	format := serializer.Native(serializer.JSON)
	content := full()
	want, err := format.Pack(content)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(content.Fields)
	reversed := slices.Clone(content.Fields)
	if got, err := format.Pack(content); err != nil || !bytes.Equal(got, want) {
		t.Errorf("another order of keys gives another record, %v", err)
	}
	if !reflect.DeepEqual(content.Fields, reversed) {
		t.Error("Pack changed the content")
	}
}

// TestNativeLayout: the layout is a promise: records outlive the program that
// wrote them.
func TestNativeLayout(t *testing.T) {
	content := &serializer.Content{
		Fields:      []serializer.Field{{Key: "b", Value: []byte("22")}, {Key: "a", Value: []byte("1")}},
		Created:     time.Unix(0, 258),
		Lifetime:    300,
		Persistence: serializer.Persistent,
		Subject:     "ada",
		Label:       "Firefox",
		Writes:      [4]uint64{0, 0, 5, 6},
	}
	want := "\x01\xfa\x04json" + "\x00\x00\x00\x00\x00\x00\x01\x02" + "\xac\x02" + "\x03ada" +
		"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x05" + "\x00\x00\x00\x00\x00\x00\x00\x06" + "\x07Firefox" +
		"\x02" + "\x01a\x011" + "\x01b\x0222"
	got, err := serializer.Native(serializer.JSON).Pack(content)
	if err != nil || string(got) != want {
		t.Errorf("packed %q, %v, want %q", got, err, want)
	}
}

func TestNativeRefuses(t *testing.T) {
	format := serializer.Native(serializer.JSON)
	good, err := format.Pack(full())
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		var content serializer.Content
		if err := format.Unpack(good[:i], &content); !errors.Is(err, serializer.ErrCorrupt) {
			t.Errorf("cut to %d of %d bytes: %v, want ErrCorrupt", i, len(good), err)
		}
	}
	const head = "\x01\x00\x04json"
	tests := []struct {
		name, data string
		want       error
	}{
		{"trailing byte", string(good) + "x", serializer.ErrCorrupt},
		{"version 0", "\x00" + string(good[1:]), serializer.ErrCorrupt},
		{"next version", "\x02" + string(good[1:]), serializer.ErrNewer},
		{"next version, else unknown", "\x02", serializer.ErrCorrupt},
		{"last version", "\x1f" + string(good[1:]), serializer.ErrNewer},
		{"JSON", `{"a":1}`, serializer.ErrCorrupt},
		{"pickle", "\x80\x04}\x94.", serializer.ErrCorrupt},
		{"another serializer", "\x01\x00\x07another\x00", serializer.ErrNewer},
		{"serializer without name", "\x01\x00\x00\x00", serializer.ErrCorrupt},
		{"serializer with a bad name", "\x01\x00\x04JSON\x00", serializer.ErrCorrupt},
		{"empty label", "\x01\x80\x04json\x00\x00", serializer.ErrCorrupt},
		{"retired with a label", "\x01\x81\x04json\x01s\x00", serializer.ErrCorrupt},
		{"unknown persistence", "\x01\x06\x04json\x00", serializer.ErrCorrupt},
		{"lifetime of nothing", "\x01\x10\x04json\x00\x00", serializer.ErrCorrupt},
		{"lifetime too large", "\x01\x10\x04json\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", serializer.ErrCorrupt},
		{"overlong number", "\x01\x10\x04json\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", serializer.ErrCorrupt},
		{"empty subject", "\x01\x20\x04json\x00\x00", serializer.ErrCorrupt},
		{"2^63 fields", head + "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", serializer.ErrCorrupt},
		{"more fields than bytes", head + "\x02\x01a\x011", serializer.ErrCorrupt},
		{"key longer than the record", head + "\x01\x7fa\x011", serializer.ErrCorrupt},
		{"empty value", head + "\x01\x01a\x00x", serializer.ErrCorrupt},
		{"keys out of order", head + "\x02\x01b\x011\x01a\x011", serializer.ErrCorrupt},
		{"same key twice", head + "\x02\x01a\x011\x01a\x011", serializer.ErrCorrupt},
		{"retired with fields", "\x01\x01\x04json\x01\x01a\x011", serializer.ErrCorrupt},
		{"retired with a subject", "\x01\x21\x04json\x01s\x00", serializer.ErrCorrupt},
	}
	for _, test := range tests {
		var content serializer.Content
		if err := format.Unpack([]byte(test.data), &content); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// TestNativePackRefuses: what a record cannot hold is refused, not cut.
func TestNativePackRefuses(t *testing.T) {
	tests := map[string]*serializer.Content{
		"year 1":              {Created: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)},
		"year 2500":           {Created: time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)},
		"negative lifetime":   {Lifetime: -1},
		"unknown persistence": {Persistence: 3},
	}
	for name, content := range tests {
		if _, err := serializer.Native(serializer.JSON).Pack(content); !errors.Is(err, serializer.ErrType) {
			t.Errorf("%s: %v, want ErrType", name, err)
		}
	}
	if _, err := serializer.Native(badName{serializer.JSON}).Pack(full()); !errors.Is(err, serializer.ErrType) {
		t.Errorf("bad name: %v, want ErrType", err)
	}
}

type badName struct{ serializer.Serializer }

func (badName) Name() string { return "Not a name" }

func FuzzS1_Native(f *testing.F) {
	format := serializer.Native(serializer.JSON)
	good, err := format.Pack(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("\x01\x00\x04json\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var content, again serializer.Content
		if format.Unpack(data, &content) != nil {
			return
		}
		packed, err := format.Pack(&content)
		if err != nil {
			t.Fatalf("unpacked but not packed: %v", err)
		}
		if err := format.Unpack(packed, &again); err != nil || !reflect.DeepEqual(content, again) {
			t.Errorf("came back as %+v, %v, want %+v", again, err, content)
		}
	})
}
