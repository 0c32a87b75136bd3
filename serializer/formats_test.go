package serializer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// TestNamesAndHolds: names and abilities are promises: counters, records and
// the middleware's checks depend on them.
func TestNamesAndHolds(t *testing.T) {
	everything := serializer.Holds{Created: true, Lifetime: true, Persistence: true, Subject: true, Label: true, Writes: true, Retired: true}
	permanent := serializer.Holds{PersistenceKey: "_permanent"}
	tests := []struct {
		format           serializer.Format
		name, serializer string
		holds            serializer.Holds
	}{
		{serializer.Native(serializer.JSON), "native-json", "json", everything},
		{serializer.Native(serializer.MsgPack), "native-msgpack", "msgpack", everything},
		{serializer.FlaskFormat, "flask", "flask", permanent},
		{serializer.StarletteFormat, "starlette", "starlette", serializer.Holds{}},
		{serializer.StarletteFlaskFormat, "starlette-flask", "json", serializer.Holds{}},
		{serializer.ClaimsFormat, "claims", "claims", serializer.Holds{}},
		{serializer.StarsessionsFormat, "starsessions", "starlette", serializer.Holds{Created: true, Lifetime: true, Accessed: true, StatedLifetime: true, ReservedKey: "__metadata__"}},
		{serializer.FlaskSessionFormat, "flask-session", "msgpack", permanent},
		{serializer.FlaskSessionJSONFormat, "flask-session-json", "msgspec-json", permanent},
	}
	for _, test := range tests {
		if got := test.format.Name(); got != test.name {
			t.Errorf("name %s, want %s", got, test.name)
		}
		if got := test.format.Serializer().Name(); got != test.serializer {
			t.Errorf("%s: serializer %s, want %s", test.name, got, test.serializer)
		}
		if got := test.format.Holds(); got != test.holds {
			t.Errorf("%s: holds %+v, want %+v", test.name, got, test.holds)
		}
	}
}

// TestE12_RepeatedKeys: the last value of a key wins, in the place of the
// first, in documents of any size and order, and in each format.
func TestE12_RepeatedKeys(t *testing.T) {
	for _, n := range []int{2, 5, 16, 17, 200} {
		var json strings.Builder
		msgpack := []byte{0xdc + 2, byte(2 * n >> 8), byte(2 * n)}
		for i := range 2 * n {
			key := fmt.Sprintf("k%03d", (2*n-i)%n)
			fmt.Fprintf(&json, `,"%s":%d`, key, i%100)
			msgpack = append(append(append(msgpack, 0xa4), key...), byte(i%100))
		}
		for _, format := range []serializer.Format{serializer.StarletteFormat, serializer.FlaskFormat, serializer.FlaskSessionFormat} {
			data := []byte("{" + json.String()[1:] + "}")
			if format == serializer.FlaskSessionFormat {
				data = msgpack
			}
			var content serializer.Content
			if err := format.Unpack(data, &content); err != nil || len(content.Fields) != n {
				t.Errorf("%s, %d keys: %d fields, %v", format.Name(), n, len(content.Fields), err)
				continue
			}
			for i, field := range content.Fields {
				var got int
				key := fmt.Sprintf("k%03d", (2*n-i)%n)
				if err := format.Serializer().Unmarshal(field.Value, &got); err != nil || field.Key != key || got != (n+i)%100 {
					t.Errorf("%s, %d keys: field %d is %s: %d, %v, want %s: %d", format.Name(), n, i, field.Key, got, err, key, (n+i)%100)
				}
			}
		}
	}
}

