package serializer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/serializer"
)

// TestPythonScalars: floats and text are written as Python writes them.
func TestPythonScalars(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors/json_scalars.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Floats  []struct{ Bits, Python string }
		Strings []struct{ UTF8, ASCII, Raw string }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Floats) == 0 || len(file.Strings) == 0 {
		t.Fatal("no scalars")
	}
	for _, c := range file.Floats {
		bits, err := strconv.ParseUint(c.Bits, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		f := math.Float64frombits(bits)
		checkMarshal(t, serializer.Flask, f, c.Python)
		checkMarshal(t, serializer.JSON, f, c.Python)
		var back float64
		if err := serializer.Flask.Unmarshal([]byte(c.Python), &back); err != nil || math.Float64bits(back) != bits && !math.IsNaN(f) {
			t.Errorf("%s reads as %x, %v, want %s", c.Python, math.Float64bits(back), err, c.Bits)
		}
	}
	for _, c := range file.Strings {
		checkMarshal(t, serializer.Flask, c.UTF8, c.ASCII)
		checkMarshal(t, serializer.JSON, c.UTF8, c.Raw)
		for _, text := range []string{c.ASCII, c.Raw} {
			var back string
			if err := serializer.Flask.Unmarshal([]byte(text), &back); err != nil || back != c.UTF8 {
				t.Errorf("%s reads as %q, %v, want %q", text, back, err, c.UTF8)
			}
		}
	}
}

func checkMarshal(t *testing.T, s serializer.Serializer, v any, want string) {
	t.Helper()
	if got, err := s.Marshal(v); string(got) != want || err != nil {
		t.Errorf("%s: %T %v is written as %s, %v, want %s", s.Name(), v, v, got, err, want)
	}
}

type Address struct {
	Street string `json:"street"`
	Number int    `json:"number,omitempty"`
}

type base struct {
	ID    int64
	Shade string `json:"shade"`
}

type person struct {
	base
	*Address
	Name     string             `json:"name"`
	Ratio    float64            `json:"ratio"`
	Big      *big.Int           `json:"big"`
	Blob     []byte             `json:"blob"`
	Born     time.Time          `json:"born"`
	Key      uuid.UUID          `json:"key"`
	Pair     serializer.Tuple   `json:"pair"`
	HTML     serializer.Markup  `json:"html"`
	Tags     map[string]float32 `json:"tags"`
	ByNumber map[int]bool       `json:"by_number"`
	Any      any                `json:"any"`
	Next     *person            `json:"next,omitempty"`
	Quoted   uint64             `json:"quoted,string"`
	When     *time.Time         `json:"when,omitzero"`
	Kind     season             `json:"kind"`
	Raw      json.RawMessage    `json:"raw"`
	Codes    [2]uint8           `json:"codes"`
	Shade    string             `json:"shade"` // hides the one in base
	Ignored  string             `json:"-"`
	_        int                // no field that a program could fill
}

// season encodes itself as text.
type season int

func (s season) MarshalText() ([]byte, error) {
	if s < 0 {
		return nil, errors.New("no season")
	}
	return []byte("season-" + strconv.Itoa(int(s))), nil
}

func (s *season) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimPrefix(string(text), "season-"))
	*s = season(n)
	return err
}

func ada() person {
	big128, _ := new(big.Int).SetString("340282366920938463463374607431768211456", 10)
	return person{
		base:     base{ID: math.MaxInt64},
		Address:  &Address{Street: "St. James's Square <12>"},
		Name:     "Ada \u00e9 \U0001f600 \u2028 \x7f",
		Ratio:    1,
		Big:      big128,
		Blob:     []byte{0, 255},
		Born:     time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC),
		Key:      uuid.MustParse("12345678-9abc-4def-8123-456789abcdef"),
		Pair:     serializer.Tuple{int64(1), "x", nil},
		HTML:     "<b>",
		Tags:     map[string]float32{"z": 0.1, "a": 2},
		ByNumber: map[int]bool{10: true, 9: false},
		Any:      []any{int64(1), 1.5, "two", map[string]any{"k": nil}},
		Next:     &person{Name: "next", Born: time.Unix(0, 0).UTC(), Raw: json.RawMessage("null")},
		Quoted:   math.MaxUint64,
		Kind:     2,
		Raw:      json.RawMessage(`{"x":[1,2.0]}`),
		Codes:    [2]uint8{1, 2},
		Shade:    "blue",
	}
}

