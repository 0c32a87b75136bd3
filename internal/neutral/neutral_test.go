package neutral_test

import (
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/serializer"
)

var huge, _ = new(big.Int).SetString("123456789012345678901234567890", 10)

func TestRoundTrip(t *testing.T) {
	tests := []struct {
		value any
		form  string
	}{
		{nil, `{"t":"null"}`},
		{true, `{"t":"bool","v":true}`},
		{false, `{"t":"bool","v":false}`},
		{int64(-7), `{"t":"int","v":"-7"}`},
		{huge, `{"t":"int","v":"123456789012345678901234567890"}`},
		{1.0, `{"t":"float","v":"1.0","bits":"3ff0000000000000"}`},
		{1e16, `{"t":"float","v":"1e+16","bits":"4341c37937e08000"}`},
		{1e-5, `{"t":"float","v":"1e-05","bits":"3ee4f8b588e368f1"}`},
		{math.Copysign(0, -1), `{"t":"float","v":"-0.0","bits":"8000000000000000"}`},
		{math.Inf(-1), `{"t":"float","v":"-inf","bits":"fff0000000000000"}`},
		{"<é>", `{"t":"str","v":"<\u00e9>"}`},
		{"", `{"t":"str","v":""}`},
		{[]byte{0, 255}, `{"t":"bytes","v":"AP8="}`},
		{serializer.Markup("<b>"), `{"t":"markup","v":"<b>"}`},
		{uuid.MustParse("12345678-9abc-4def-8123-456789abcdef"), `{"t":"uuid","v":"12345678-9abc-4def-8123-456789abcdef"}`},
		{time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC), `{"t":"datetime","v":"2024-02-29T12:34:56+00:00"}`},
		{time.Date(2024, 2, 29, 12, 34, 56, 5e8, time.UTC), `{"t":"datetime","v":"2024-02-29T12:34:56.500000+00:00"}`},
		{[]any{}, `{"t":"list","v":[]}`},
		{serializer.Tuple{"a", []any{nil}}, `{"t":"tuple","v":[{"t":"str","v":"a"},{"t":"list","v":[{"t":"null"}]}]}`},
		{map[string]any{}, `{"t":"dict","v":[]}`},
		{map[string]any{"b": "2", "a": int64(1)}, `{"t":"dict","v":[["a",{"t":"int","v":"1"}],["b",{"t":"str","v":"2"}]]}`},
	}
	for _, test := range tests {
		form, err := neutral.Of(test.value)
		if err != nil || form.String() != test.form {
			t.Errorf("%#v: got %s, %v, want %s", test.value, form, err, test.form)
			continue
		}
		back, err := form.Go()
		if now, ok := test.value.(time.Time); ok && err == nil {
			if !now.Equal(back.(time.Time)) {
				t.Errorf("%s: got %v, want %v", form, back, now)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(back, test.value) {
			t.Errorf("%s: got %#v, %v, want %#v", form, back, err, test.value)
		}
	}
}

func TestEqual(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{`{"t":"int","v":"1"}`, `{"t":"int","v":"1"}`, true},
		{`{"t":"int","v":"1"}`, `{"t":"float","v":"1.0"}`, false},
		{`{"t":"int","v":"1"}`, `{"t":"str","v":"1"}`, false},
		{`{"t":"bool","v":true}`, `{"t":"bool","v":false}`, false},
		{`{"t":"float","v":"0.1"}`, `{"t":"float","v":"0.1","bits":"3fb999999999999a"}`, true},
		{`{"t":"float","v":"0.0"}`, `{"t":"float","v":"-0.0"}`, false},
		{`{"t":"float","v":"nan","bits":"7ff8000000000000"}`, `{"t":"float","v":"nan","bits":"fff8000000000001"}`, true},
		{`{"t":"list","v":[]}`, `{"t":"tuple","v":[]}`, false},
		{`{"t":"list","v":[{"t":"int","v":"1"},{"t":"int","v":"2"}]}`, `{"t":"list","v":[{"t":"int","v":"2"},{"t":"int","v":"1"}]}`, false},
		{`{"t":"dict","v":[["a",{"t":"null"}],["b",{"t":"null"}]]}`, `{"t":"dict","v":[["b",{"t":"null"}],["a",{"t":"null"}]]}`, true},
		{`{"t":"dict","v":[[{"t":"int","v":"1"},{"t":"null"}]]}`, `{"t":"dict","v":[["1",{"t":"null"}]]}`, false},
		{`{"t":"dict","v":[[{"t":"float","v":"nan","bits":"7ff8000000000000"},{"t":"int","v":"1"}],[{"t":"float","v":"nan","bits":"fff8000000000001"},{"t":"int","v":"2"}]]}`, `{"t":"dict","v":[[{"t":"float","v":"nan","bits":"7ff8000000000000"},{"t":"int","v":"2"}],[{"t":"float","v":"nan","bits":"fff8000000000001"},{"t":"int","v":"1"}]]}`, true},
		{`{"t":"dict","v":[[{"t":"float","v":"nan","bits":"7ff8000000000000"},{"t":"int","v":"1"}],[{"t":"float","v":"nan","bits":"fff8000000000001"},{"t":"int","v":"2"}]]}`, `{"t":"dict","v":[[{"t":"float","v":"nan","bits":"7ff8000000000000"},{"t":"int","v":"1"}],[{"t":"float","v":"nan","bits":"fff8000000000001"},{"t":"int","v":"1"}]]}`, false},
		{`{"t":"dict","v":[[{"t":"float","v":"nan","bits":"7ff8000000000000"},{"t":"int","v":"1"}],[{"t":"float","v":"nan","bits":"fff8000000000001"},{"t":"int","v":"1"}]]}`, `{"t":"dict","v":[[{"t":"float","v":"nan","bits":"7ff8000000000000"},{"t":"int","v":"1"}],[{"t":"float","v":"nan","bits":"fff8000000000001"},{"t":"int","v":"2"}]]}`, false},
		{`{"t":"datetime","v":"2024-01-01T00:00:00+00:00"}`, `{"t":"datetime","v":"2024-01-01T00:00:00Z"}`, true},
		{`{"t":"datetime","v":"2024-01-01T00:00:00+00:00"}`, `{"t":"datetime","v":"2024-01-01T00:00:00"}`, false},
		{`{"t":"datetime","v":"2024-01-01T02:00:00+02:00"}`, `{"t":"datetime","v":"2024-01-01T00:00:00+00:00"}`, false},
		{`{"t":"str","u16":"d800"}`, `{"t":"str","u16":"d800"}`, true},
		{`{"t":"str","u16":"d800"}`, `{"t":"str","v":"d800"}`, false},
		{`junk`, `junk`, false},
		{`{}`, `{}`, false},
	}
	for _, test := range tests {
		if got := neutral.Form(test.a).Equal(neutral.Form(test.b)); got != test.want {
			t.Errorf("%s and %s: got %t, want %t", test.a, test.b, got, test.want)
		}
	}
}

