package serializer_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/itsdangerous"
	"github.com/gosessions/sessions/serializer"
)

// framework is how one Python library seals and writes its sessions.
type framework struct {
	file   string
	format serializer.Format
	open   func(*testing.T, vector) ([]byte, error)
}

var (
	spaced  = pyjson.Dialect{ASCII: true, Spaced: true}
	raw     = pyjson.Dialect{}
	compact = pyjson.Dialect{ASCII: true}
)

// openSigned takes a token of Starlette and its relatives apart.
func openSigned(t *testing.T, v vector) ([]byte, error) {
	t.Helper()
	options := &itsdangerous.Options{Salt: v.Salt}
	signer, err := itsdangerous.NewTimestampSigner(options, v.Secret, bytesOf(v.Fallbacks)...)
	if err != nil {
		t.Fatal(err)
	}
	age := v.maxAge()
	if v.Format == "starsessions2" && age == 0 {
		age = 31104000e9
	}
	payload, _, err := signer.Unsign(v.Cookie, v.now(), age, 0)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(payload)
}

func openStarletteFlask(t *testing.T, v vector) ([]byte, error) {
	t.Helper()
	options := &itsdangerous.Options{Salt: v.Salt, Derivation: itsdangerous.HMAC}
	signer, err := itsdangerous.NewTimestampSigner(options, v.Secret, bytesOf(v.Fallbacks)...)
	if err != nil {
		t.Fatal(err)
	}
	payload, _, err := signer.Unsign(v.Cookie, v.now(), -1, 0)
	if err != nil {
		return nil, err
	}
	return itsdangerous.DecodePayload(payload)
}

// openClaims looks only at the payload: the codec judges the rest.
func openClaims(t *testing.T, v vector) ([]byte, error) {
	t.Helper()
	if v.Expect != "valid" && v.Name != "payload-not-json" && v.Name != "payload-list" {
		return nil, itsdangerous.ErrBadSignature
	}
	return base64.RawURLEncoding.DecodeString(strings.Split(v.Cookie, ".")[1])
}

// TestPythonVectors: every record that real Python libraries have made is read
// as they read it, and written as they write it, the order of the keys
// included.
func TestPythonVectors(t *testing.T) {
	frameworks := []struct {
		framework
		dialect pyjson.Dialect
	}{
		{framework{"starlette", serializer.StarletteFormat, openSigned}, spaced},
		{framework{"signer", serializer.StarletteFormat, openSigned}, spaced},
		{framework{"starsessions1", serializer.StarletteFormat, openSigned}, spaced},
		{framework{"starsessions2", serializer.StarsessionsFormat, openSigned}, spaced},
		{framework{"starlette_flask", serializer.StarletteFlaskFormat, openStarletteFlask}, raw},
		{framework{"jwt", serializer.ClaimsFormat, openClaims}, compact},
	}
	for _, f := range frameworks {
		for _, v := range vectors(t, f.file) {
			t.Run(f.file+"/"+v.Name, func(t *testing.T) {
				var content serializer.Content
				data, err := f.open(t, v)
				if err == nil {
					err = f.format.Unpack(data, &content)
				}
				if v.Expect == "invalid" || v.Level == "must_reject" {
					want, known := reasons[v.Reason]
					if err == nil || known && f.file != "jwt" && !errors.Is(err, want) {
						t.Errorf("read: %v, want %v (%s)", err, want, v.Reason)
					}
					return
				}
				if err != nil {
					if v.Level == "must" {
						t.Errorf("read: %v", err)
					}
					return
				}
				got, want := treeOf(t, &content, pyjson.Rules{Surrogates: true}), v.want(t)
				if !neutral.Equal(&got, &want) {
					t.Errorf("read:\n got %s\nwant %s", neutral.Append(nil, &got), v.Payload)
				}
				if v.Metadata != nil {
					checkMetadata(t, v, &content)
				}
				if v.Encode == "" || v.Metadata != nil && string(v.Metadata) != "null" && !floatTimes(t, v) {
					return
				}
				given := v.give(t)
				written := contentOf(t, &given, f.dialect)
				written.Created, written.Accessed, written.Lifetime, written.Foreign = content.Created, content.Accessed, content.Lifetime, content.Foreign
				for name, c := range map[string]*serializer.Content{"written": written, "unpacked and packed": &content} {
					packed, err := f.format.Pack(c)
					if err != nil || string(packed) != v.JSON {
						t.Errorf("%s:\n got %s, %v\nwant %s", name, packed, err, v.JSON)
					}
				}
			})
		}
	}
}

// floatTimes reports whether the record's times are floats, as starsessions
// writes them.
func floatTimes(t *testing.T, v vector) bool {
	metadata := parseNeutral(t, v.Metadata)
	return metadata.Items[3].Kind == value.Float
}