func TestStarsessionsMetadata(t *testing.T) {
	created := time.Unix(1700000000, 250000000).UTC()
	format := serializer.StarsessionsFormat
	one := []serializer.Field{{Key: "a", Value: []byte("1")}}
	tests := []struct {
		name    string
		content serializer.Content
		want    string
		err     error
	}{
		{"none", serializer.Content{Fields: one}, `{"a": 1}`, nil},
		{"new", serializer.Content{Fields: one, Created: created, Lifetime: 90 * time.Second},
			`{"a": 1, "__metadata__": {"lifetime": 90, "created": 1700000000.25, "last_access": 1700000000.25}}`, nil},
		{"used", serializer.Content{Fields: one, Created: created, Accessed: created.Add(time.Minute)},
			`{"a": 1, "__metadata__": {"lifetime": 0, "created": 1700000000.25, "last_access": 1700000060.25}}`, nil},
		{"without a beginning", serializer.Content{Accessed: created},
			`{"__metadata__": {"lifetime": 0, "created": 1700000000.25, "last_access": 1700000000.25}}`, nil},
		{"kept", serializer.Content{Fields: one, Foreign: []byte(`{"ip":"::1","lifetime":5}`), Accessed: created},
			`{"a": 1, "__metadata__": {"ip": "::1", "lifetime": 0, "created": 1700000000.25, "last_access": 1700000000.25}}`, nil},
		{"kept without times", serializer.Content{Foreign: []byte(`{"created":"x"}`)}, `{"__metadata__": {"created": "x", "lifetime": 0}}`, nil},
		{"null", serializer.Content{Foreign: []byte(`null`), Created: created},
			`{"__metadata__": {"lifetime": 0, "created": 1700000000.25, "last_access": 1700000000.25}}`, nil},
		{"only a lifetime", serializer.Content{Lifetime: time.Hour}, "", serializer.ErrType},
		{"its key is taken", serializer.Content{Fields: []serializer.Field{{Key: "__metadata__", Value: []byte("1")}}, Created: created}, "", serializer.ErrType},
		{"damaged", serializer.Content{Foreign: []byte(`{`), Created: created}, "", serializer.ErrCorrupt},
	}
	for _, test := range tests {
		got, err := format.Pack(&test.content)
		if string(got) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %s, %v, want %s, %v", test.name, got, err, test.want, test.err)
		}
	}
	for data, err := range map[string]error{
		`{"__metadata__": 5}`: serializer.ErrCorrupt, `{"__metadata__": []}`: serializer.ErrCorrupt, `{"__metadata__": null}`: nil,
		`{"__metadata__": {"created": -5, "last_access": NaN, "lifetime": -1}}`: nil, `{"__metadata__": {"created": 1e300, "lifetime": 1e300}}`: nil, ``: nil,
	} {
		var content serializer.Content
		if got := format.Unpack([]byte(data), &content); !errors.Is(got, err) {
			t.Errorf("%s: %v, want %v", data, got, err)
		} else if err == nil && (!content.Created.IsZero() || !content.Accessed.IsZero() || content.Lifetime != 0 || len(content.Fields) != 0) {
			t.Errorf("%s: %+v, want nothing that makes no sense", data, content)
		}
	}
}

// TestFlaskWrapsTheSession: a session whose only key looks like a tag is
// wrapped, as Flask does.
func TestFlaskWrapsTheSession(t *testing.T) {
	for _, key := range []string{" di", " t", " b", " m", " u", " d"} {
		content := &serializer.Content{Fields: []serializer.Field{{Key: key, Value: []byte("1")}}}
		data, err := serializer.FlaskFormat.Pack(content)
		if want := `{" di":{"` + key + `__":1}}`; string(data) != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", key, data, err, want)
		}
		var back serializer.Content
		if err := serializer.FlaskFormat.Unpack(data, &back); err != nil || len(back.Fields) != 1 || back.Fields[0].Key != key || string(back.Fields[0].Value) != "1" {
			t.Errorf("%q comes back as %+v, %v", key, back.Fields, err)
		}
	}
	if _, err := serializer.FlaskFormat.Pack(&serializer.Content{Fields: []serializer.Field{{Key: "\xff", Value: []byte("1")}}}); !errors.Is(err, serializer.ErrType) {
		t.Errorf("a key that is not text: %v, want ErrType", err)
	}
}

// TestPickle: pickles of every protocol are recognized. Nothing in them is run:
// there is nothing here that could.
func TestPickle(t *testing.T) {
	for name, data := range map[string]string{
		"protocol 0": "(dp0\nVa\np1\nI1\ns.", "protocol 1": "}q\x00(X\x01\x00\x00\x00aq\x01K\x01u.", "protocol 2": "\x80\x02}q\x00.",
		"protocol 3": "\x80\x03}q\x00.", "protocol 4": "\x80\x04}\x94.", "protocol 5": "\x80\x05}\x94.",
	} {
		for _, format := range []serializer.Format{serializer.FlaskSessionFormat, serializer.FlaskSessionJSONFormat} {
			if err := format.Unpack([]byte(data), &serializer.Content{}); !errors.Is(err, serializer.ErrPickle) || !errors.Is(err, serializer.ErrCorrupt) {
				t.Errorf("%s: %s: %v, want ErrPickle", format.Name(), name, err)
			}
		}
	}
	for _, data := range []string{"", ".", "\x80", "\x80\x04", "\x80\x09}.", "x."} {
		var content serializer.Content
		if err := serializer.FlaskSessionFormat.Unpack([]byte(data), &content); errors.Is(err, serializer.ErrPickle) {
			t.Errorf("%q is taken for a pickle", data)
		}
	}
}