// TestPythonValues: a Python value comes through whole: order, naive times,
// lone surrogates.
func TestPythonValues(t *testing.T) {
	for _, form := range []string{
		`{"t":"null"}`, `{"t":"bool","v":true}`, `{"t":"int","v":"-123456789012345678901234567890"}`, `{"t":"int","v":"7"}`,
		`{"t":"float","v":"nan","bits":"7ff8000000000001"}`, `{"t":"float","v":"1e-07","bits":"3e7ad7f29abcaf48"}`,
		`{"t":"str","v":"\u00e9 <"}`, `{"t":"str","u16":"d800"}`, `{"t":"str","u16":"0061dc00d83dde00d83d"}`,
		`{"t":"bytes","v":"AP8="}`, `{"t":"markup","v":"<b>"}`, `{"t":"uuid","v":"12345678-9abc-4def-8123-456789abcdef"}`,
		`{"t":"datetime","v":"2024-02-29T12:34:56"}`, `{"t":"datetime","v":"2024-02-29T12:34:56.500000+02:00"}`,
		`{"t":"list","v":[{"t":"tuple","v":[]}]}`,
		strings.Repeat(`{"t":"dict","v":[["a",`, pyjson.MaxDepth) + `{"t":"int","v":"` + strings.Repeat("9", pyjson.MaxDigits) + `"}` + strings.Repeat(`]]}`, pyjson.MaxDepth),
		`{"t":"dict","v":[["b",{"t":"null"}],["a",{"t":"null"}],[{"t":"int","v":"1"},{"t":"null"}],[{"t":"str","u16":"d800"},{"t":"null"}]]}`,
	} {
		v, err := neutral.Parse([]byte(form))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if back := neutral.Append(nil, &v); string(back) != form {
			t.Errorf("%s: came back as %s", form, back)
		}
	}
	for _, form := range []string{
		``, `{"t":"int","v":"1x"}`, `{"t":"int","v":"-"}`, `{"t":"int","v":"` + strings.Repeat("9", pyjson.MaxDigits+1) + `"}`,
		strings.Repeat(`{"t":"list","v":[`, 2*pyjson.MaxDepth) + strings.Repeat(`]}`, 2*pyjson.MaxDepth),
		`{"t":"uuid","v":"x"}`, `{"t":"datetime","v":"x"}`,
		`{"t":"bytes","v":"?"}`, `{"t":"str","u16":"d8"}`, `{"t":"decimal","v":"1"}`, `{"t":"list","v":[{}]}`,
		`{"t":"dict","v":[["a"]]}`, `{"t":"dict","v":[["a",{"t":"x","v":"y"}]]}`,
	} {
		if v, err := neutral.Parse([]byte(form)); err == nil {
			t.Errorf("%s: got %+v, want an error", form, v)
		}
	}
}

func TestGoRefuses(t *testing.T) {
	for _, form := range []string{
		``, `{}`, `{"t":"int","v":"x"}`, `{"t":"int","v":1}`, `{"t":"bool"}`, `{"t":"str","u16":"d800"}`,
		`{"t":"dict","v":[[{"t":"int","v":"1"},{"t":"null"}]]}`, `{"t":"set","v":[]}`,
		`{"t":"list","v":[{"t":"uuid","v":"x"}]}`, `{"t":"datetime","v":"yesterday"}`,
	} {
		if v, err := neutral.Form(form).Go(); err == nil {
			t.Errorf("%s: got %v, want an error", form, v)
		}
	}
	for _, v := range []any{struct{}{}, "\xff", []any{struct{}{}}, map[string]any{"a": "\xff"}, map[string]any{"\xff": 1}} {
		if form, err := neutral.Of(v); err == nil {
			t.Errorf("%v: got %s, want an error", v, form)
		}
	}
}