func TestStructs(t *testing.T) {
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack} {
		want := ada()
		if s == serializer.MsgPack {
			want.Big = big.NewInt(math.MinInt64)
		}
		data, err := s.Marshal(want)
		if err != nil {
			t.Fatalf("%s: %v", s.Name(), err)
		}
		var got person
		if err := s.Unmarshal(data, &got); err != nil {
			t.Fatalf("%s: %v in %s", s.Name(), err, data)
		}
		again, err := s.Marshal(got)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s: came back as\n%s, %v, want\n%s", s.Name(), again, err, data)
		}
		// Empty collections of the second person come back as they were: nil.
		if !reflect.DeepEqual(got.Pair, want.Pair) || !reflect.DeepEqual(got.Any, want.Any) || !reflect.DeepEqual(got.Tags, want.Tags) ||
			got.Big.Cmp(want.Big) != 0 || !got.Born.Equal(want.Born) || got.Key != want.Key || got.Quoted != want.Quoted || got.Kind != want.Kind {
			t.Errorf("%s: got %+v, want %+v", s.Name(), got, want)
		}
	}
}

// TestStructsAsEncodingJSON: the form of a struct is that of encoding/json, but
// for what is better.
func TestStructsAsEncodingJSON(t *testing.T) {
	type plain struct {
		base
		*Address
		B    bool    `json:"b"`
		F    float64 `json:"f"`
		S    []any   `json:"s"`
		Zero struct{}
		T    time.Time `json:"t"`
		P    *int      `json:"p"`
		M    map[string]int
		Q    int   `json:"q,string"`
		E    []int `json:",omitempty"`
		Arr  [3]int
		Raw  json.RawMessage
		N    json.Number
	}
	for _, v := range []any{
		plain{F: 1.5, S: []any{"a", nil, true}, T: time.Unix(1700000000, 5), M: map[string]int{"b": 1, "a": 2}, N: "17"},
		plain{Address: &Address{}, base: base{1, "x"}, F: -0.25, Raw: json.RawMessage(`[1,"x"]`), N: "1.5"},
		&plain{F: 1e-3, N: "0"},
		map[season]string{1: "a", 2: "b"},
		[]byte("bytes"), []byte(nil), []string(nil), map[string]any(nil), (*plain)(nil),
		[]season{1, 2}, []*season{nil}, time.Second, uint8(7), [2]byte{1, 2},
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		checkMarshal(t, serializer.JSON, v, string(want))
	}
}

func TestTypedTargets(t *testing.T) {
	id := uuid.MustParse("12345678-9abc-4def-8123-456789abcdef")
	at := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	tests := []struct {
		s    serializer.Serializer
		data string
		want any // also gives the type
	}{
		{serializer.JSON, `"AP8="`, []byte{0, 255}},
		{serializer.JSON, `"2024-02-29T12:34:56Z"`, at},
		{serializer.JSON, `"12345678-9abc-4def-8123-456789abcdef"`, id},
		{serializer.JSON, `[1,"x"]`, serializer.Tuple{int64(1), "x"}},
		{serializer.JSON, `"<b>"`, serializer.Markup("<b>")},
		{serializer.JSON, `1`, 1.0},
		{serializer.JSON, `null`, (*int)(nil)},
		{serializer.JSON, `null`, []int(nil)},
		{serializer.JSON, `5`, uint8(5)},
		{serializer.JSON, `[1,2]`, []int{1, 2}},
		{serializer.JSON, `[1,2,3]`, [2]int{1, 2}},
		{serializer.JSON, `{"1":2}`, map[int]int{1: 2}},
		{serializer.JSON, `{"season-3":2}`, map[season]int{3: 2}},
		{serializer.JSON, `"season-3"`, season(3)},
		{serializer.JSON, ` 12 `, json.Number("12")},
		{serializer.JSON, `{"a":[null]}`, json.RawMessage(`{"a":[null]}`)},
		{serializer.JSON, `"\ud83d\ude00\u00e9"`, "\U0001f600\u00e9"},
		{serializer.JSON, `"\ud83d"`, "\xed\xa0\xbd"},
		{serializer.Flask, `{" b":"AP8="}`, []byte{0, 255}},
		{serializer.Flask, `{" d":"Thu, 29 Feb 2024 12:34:56 GMT"}`, at},
		{serializer.Flask, `{" u":"123456789abc4def8123456789abcdef"}`, id},
		{serializer.Flask, `{" t":[1,"x"]}`, serializer.Tuple{int64(1), "x"}},
		{serializer.Flask, `{" t":[1,2]}`, []int{1, 2}},
		{serializer.Flask, `{" m":"<b>"}`, serializer.Markup("<b>")},
		{serializer.Flask, `{" m":"<b>"}`, "<b>"},
		{serializer.Flask, `[{" t":["message","hi"]}]`, [][2]string{{"message", "hi"}}},
		{serializer.Flask, `{" di":{" t__":5}}`, map[string]int{" t": 5}},
	}
	for _, test := range tests {
		target := reflect.New(reflect.TypeOf(test.want))
		if err := test.s.Unmarshal([]byte(test.data), target.Interface()); err != nil {
			t.Errorf("%s: %s into %T: %v", test.s.Name(), test.data, test.want, err)
		} else if got := target.Elem().Interface(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %s into %T: %v, want %v", test.s.Name(), test.data, test.want, got, test.want)
		}
	}
}