func checkMetadata(t *testing.T, v vector, content *serializer.Content) {
	t.Helper()
	if string(v.Metadata) == "null" {
		if !content.Created.IsZero() || !content.Accessed.IsZero() || content.Lifetime != 0 || content.Foreign != nil {
			t.Errorf("metadata out of nothing: %+v", content)
		}
		return
	}
	want := parseNeutral(t, v.Metadata)
	got, err := pyjson.Decode(content.Foreign, pyjson.Rules{})
	if err != nil || !neutral.Equal(&got, &want) {
		t.Errorf("metadata %s, %v, want %s", content.Foreign, err, v.Metadata)
	}
	seconds := func(at int) float64 {
		if n := want.Items[at]; n.Kind == value.Int {
			return float64(int64(n.Num))
		}
		return want.Items[at].Float64()
	}
	if got := content.Lifetime.Seconds(); got != seconds(1) {
		t.Errorf("lifetime %v, want %v", got, seconds(1))
	}
	if got := float64(content.Created.Unix()) + float64(content.Created.Nanosecond())/1e9; got != seconds(3) {
		t.Errorf("created %v, want %v", got, seconds(3))
	}
	if got := float64(content.Accessed.Unix()) + float64(content.Accessed.Nanosecond())/1e9; got != seconds(5) {
		t.Errorf("accessed %v, want %v", got, seconds(5))
	}
}

// TestFlaskSessionVectors: the records of Flask-Session, in both encodings;
// each format reads the other's.
func TestFlaskSessionVectors(t *testing.T) {
	formats := map[string]serializer.Format{"msgpack": serializer.FlaskSessionFormat, "json": serializer.FlaskSessionJSONFormat}
	for _, file := range []string{"flask_session_new", "flask_session_old"} {
		for _, v := range vectors(t, file) {
			for _, record := range v.Redis {
				format, ok := formats[v.Serializer]
				if !ok {
					format = serializer.FlaskSessionFormat
				}
				t.Run(v.Name, func(t *testing.T) { checkRecord(t, v, format, record.Value) })
			}
		}
	}
}

func checkRecord(t *testing.T, v vector, format serializer.Format, data []byte) {
	var content serializer.Content
	err := format.Unpack(data, &content)
	switch {
	case v.Reason == "bad_record":
		if !errors.Is(err, serializer.ErrCorrupt) {
			t.Errorf("read: %v, want ErrCorrupt", err)
		}
		return
	case v.Serializer == "pickle" || strings.Contains(v.Name, "pickle"):
		if !errors.Is(err, serializer.ErrPickle) || !errors.Is(err, serializer.ErrCorrupt) {
			t.Errorf("read: %v, want ErrPickle", err)
		}
		return
	case v.Expect == "invalid":
		return // the session ID is wrong, not the record
	case err != nil:
		t.Fatalf("read: %v", err)
	}
	var values []string
	got := value.Value{Kind: value.Dict}
	for _, field := range content.Fields {
		var v any
		if err := format.Serializer().Unmarshal(field.Value, &v); err != nil {
			t.Fatal(err)
		}
		again, err := format.Serializer().Marshal(v)
		if err != nil || len(field.Value) != len(again) {
			t.Errorf("%s written as %q, %v, want %q", field.Key, again, err, field.Value)
		}
		tree, err := neutral.Of(v)
		if err != nil {
			t.Fatal(err)
		}
		parsed := parseNeutral(t, []byte(tree))
		got.Items = append(got.Items, value.OfString(field.Key), parsed)
		values = append(values, string(field.Value))
	}
	want := v.want(t)
	if !neutral.Equal(&got, &want) {
		t.Errorf("read %q:\n got %s\nwant %s", values, neutral.Append(nil, &got), v.Payload)
	}
	if v.Encode == "exact" {
		if packed, err := format.Pack(&content); err != nil || string(packed) != string(data) {
			t.Errorf("packed %q, %v, want %q", packed, err, data)
		}
	}
}

func TestPythonFormatsRefuse(t *testing.T) {
	json := []serializer.Format{serializer.StarletteFormat, serializer.StarsessionsFormat, serializer.StarletteFlaskFormat, serializer.ClaimsFormat, serializer.FlaskSessionJSONFormat}
	for _, format := range append(json, serializer.FlaskSessionFormat) {
		for data, want := range map[string]error{
			`null`: serializer.ErrNotDict, `[1]`: serializer.ErrNotDict, `"x"`: serializer.ErrNotDict, ` 5 `: serializer.ErrNotDict,
			`{"a":}`: serializer.ErrCorrupt, `{"a":1`: serializer.ErrCorrupt, `{"a":1}}`: serializer.ErrCorrupt, "\xff": serializer.ErrCorrupt,
			`{"a":` + strings.Repeat("[", 100000): serializer.ErrCorrupt, strings.Repeat("\x91", 100000): serializer.ErrCorrupt,
		} {
			var content serializer.Content
			err := format.Unpack([]byte(data), &content)
			if format == serializer.FlaskSessionFormat && want == serializer.ErrNotDict {
				want = serializer.ErrCorrupt // JSON that is not a record is corrupt MessagePack
			}
			if !errors.Is(err, want) {
				t.Errorf("%s: %.20q: %v, want %v", format.Name(), data, err, want)
			}
		}
	}
}

