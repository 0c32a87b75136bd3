package pyjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

var (
	flaskRules = pyjson.Rules{Tags: true}
	flask      = pyjson.Dialect{ASCII: true, Sorted: true, Tagged: true}
)

// TestPython: documents as real Flask and Python read them, tags in every state
// of disrepair among them, and what they write for the result.
func TestPython(t *testing.T) {
	data, err := os.ReadFile("testdata/python.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Mode, Document, Written, Raises string
			Value                           json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		rules, dialect := pyjson.Rules{}, pyjson.Dialect{ASCII: true, Spaced: true}
		if c.Mode == "flask" {
			rules, dialect = flaskRules, flask
		}
		v, err := pyjson.Decode([]byte(c.Document), rules)
		if ok := pyjson.Check([]byte(c.Document), rules); ok != (c.Raises == "") {
			t.Errorf("%s: %s: Check %v, Python raises %q", c.Mode, c.Document, ok, c.Raises)
		}
		if c.Raises != "" {
			if !errors.Is(err, pyjson.ErrSyntax) {
				t.Errorf("%s: %s: %v, want ErrSyntax, as Python raises %s", c.Mode, c.Document, err, c.Raises)
			}
			continue
		}
		want, parseErr := neutral.Parse(c.Value)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		if err != nil || !neutral.Equal(&v, &want) {
			t.Errorf("%s: %s:\n got %s, %v\nwant %s", c.Mode, c.Document, neutral.Append(nil, &v), err, c.Value)
		}
		if got, err := dialect.Append(nil, &v); string(got) != c.Written || err != nil {
			t.Errorf("%s: %s is written\n%s, %v, want\n%s", c.Mode, c.Document, got, err, c.Written)
		}
	}
}

func TestLimits(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	tests := []struct {
		name, document string
		ok             bool
	}{
		{"deepest", nested(pyjson.MaxDepth), true},
		{"too deep", nested(pyjson.MaxDepth + 1), false},
		{"dicts too deep", strings.Repeat(`{"a":`, pyjson.MaxDepth+1) + "1" + strings.Repeat("}", pyjson.MaxDepth+1), false},
		{"most digits", "-" + strings.Repeat("9", pyjson.MaxDigits), true},
		{"too many digits", strings.Repeat("9", pyjson.MaxDigits+1), false},
		{"digits of a float", strings.Repeat("9", pyjson.MaxDigits+1) + ".5", true},
	}
	for _, test := range tests {
		v, err := pyjson.Decode([]byte(test.document), pyjson.Rules{})
		if (err == nil) != test.ok || pyjson.Check([]byte(test.document), pyjson.Rules{}) != test.ok {
			t.Errorf("%s: %v, want %v", test.name, err, test.ok)
		}
		if err == nil && v.Kind != value.List {
			if _, err := (pyjson.Dialect{}).Append(nil, &v); err != nil {
				t.Errorf("%s: read but not written: %v", test.name, err)
			}
		}
	}
	deep := value.Value{}
	for range pyjson.MaxDepth + 1 {
		deep = value.Value{Kind: value.List, Items: []value.Value{deep}}
	}
	if _, err := (pyjson.Dialect{}).Append(nil, &deep); !errors.Is(err, pyjson.ErrValue) {
		t.Errorf("written too deep: %v, want ErrValue", err)
	}
}

// TestOddTagsAreDecodedOnce: tags within tags, which each time make the
// judgment wait for the decoder, must not make it look at the same bytes again
// and again.
func TestOddTagsAreDecodedOnce(t *testing.T) {
	const depth = 400
	document := []byte(strings.Repeat(`{" t":`, depth) + `"` + strings.Repeat("x", 20000) + `"` + strings.Repeat("}", depth))
	allocations := testing.AllocsPerRun(3, func() {
		if !pyjson.Check(document, flaskRules) {
			t.Fatal("refused")
		}
	})
	// Decoding once makes a tuple of 20000 characters.
	if allocations > 25000 {
		t.Errorf("%v allocations, want at most 25000", allocations)
	}
}

