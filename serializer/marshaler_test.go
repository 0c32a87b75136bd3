package serializer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// point encodes itself as JSON, by a pointer.
type point struct{ X, Y int }

func (p *point) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d,%d]", p.X, p.Y), nil }

func (p *point) UnmarshalJSON(data []byte) error {
	var xy [2]int
	if err := json.Unmarshal(data, &xy); err != nil {
		return err
	}
	p.X, p.Y = xy[0], xy[1]
	return nil
}

// faulty encodes itself badly.
type faulty string

func (f faulty) MarshalJSON() ([]byte, error) {
	if f == "" {
		return nil, errors.New("no")
	}
	return []byte(f), nil
}

// span is zero in its own opinion.
type span struct{ From, To int }

func (s span) IsZero() bool { return s.From == s.To }

type mark struct{ N int }

func (m *mark) IsZero() bool { return m.N < 0 }

func TestMarshalers(t *testing.T) {
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack} {
		want := []*point{{1, 2}, nil, {3, 4}}
		data, err := s.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got []*point
		if err := s.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q comes back as %v, %v", s.Name(), data, got, err)
		}
		for _, v := range []any{faulty(""), faulty("{"), faulty("\xff")} {
			if _, err := s.Marshal(v); !errors.Is(err, serializer.ErrType) {
				t.Errorf("%s: %v, want ErrType", s.Name(), err)
			}
		}
		if err := s.Unmarshal(mustMarshal(t, s, "x"), new(point)); !errors.Is(err, serializer.ErrType) {
			t.Errorf("%s: %v, want ErrType", s.Name(), err)
		}
	}
}

func mustMarshal(t *testing.T, s serializer.Serializer, v any) []byte {
	t.Helper()
	data, err := s.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFieldTags: tags mean what they mean to encoding/json.
func TestFieldTags(t *testing.T) {
	type inner struct {
		A string
		B string
	}
	type other struct {
		A string // with inner's: neither
		C string
	}
	type fields struct {
		inner
		other
		B       string    `json:"renamed"`
		Empty   string    `json:"empty,omitempty"`
		List    []int     `json:",omitempty"`
		Number  int       `json:"number,omitempty"`
		Pointer *int      `json:"pointer,omitempty"`
		Struct  inner     `json:"struct,omitempty"`
		Span    span      `json:"span,omitzero"`
		Mark    mark      `json:"mark,omitzero"`
		Time    time.Time `json:"time,omitzero"`
		Zero    int       `json:"zero,omitzero"`
		Skipped int       `json:"-"`
		Bool    bool      `json:",string"`
		Quote   string    `json:",string"`
		Float   *float64  `json:",string"`
		Map     map[string]int
		Iface   any
	}
	half := 0.5
	for _, v := range []any{
		fields{}, &fields{}, fields{Float: &half, Span: span{1, 2}, Mark: mark{-1}, Quote: `q"`},
		&fields{Float: &half, Span: span{1, 2}, Mark: mark{-1}, inner: inner{B: "b"}, Time: time.Unix(1, 0).UTC(), Iface: []any{1, "x"}},
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got := mustMarshal(t, serializer.JSON, v)
		if string(got) != string(want) {
			t.Errorf("%+v is written\n%s, want\n%s", v, got, want)
		}
		back, wantBack := &fields{}, &fields{}
		if err := json.Unmarshal(want, wantBack); err != nil {
			t.Fatal(err)
		}
		if err := serializer.JSON.Unmarshal(got, back); err != nil || back.B != wantBack.B || back.Quote != wantBack.Quote || back.Bool != wantBack.Bool ||
			!reflect.DeepEqual(back.Float, wantBack.Float) || back.inner != wantBack.inner || back.Span != wantBack.Span {
			t.Errorf("%s comes back as %+v, %v, want %+v", got, back, err, wantBack)
		}
	}
}

// TestE12_NamesMatchExactly: only exact names fit, whatever encoding/json
// thinks.
func TestE12_NamesMatchExactly(t *testing.T) {
	var got struct {
		Admin bool `json:"admin"`
	}
	if err := serializer.JSON.Unmarshal([]byte(`{"ADMIN":true,"Admin":true}`), &got); err != nil || got.Admin {
		t.Errorf("%+v, %v, want the field left alone", got, err)
	}
}

// TestFloat32: a float32 has the digits that it prints, not those of its
// neighbor.
func TestFloat32(t *testing.T) {
	for f, want := range map[float32]string{0.1: "0.1", 1: "1.0", 3.4028235e38: "3.4028235e+38", float32(math.Inf(1)): "Infinity"} {
		data := mustMarshal(t, serializer.JSON, f)
		var back float32
		if err := serializer.JSON.Unmarshal(data, &back); string(data) != want || err != nil || back != f {
			t.Errorf("%v is written %s, comes back as %v, %v, want %s", f, data, back, err, want)
		}
	}
}

// TestMarkupOfScalars: Flask makes markup of whatever a tag holds.
func TestMarkupOfScalars(t *testing.T) {
	for data, want := range map[string]string{
		`5`: "5", `-1.50`: "-1.5", `1e16`: "1e+16", `NaN`: "nan", `-Infinity`: "-inf", `true`: "True", `false`: "False", `null`: "None",
		`{" u":"123456789abc4def8123456789abcdef"}`: "12345678-9abc-4def-8123-456789abcdef", `{" m":"x"}`: "x",
		`{" d":"Thu, 29 Feb 2024 12:34:56 GMT"}`: "2024-02-29 12:34:56+00:00", `"\ud83d\ude00"`: "\U0001f600",
	} {
		var got any
		if err := serializer.Flask.Unmarshal([]byte(`{" m":`+data+`}`), &got); err != nil || got != serializer.Markup(want) {
			t.Errorf("markup of %s is %v, %v, want %q", data, got, err, want)
		}
	}
	for _, data := range []string{`[1]`, `{}`, `{" t":[]}`, `{" b":""}`} {
		if err := serializer.Flask.Unmarshal([]byte(`{" m":`+data+`}`), new(any)); !errors.Is(err, serializer.ErrCorrupt) {
			t.Errorf("markup of %s: %v, want ErrCorrupt", data, err)
		}
	}
	if long := strings.Repeat("9", 5000); serializer.Flask.Unmarshal([]byte(long), new(any)) == nil {
		t.Error("5000 digits are an int")
	}
}