func TestUntyped(t *testing.T) {
	id := uuid.MustParse("12345678-9abc-4def-8123-456789abcdef")
	huge, _ := new(big.Int).SetString("-9223372036854775809", 10)
	want := map[string]any{
		"null": nil, "bool": true, "int": int64(-5), "big": huge, "float": 1.0, "text": "x", "list": []any{int64(1), []any{}},
		"dict":  map[string]any{" t": int64(5)},
		"bytes": []byte{0, 255}, "tuple": serializer.Tuple{"a", serializer.Tuple{}}, "markup": serializer.Markup("<b>"), "uuid": id,
		"time": time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC),
	}
	data, err := serializer.Flask.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := serializer.Flask.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s came back as\n%#v, %v, want\n%#v", data, got, err, want)
	}
}

func TestMismatch(t *testing.T) {
	tests := []struct {
		data   string
		target any
	}{
		{`1.0`, new(int)}, {`1`, new(string)}, {`"1"`, new(int)}, {`null`, new(int)}, {`null`, new(string)}, {`null`, new(person)},
		{`256`, new(uint8)}, {`-1`, new(uint)}, {`9223372036854775808`, new(int64)}, {`1e400`, new(int)},
		{`true`, new(int)}, {`[]`, new(map[string]int)}, {`{}`, new([]int)}, {`{"a":1}`, new(map[int]int)}, {`[1,"x"]`, new([]int)},
		{`"x"`, new(time.Time)}, {`"x"`, new(uuid.UUID)}, {`"x"`, new(season)}, {`1e39`, new(float32)}, {`NaN`, new(json.RawMessage)},
		{`1`, nil}, {`1`, 5}, {`1`, (*int)(nil)}, {`1`, (*any)(nil)}, {`1`, new(error)}, {`1`, new(chan int)}, {`{"name":5}`, new(person)},
	}
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask} {
		for _, test := range tests {
			if err := s.Unmarshal([]byte(test.data), test.target); !errors.Is(err, serializer.ErrType) {
				t.Errorf("%s: %s into %T: %v, want ErrType", s.Name(), test.data, test.target, err)
			}
		}
		for _, data := range []string{``, `{`, `[1,]`, `"`, `nul`, `1 2`, "\"\xff\"", strings.Repeat("[", 1000) + strings.Repeat("]", 1000)} {
			if err := s.Unmarshal([]byte(data), new(any)); !errors.Is(err, serializer.ErrCorrupt) {
				t.Errorf("%s: %.20q: %v, want ErrCorrupt", s.Name(), data, err)
			}
		}
	}
	hiddenPointer := struct{ *base }{}
	if err := serializer.JSON.Unmarshal([]byte(`{"ID":1}`), &hiddenPointer); !errors.Is(err, serializer.ErrType) {
		t.Errorf("into an embedded pointer to an unexported struct: %v, want ErrType", err)
	}
	// None is the zero time only where that cannot be written.
	if err := serializer.JSON.Unmarshal([]byte(`null`), new(time.Time)); !errors.Is(err, serializer.ErrType) {
		t.Errorf("null into a time: %v, want ErrType", err)
	}
	// Plain text does not fit bytes if the encoding has a type for bytes.
	if err := serializer.Flask.Unmarshal([]byte(`"AP8="`), new([]byte)); !errors.Is(err, serializer.ErrType) {
		t.Errorf("text into bytes: %v, want ErrType", err)
	}
}

type loop struct{ Next *loop }

func TestUnencodable(t *testing.T) {
	circle := &loop{}
	circle.Next = circle
	list := []any{nil}
	list[0] = list
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask} {
		for _, v := range []any{
			make(chan int), func() {}, complex(1, 2), []any{make(chan int)}, map[string]any{"k": func() {}}, map[float64]int{1: 1},
			map[any]int{1: 1}, circle, list, "\xff", "a\xe9", []string{"\xff"}, map[string]int{"\xff": 1}, season(-1),
			json.Number("x"), json.RawMessage("{"), new(big.Int).Exp(big.NewInt(10), big.NewInt(5000), nil), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			if data, err := s.Marshal(v); !errors.Is(err, serializer.ErrType) {
				t.Errorf("%s: %T gives %.40s, %v, want ErrType", s.Name(), v, data, err)
			}
		}
	}
}