func TestAppendRefuses(t *testing.T) {
	key := func(kind value.Kind) value.Value {
		return value.Value{Kind: value.Dict, Items: []value.Value{{Kind: kind}, {}, value.OfString("a"), {}}}
	}
	bytes, list := value.Value{Kind: value.Bytes}, key(value.List)
	none, surrogate, invalid := key(value.Null), value.OfString("\xed\xa0\x80"), value.OfString("\xff")
	late := value.Value{Kind: value.Time, Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	tests := []struct {
		name    string
		dialect pyjson.Dialect
		v       *value.Value
		want    error
	}{
		{"bytes without tags", pyjson.Dialect{}, &bytes, pyjson.ErrValue},
		{"a list as key", pyjson.Dialect{}, &list, pyjson.ErrValue},
		{"keys that do not compare", flask, &none, pyjson.ErrValue},
		{"a surrogate in UTF-8", pyjson.Dialect{}, &surrogate, pyjson.ErrText},
		{"no UTF-8", flask, &invalid, pyjson.ErrText},
		{"the year 10000", flask, &late, pyjson.ErrValue},
	}
	for _, test := range tests {
		if got, err := test.dialect.Append(nil, test.v); !errors.Is(err, test.want) {
			t.Errorf("%s: %s, %v, want %v", test.name, got, err, test.want)
		}
	}
}

// TestKeysOfOtherTypes: Python sorts numbers by size and then writes them as
// text.
func TestKeysOfOtherTypes(t *testing.T) {
	dict := func(keys ...value.Value) *value.Value {
		v := &value.Value{Kind: value.Dict}
		for _, key := range keys {
			v.Items = append(v.Items, key, value.OfInt(0))
		}
		return v
	}
	tests := []struct {
		v    *value.Value
		want string
	}{
		{dict(value.OfInt(10), value.OfInt(9), value.OfFloat(1.5), value.OfBool(true)), `{"true":0,"1.5":0,"9":0,"10":0}`},
		{dict(value.OfInt(-1), value.OfDecimal("-99999999999999999999"), value.OfFloat(-1e30)), `{"-1e+30":0,"-99999999999999999999":0,"-1":0}`},
		{dict(value.Value{}), `{"null":0}`},
		{dict(value.OfString("\u00ff"), value.OfString("\ufffd"), value.OfString("\U00010000"), value.OfString("z")), `{"z":0,"\u00ff":0,"\ufffd":0,"\ud800\udc00":0}`},
	}
	for _, test := range tests {
		if got, err := flask.Append(nil, test.v); string(got) != test.want || err != nil {
			t.Errorf("%s, %v, want %s", got, err, test.want)
		}
	}
}

func TestMsgspecFloats(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", -2.75: "-2.75", 0.1: "0.1", 1e15: "1000000000000000.0", 1e16: "1e16", 1.2345678901234568e17: "1.2345678901234568e17",
		1e22: "1e22", 1e100: "1e100", 1e-4: "0.0001", 1e-5: "0.00001", 1.5e-5: "0.000015", 1e-6: "1e-6", 1.5e-7: "1.5e-7", 5e-324: "5e-324",
		math.Inf(1): "null", math.Inf(-1): "null", math.Copysign(0, -1): "-0.0",
	} {
		if got := string(pyjson.AppendMsgspecFloat(nil, f)); got != want && !(f == 0 && got == "-0.0") {
			t.Errorf("%v is written %s, want %s", f, got, want)
		}
	}
	if got := string(pyjson.AppendMsgspecFloat(nil, math.Copysign(0, -1))); got != "-0.0" {
		t.Errorf("-0.0 is written %s", got)
	}
}

// FuzzDecode: the scanner accepts exactly what the decoder can decode, and what
// is decoded and written is read as the same again.
func FuzzDecode(f *testing.F) {
	for _, document := range []string{
		`{"a":[1,2.5,null,true,"x\u00e9\ud83d\ude00"]}`, `{" t":{" b":{" d":"x"}}}`, `{"\u0020t":[]," t":1}`, `-Infinity`,
		`{" di":{" t__":[{" u":"123456789abc4def8123456789abcdef"}]}}`, `{" d":"1 Jan 70 1.2.3 +99999999999999"}`,
	} {
		f.Add([]byte(document), true)
		f.Add([]byte(document), false)
	}
	f.Fuzz(func(t *testing.T, document []byte, tags bool) {
		rules := pyjson.Rules{Tags: tags, Surrogates: !tags}
		v, err := pyjson.Decode(document, rules)
		if ok := pyjson.Check(document, rules); ok != (err == nil) {
			t.Fatalf("Check %v, Decode %v", ok, err)
		}
		if err != nil {
			return
		}
		dialect := pyjson.Dialect{ASCII: true, Tagged: tags}
		data, err := dialect.Append(nil, &v)
		if err != nil {
			if tags {
				return // a year that the tag cannot write
			}
			t.Fatalf("decoded, but not written: %v", err)
		}
		again, err := pyjson.Decode(data, rules)
		if err != nil {
			t.Fatalf("%s is written %s: %v", document, data, err)
		}
		if !tags && !neutral.Equal(&v, &again) {
			t.Errorf("%s is written %s", document, data)
		}
	})
}
