package serializer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/itsdangerous"
	"github.com/gosessions/sessions/serializer"
)

// TestFlaskVectors: every cookie that real Flask has made is read as Flask
// reads it, refused as Flask refuses it, and written as Flask writes it.
func TestFlaskVectors(t *testing.T) {
	for _, v := range vectors(t, "flask") {
		t.Run(v.Name, func(t *testing.T) {
			options := &itsdangerous.Options{Salt: v.Salt, Derivation: itsdangerous.HMAC}
			signer, err := itsdangerous.NewTimestampSigner(options, v.Secret, bytesOf(v.Fallbacks)...)
			if err != nil {
				t.Fatal(err)
			}
			var content serializer.Content
			payload, _, err := signer.Unsign(v.Cookie, v.now(), v.maxAge(), 0)
			var data []byte
			if err == nil {
				data, err = itsdangerous.DecodePayload(payload)
			}
			if err == nil {
				err = serializer.FlaskFormat.Unpack(data, &content)
			}
			if v.Expect == "invalid" || v.Level == "must_reject" {
				if want, known := reasons[v.Reason]; err == nil || known && !errors.Is(err, want) {
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
			got, want := treeOf(t, &content, pyjson.Rules{Tags: true}), v.want(t)
			if !neutral.Equal(&got, &want) {
				t.Errorf("read:\n got %s\nwant %s", neutral.Append(nil, &got), v.Payload)
			}
			if v.Encode == "" {
				return
			}
			given := v.give(t)
			written := contentOf(t, &given, pyjson.Dialect{ASCII: true, Sorted: true, Tagged: true})
			for name, c := range map[string]*serializer.Content{"written": written, "unpacked and packed": &content} {
				packed, err := serializer.FlaskFormat.Pack(c)
				if err != nil || string(packed) != v.JSON {
					t.Errorf("%s:\n got %s, %v\nwant %s", name, packed, err, v.JSON)
				}
			}
			if v.Encode == "exact" {
				token := signer.Append(itsdangerous.AppendPayload(nil, []byte(v.JSON)), unix(v.SignedAt))
				if string(token) != v.Cookie {
					t.Errorf("signed %s, want %s", token, v.Cookie)
				}
			}
		})
	}
}

// reasons maps the vectors' words to our errors; for others any error will do.
var reasons = map[string]error{
	"bad_signature":     itsdangerous.ErrBadSignature,
	"expired":           itsdangerous.ErrExpired,
	"future":            itsdangerous.ErrFuture,
	"missing_timestamp": itsdangerous.ErrMissingTimestamp,
	"malformed":         itsdangerous.ErrMalformed,
	"empty":             itsdangerous.ErrMalformed,
	"not_a_dict":        serializer.ErrNotDict,
}

// treeOf decodes what was unpacked.
func treeOf(t *testing.T, content *serializer.Content, rules pyjson.Rules) value.Value {
	t.Helper()
	dict := value.Value{Kind: value.Dict}
	for _, field := range content.Fields {
		tree, err := pyjson.Decode(field.Value, rules)
		if err != nil {
			t.Fatalf("unpacked a value that does not decode: %s", field.Value)
		}
		dict.Items = append(dict.Items, value.OfString(field.Key), tree)
	}
	return dict
}

// contentOf encodes the values of a session.
func contentOf(t *testing.T, dict *value.Value, dialect pyjson.Dialect) *serializer.Content {
	t.Helper()
	content := &serializer.Content{}
	for i := 0; i+1 < len(dict.Items); i += 2 {
		data, err := dialect.Append(nil, &dict.Items[i+1])
		if err != nil {
			t.Fatal(err)
		}
		key := dict.Items[i]
		if key.Kind != value.String {
			key = value.OfString(key.Decimal())
		}
		content.Fields = append(content.Fields, serializer.Field{Key: key.Text, Value: data})
	}
	return content
}

func TestFlaskUnpack(t *testing.T) {
	tests := []struct {
		name, data string
		want       string // packed again
		err        error
	}{
		{"empty dict", `{}`, `{}`, nil},
		{"null is an empty session", ` null `, `{}`, nil},
		{"white space and order", " {\t\"b\" : [ 1 , 2 ] ,\r\n\"a\":\"x\" } ", `{"a":"x","b":[ 1 , 2 ]}`, nil},
		{"last of a key wins", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`, nil},
		{"escaped key", `{"\u0061":1,"\ud83d\ude00":2,"\ud800":3}`, `{"a":1,"\ud800":3,"\ud83d\ude00":2}`, nil},
		{"numbers beyond Go", `{"a":NaN,"b":-Infinity,"c":123456789012345678901234567890}`, `{"a":NaN,"b":-Infinity,"c":123456789012345678901234567890}`, nil},
		{"unknown tag", `{"a":{" x":1},"b":{" od":[]}}`, `{"a":{" x":1},"b":{" od":[]}}`, nil},
		{"lenient tags are kept", `{"a":{" t":"abc"},"b":{" m":5},"c":{" d":"garbage"}}`, `{"a":{" t":"abc"},"b":{" m":5},"c":{" d":"garbage"}}`, nil},
		{"tag with another key", `{" t":5,"a":1}`, `{" t":5,"a":1}`, nil},
		{"session that looks like a tag", `{" di":{" b__":"x"}}`, `{" di":{" b__":"x"}}`, nil},
		{"session that looks like a wrapped dict", `{" di":{" di__":1}}`, `{" di":{" di__":1}}`, nil},
		{"hand-made wrapping", `{" di":{"x":1}}`, `{"":1}`, nil},
		{"wrapping of several keys", `{" di":{"abc__":{" t":[ 1 ]},"b":2}}`, `{"abc":{" t":[1]}}`, nil},
		{"depth of 400", `{"a":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}`, `{"a":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}`, nil},
		{"depth of 100000", `{"a":` + strings.Repeat("[", 100000), "", serializer.ErrCorrupt},

		{"nothing", ``, "", serializer.ErrCorrupt},
		{"list", `[1]`, "", serializer.ErrNotDict},
		{"string", `"a"`, "", serializer.ErrNotDict},
		{"number", `1`, "", serializer.ErrNotDict},
		{"tuple", `{" t":[1]}`, "", serializer.ErrNotDict},
		{"bytes", `{" b":"AA=="}`, "", serializer.ErrNotDict},
		{"broken list", `[1`, "", serializer.ErrCorrupt},
		{"two documents", `{"a":1}{"b":2}`, "", serializer.ErrCorrupt},
		{"null and more", `null null`, "", serializer.ErrCorrupt},
		{"byte order mark", "\ufeff{}", "", serializer.ErrCorrupt},
		{"trailing comma", `{"a":1,}`, "", serializer.ErrCorrupt},
		{"no quotes", `{a:1}`, "", serializer.ErrCorrupt},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "", serializer.ErrCorrupt},
		{"encoded surrogate", "{\"a\":\"\xed\xa0\x80\"}", "", serializer.ErrCorrupt},
		{"control character", "{\"a\":\"\n\"}", "", serializer.ErrCorrupt},
		{"bad escape", `{"a":"\x41"}`, "", serializer.ErrCorrupt},
		{"leading zero", `{"a":01}`, "", serializer.ErrCorrupt},
		{"too many digits", `{"a":` + strings.Repeat("9", 4301) + `}`, "", serializer.ErrCorrupt},
		{"tuple of a number", `{"a":{" t":5}}`, "", serializer.ErrCorrupt},
		{"bytes of null", `{"a":{" b":null}}`, "", serializer.ErrCorrupt},
		{"bytes and other than ASCII", `{"a":{" b":"AP8=\u00a0"}}`, "", serializer.ErrCorrupt},
		{"bytes and other than ASCII, unescaped", "{\"a\":{\" b\":\"AP8=\u00e9\"}}", "", serializer.ErrCorrupt},
		{"bytes without padding", `{"a":{" b":"abc"}}`, "", serializer.ErrCorrupt},
		{"no UUID", `{"a":{" u":"nope"}}`, "", serializer.ErrCorrupt},
		{"wrapping of nothing", `{"a":{" di":{}}}`, "", serializer.ErrCorrupt},
		{"wrapping of text", `{"a":{" di":"abc"}}`, "", serializer.ErrCorrupt},
		{"bad tag deep inside", `{"a":[{"b":{" t":[{" u":"nope"}]}}]}`, "", serializer.ErrCorrupt},
		{"bad tag under an escaped key", `{"a":{"\u0020t":5}}`, "", serializer.ErrCorrupt},
		{"bad tag at the top", `{" di":{}}`, "", serializer.ErrCorrupt},
	}
	for _, test := range tests {
		var content serializer.Content
		err := serializer.FlaskFormat.Unpack([]byte(test.data), &content)
		if !errors.Is(err, test.err) || errors.Is(err, serializer.ErrNotDict) != (test.err == serializer.ErrNotDict) {
			t.Errorf("%s: %v, want %v", test.name, err, test.err)
			continue
		}
		if err != nil {
			if !errors.Is(err, serializer.ErrCorrupt) {
				t.Errorf("%s: %v does not wrap ErrCorrupt", test.name, err)
			}
			continue
		}
		if got, err := serializer.FlaskFormat.Pack(&content); string(got) != test.want || err != nil {
			t.Errorf("%s: packed %.200s, %v, want %.200s", test.name, got, err, test.want)
		}
	}
}