// TestE12_Depth: what can be written as a value can be read as a part of any
// record.
func TestE12_Depth(t *testing.T) {
	formats := []serializer.Format{
		serializer.FlaskFormat, serializer.StarletteFormat, serializer.StarsessionsFormat, serializer.StarletteFlaskFormat,
		serializer.ClaimsFormat, serializer.FlaskSessionFormat, serializer.FlaskSessionJSONFormat, serializer.Native(serializer.JSON),
	}
	for _, format := range formats {
		var list, tuple, dict any = 1, 1, 1
		written := 0
		for depth := 1; depth < 600; depth++ {
			list, tuple, dict = []any{list}, serializer.Tuple{tuple}, map[string]any{" t": dict}
			if depth%50 != 0 && (depth < 160 || depth > 165) && (depth < 242 || depth > 248) && (depth < 487 || depth > 492) {
				continue // the limits are near 163, 245 and 490
			}
			for _, v := range []any{list, tuple, dict} {
				data, err := format.Serializer().Marshal(v)
				if err != nil {
					continue
				}
				written = depth
				record, err := format.Pack(&serializer.Content{Fields: []serializer.Field{{Key: " t", Value: data}}})
				if err != nil {
					t.Fatal(err)
				}
				var content serializer.Content
				if err := format.Unpack(record, &content); err != nil || len(content.Fields) != 1 {
					t.Fatalf("%s: a %T %d deep: %v", format.Name(), v, depth, err)
				}
				var back any
				if err := format.Serializer().Unmarshal(content.Fields[0].Value, &back); err != nil {
					t.Fatalf("%s: a %T %d deep: %v", format.Name(), v, depth, err)
				}
			}
		}
		if written < 200 || written > 500 {
			t.Errorf("%s: %d deep is written, want at least 200", format.Name(), written)
		}
	}
}

// TestEarlyYears: Python would read the year 2 as 2002. The zero time is None,
// and comes back.
func TestEarlyYears(t *testing.T) {
	for year, want := range map[int]error{2: serializer.ErrType, 99: serializer.ErrType, 100: nil, 1969: nil} {
		if _, err := serializer.Flask.Marshal(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, want) {
			t.Errorf("year %d: %v, want %v", year, err, want)
		}
	}
	checkMarshal(t, serializer.Flask, time.Time{}, `null`)
	back := time.Unix(1, 0)
	if err := serializer.Flask.Unmarshal([]byte(`null`), &back); err != nil || !back.IsZero() {
		t.Errorf("null reads as %v, %v, want the zero time", back, err)
	}
	checkMarshal(t, serializer.JSON, time.Time{}, `"0001-01-01T00:00:00Z"`)
}

// TestErrorsHoldNoValues: errors name types, never what was stored.
func TestErrorsHoldNoValues(t *testing.T) {
	const marker = "5ecret"
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask} {
		for _, target := range []any{new(int), new(time.Time), new(season), new(uuid.UUID), new([]int)} {
			if err := s.Unmarshal([]byte(`"`+marker+`"`), target); err == nil || strings.Contains(err.Error(), marker) {
				t.Errorf("%s into %T: %v", s.Name(), target, err)
			}
		}
		if _, err := s.Marshal(marker + "\xff"); err == nil || strings.Contains(err.Error(), marker) {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
}

func FuzzS1_Flask(f *testing.F) {
	f.Add([]byte(twentyKeys))
	f.Add([]byte(`{" di":{" t__":[1]}}`))
	f.Add([]byte(`{"a":{" t":{" b":"AA=="}},"b":{" d":"Thu, 29 Feb 2024 12:34:56 GMT"},"\u0063":{" u":"123456789abc4def8123456789abcdef"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var content, again serializer.Content
		if serializer.FlaskFormat.Unpack(data, &content) != nil {
			return
		}
		for _, field := range content.Fields {
			var v any
			if err := serializer.Flask.Unmarshal(field.Value, &v); err != nil {
				t.Fatalf("unpacked, but does not decode: %s: %v", field.Value, err)
			}
			written, err := serializer.Flask.Marshal(v)
			if err != nil {
				if strings.Contains(err.Error(), "before the year 100") || strings.Contains(err.Error(), "of this year or zone") {
					continue // a year that no HTTP date can have, in another zone
				}
				t.Fatalf("decoded, but does not encode: %s: %v", field.Value, err)
			}
			var back any
			if err := serializer.Flask.Unmarshal(written, &back); err != nil {
				t.Fatalf("%s encodes as %s, which does not decode: %v", field.Value, written, err)
			}
		}
		packed, err := serializer.FlaskFormat.Pack(&content)
		if err != nil {
			t.Fatalf("unpacked, but not packed: %v", err)
		}
		if err := serializer.FlaskFormat.Unpack(packed, &again); err != nil || len(again.Fields) != len(content.Fields) {
			t.Errorf("%s packs as %s: %v", data, packed, err)
		}
	})
}
