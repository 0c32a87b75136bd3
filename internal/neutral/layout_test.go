package neutral_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/serializer"
)

type vector struct {
	Name, Format, Cookie, Expect, Level, JSON, Serializer string
	Payload, Metadata                                     json.RawMessage
	EncodePayload                                         json.RawMessage `json:"encode_payload"`
	Encode                                                string
	Redis                                                 map[string]struct {
		Value []byte `json:"value_b64"`
	}
}

// record returns what the framework signed or stored.
func (v vector) record(t *testing.T) []byte {
	t.Helper()
	for _, record := range v.Redis {
		return record.Value
	}
	if v.JSON != "" {
		return []byte(v.JSON)
	}
	payload, _, _ := strings.Cut(v.Cookie, ".")
	if v.Format == "jwt" {
		payload = strings.Split(v.Cookie, ".")[1]
	}
	encoding := base64.StdEncoding
	if strings.TrimRight(payload, "=") == payload {
		encoding = base64.RawURLEncoding
	}
	data, err := encoding.DecodeString(payload)
	if err != nil {
		data, err = base64.RawStdEncoding.DecodeString(payload)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLayoutVectors: every valid vector decodes to its payload, and encodes to
// its record again.
func TestLayoutVectors(t *testing.T) {
	files, err := filepath.Glob("../../serializer/testdata/vectors/*.json")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var vectors struct{ Cases []vector }
		if err := json.Unmarshal(data, &vectors); err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors.Cases {
			compressed := strings.HasPrefix(v.Cookie, ".") && v.JSON == ""
			if v.Expect != "valid" || v.Level == "must_reject" || compressed {
				continue
			}
			count++
			t.Run(filepath.Base(file)+"/"+v.Name, func(t *testing.T) { checkVector(t, v) })
		}
	}
	if count < 300 {
		t.Errorf("%d vectors, want at least 300", count)
	}
}

func checkVector(t *testing.T, v vector) {
	layout, ok := neutral.LayoutOf(v.Format, strings.Replace(v.Serializer, "pickle", "", 1))
	if !ok {
		t.Fatalf("no layout for %s", v.Format)
	}
	record := v.record(t)
	payload, metadata, err := layout.Decode(record)
	if strings.Contains(v.Name, "pickle") {
		if !errors.Is(err, serializer.ErrPickle) {
			t.Errorf("%v, want ErrPickle", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got *value.Value, want json.RawMessage) {
		tree, err := neutral.Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		if !neutral.Equal(got, &tree) {
			t.Errorf("%s\n got %s\nwant %s", what, neutral.Append(nil, got), want)
		}
	}
	check("payload", &payload, v.Payload)
	if v.Metadata != nil && string(v.Metadata) != "null" {
		check("metadata", &metadata, v.Metadata)
	}
	if v.Encode == "" {
		return
	}
	given := payload
	if v.EncodePayload != nil {
		if given, err = neutral.Parse(v.EncodePayload); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := layout.Encode(&given, &metadata); err != nil || string(got) != string(record) {
		t.Errorf("encoded %q, %v, want %q", got, err, record)
	}
}

func TestLayoutRefuses(t *testing.T) {
	tests := []struct {
		format, data string
		want         error
	}{
		{"flask", `null`, serializer.ErrNotDict},
		{"flask", `{" t":[1]}`, serializer.ErrNotDict},
		{"flask", `{"a":{" t":5}}`, serializer.ErrCorrupt},
		{"starlette", `[1]`, serializer.ErrNotDict},
		{"starlette", `x`, serializer.ErrCorrupt},
		{"starsessions2", `"x"`, serializer.ErrNotDict},
		{"starlette-flask", "\ufeff{}", serializer.ErrCorrupt},
		{"jwt", `[]`, serializer.ErrNotDict},
		{"flask-session", "\x80\x04}\x94.", serializer.ErrPickle},
		{"flask-session", "\x81\xa1a\xd4\x05x", serializer.ErrCorrupt},
		{"flask-session", "\x90", serializer.ErrNotDict},
		{"flask-session", "", serializer.ErrCorrupt},
	}
	for _, test := range tests {
		layout, _ := neutral.LayoutOf(test.format, "")
		_, _, err := layout.Decode([]byte(test.data))
		if !errors.Is(err, test.want) || errors.Is(err, serializer.ErrNotDict) != (test.want == serializer.ErrNotDict) {
			t.Errorf("%s: %q: %v, want %v", test.format, test.data, err, test.want)
		}
	}
	if _, ok := neutral.LayoutOf("pickle", ""); ok {
		t.Error("there is a layout for pickle")
	}
	bytes := value.Value{Kind: value.Dict, Items: []value.Value{value.OfString("b"), {Kind: value.Bytes}}}
	for _, format := range []string{"starlette", "starlette-flask", "jwt"} {
		layout, _ := neutral.LayoutOf(format, "")
		if _, err := layout.Encode(&bytes, nil); !errors.Is(err, serializer.ErrType) {
			t.Errorf("%s: bytes: %v, want ErrType", format, err)
		}
		if _, err := layout.Encode(&value.Value{Kind: value.List}, nil); !errors.Is(err, serializer.ErrType) {
			t.Errorf("%s: a list: %v, want ErrType", format, err)
		}
	}
}

func TestStarsessionsMetadata(t *testing.T) {
	layout, _ := neutral.LayoutOf("starsessions2", "")
	payload := value.Value{Kind: value.Dict, Items: []value.Value{value.OfString("a"), value.OfInt(1)}}
	metadata := neutral.StarsessionsMetadata(time.Unix(1700000000, 0), time.Hour)
	want := `{"a": 1, "__metadata__": {"lifetime": 3600, "created": 1700000000.0, "last_access": 1700000000.0}}`
	if got, err := layout.Encode(&payload, &metadata); err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if payload, metadata, err := layout.Decode(nil); err != nil || payload.Len() != 0 || metadata.Kind != value.Null {
		t.Errorf("an empty record: %v, %v, %v", payload, metadata, err)
	}
}

func TestNative(t *testing.T) {
	payload := `{"t":"dict","v":[["a",{"t":"int","v":"1"}],["b",{"t":"list","v":[{"t":"float","v":"1.0","bits":"3ff0000000000000"}]}]]}`
	metadata := `{"t":"dict","v":[["created",{"t":"datetime","v":"2023-11-14T22:13:20+00:00"}],["lifetime",{"t":"float","v":"3600.0","bits":"40ac200000000000"}],` +
		`["persistence",{"t":"str","v":"browser-session"}],["subject",{"t":"str","v":"ada"}]]}`
	for _, values := range []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack} {
		p, err := neutral.Parse([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		m, err := neutral.Parse([]byte(metadata))
		if err != nil {
			t.Fatal(err)
		}
		data, err := neutral.EncodeNative(&p, &m, values)
		if err != nil {
			t.Fatal(err)
		}
		gotPayload, gotMetadata, err := neutral.DecodeNative(data, values)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(neutral.Append(nil, &gotPayload)); got != payload {
			t.Errorf("%s: %s, want %s", values.Name(), got, payload)
		}
		if got := string(neutral.Append(nil, &gotMetadata)); got != metadata {
			t.Errorf("%s: %s, want %s", values.Name(), got, metadata)
		}
	}
}