// TestEncodings: Python's json.loads of bytes guesses their encoding.
func TestEncodings(t *testing.T) {
	tests := []struct {
		name, data string
		want       string // of the key a, in Starlette's JSON; "" is refused
	}{
		{"UTF-8", "{\"a\": \"\u00e9\"}", "\u00e9"},
		{"UTF-8 with a mark", "\ufeff{\"a\": \"\u00e9\"}", "\u00e9"},
		{"UTF-16 little", "{\x00\"\x00a\x00\"\x00:\x00\"\x00\xe9\x00\"\x00}\x00", "\u00e9"},
		{"UTF-16 big", "\x00{\x00\"\x00a\x00\"\x00:\x00\"\xd8\x3d\xde\x00\x00\"\x00}", "\U0001f600"},
		{"UTF-16 with a mark", "\xff\xfe{\x00\"\x00a\x00\"\x00:\x00\"\x00\x3d\xd8\"\x00}\x00", "\xed\xa0\xbd"},
		{"UTF-32 little", "{\x00\x00\x00\"\x00\x00\x00a\x00\x00\x00\"\x00\x00\x00:\x00\x00\x00\"\x00\x00\x00\x00\xf6\x01\x00\"\x00\x00\x00}\x00\x00\x00", "\U0001f600"},
		{"UTF-32 big with a mark", "\x00\x00\xfe\xff\x00\x00\x00{\x00\x00\x00\"\x00\x00\x00a\x00\x00\x00\"\x00\x00\x00:\x00\x00\x00\"\x00\x00\x00x\x00\x00\x00\"\x00\x00\x00}", "x"},
		{"encoded surrogate", "{\"a\": \"\xed\xa0\xbd\"}", "\xed\xa0\xbd"},
		{"half a character", "\x00{\x00}\x00", ""},
		{"beyond Unicode", "\x00\x00\x00{\x00\x11\x00\x00", ""},
		{"two marks", "\ufeff\ufeff{}", ""},
		{"Latin-1", "{\"a\": \"\xe9\"}", ""},
	}
	for _, test := range tests {
		var content serializer.Content
		err := serializer.StarletteFormat.Unpack([]byte(test.data), &content)
		if test.want == "" {
			if !errors.Is(err, serializer.ErrCorrupt) {
				t.Errorf("%s: %v, want ErrCorrupt", test.name, err)
			}
			continue
		}
		if err != nil || len(content.Fields) != 1 {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got string
		if err := serializer.StarletteFormat.Serializer().Unmarshal(content.Fields[0].Value, &got); err != nil || got != test.want {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func FuzzS1_PythonFormats(f *testing.F) {
	formats := []serializer.Format{
		serializer.StarletteFormat, serializer.StarsessionsFormat, serializer.StarletteFlaskFormat,
		serializer.ClaimsFormat, serializer.FlaskSessionJSONFormat, serializer.FlaskSessionFormat,
	}
	for i := range formats {
		f.Add(i, []byte(`{"a": "\u00e9", "__metadata__": {"lifetime": 60, "created": 1.5, "last_access": 2.5}}`))
		f.Add(i, []byte("\x82\xa1a\xc4\x01x\xa1b\xd6\xff\x00\x00\x00\x01"))
	}
	f.Fuzz(func(t *testing.T, at int, data []byte) {
		format := formats[uint(at)%uint(len(formats))]
		var content, again serializer.Content
		if format.Unpack(data, &content) != nil {
			return
		}
		packed, err := format.Pack(&content)
		if errors.Is(err, serializer.ErrType) {
			return // a key that can be read and not written
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := format.Unpack(packed, &again); err != nil || len(again.Fields) != len(content.Fields) {
			t.Errorf("%q packs as %q: %v", data, packed, err)
		}
		for i, field := range again.Fields {
			if field.Key != content.Fields[i].Key || string(field.Value) != string(content.Fields[i].Value) {
				t.Errorf("field %d changed", i)
			}
			var v any
			if err := format.Serializer().Unmarshal(field.Value, &v); err != nil && !errors.Is(err, serializer.ErrType) {
				t.Errorf("%q does not decode: %v", field.Value, err)
			}
		}
	})
}
