package serializer_test

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/serializer"
)

// foreign is a serializer that is not of this package.
type foreign struct{ serializer.Serializer }

var scalarSerializers = []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack}

// sameScalar fails the test unless AppendScalar and DecodeScalar do what Marshal and
// Unmarshal do. It reports whether AppendScalar has encoded v.
func sameScalar(t *testing.T, s serializer.Serializer, v any) bool {
	t.Helper()
	want, refusal := s.Marshal(v)
	data, ok := serializer.AppendScalar(s, append(make([]byte, 0, 100), "before"...), v)
	if !bytes.HasPrefix(data, []byte("before")) && ok {
		t.Errorf("%s: AppendScalar(%T) overwrites dst", s.Name(), v)
	}
	if ok && (refusal != nil || string(data) != "before"+string(want)) {
		t.Errorf("%s: AppendScalar(%T %v): %q; Marshal: %q, %v", s.Name(), v, v, data, want, refusal)
	}
	if refusal != nil {
		return ok
	}
	for _, target := range []func() any{
		func() any { return new(bool) }, func() any { return new(int) }, func() any { return new(int64) }, func() any { return new(float64) },
		func() any { return new(string) }, func() any { return new(any) }, func() any { return new(int8) },
	} {
		fast, slow := target(), target()
		decoded := serializer.DecodeScalar(s, want, fast)
		if err := s.Unmarshal(want, slow); decoded && (err != nil || !reflect.DeepEqual(fast, slow) && v == v) {
			t.Errorf("%s: DecodeScalar of %q into %T differs from Unmarshal: %v", s.Name(), want, fast, err)
		}
		if reflect.TypeOf(v) == reflect.TypeOf(fast).Elem() && ok && !decoded {
			t.Errorf("%s: DecodeScalar does not decode %q into its own type %T", s.Name(), want, v)
		}
		if !decoded && !reflect.ValueOf(fast).Elem().IsZero() {
			t.Errorf("%s: DecodeScalar refuses %q and changes its target", s.Name(), want)
		}
	}
	return ok
}

func TestScalars(t *testing.T) {
	for _, s := range scalarSerializers {
		for _, v := range []any{
			true, false, 0, -1, math.MaxInt, int64(math.MinInt64), 0.5, math.Copysign(0, -1), 1e300, math.Inf(1), math.NaN(), "", "ada", "\"quoted\"\n", "é€😀",
			strings.Repeat("x", 90), strings.Repeat("\x01", 70),
		} {
			if !sameScalar(t, s, v) {
				t.Errorf("%s: AppendScalar does not encode %T %v", s.Name(), v, v)
			}
		}
		for _, v := range []any{nil, int8(1), uint(1), []byte("x"), serializer.Markup("x"), []int{1}, struct{}{}, "\xff", strings.Repeat("x", 93)} {
			if sameScalar(t, s, v) {
				t.Errorf("%s: AppendScalar encodes %T", s.Name(), v)
			}
		}
		if _, ok := serializer.AppendScalar(foreign{s}, make([]byte, 0, 100), 1); ok {
			t.Error("AppendScalar encodes for a serializer that it does not know")
		}
		var n int
		if serializer.DecodeScalar(foreign{s}, []byte("1"), &n) {
			t.Error("DecodeScalar decodes for a serializer that it does not know")
		}
		if serializer.DecodeScalar(s, []byte("\xc1"), &n) || serializer.DecodeScalar(s, nil, &n) {
			t.Errorf("%s: DecodeScalar decodes what is damaged", s.Name())
		}
	}
}

func TestB11_ScalarsStayOnTheStack(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, s := range scalarSerializers {
		n := 1000
		got := testing.AllocsPerRun(100, func() {
			var room [48]byte
			data, ok := serializer.AppendScalar(s, room[:0], n)
			var m int
			if !ok || !serializer.DecodeScalar(s, append([]byte(nil), data...), &m) || m != n {
				t.Fatal("the number does not come back")
			}
			n++
		})
		if got > 1 { // the copy of the data
			t.Errorf("%s: %v allocations, want 1", s.Name(), got)
		}
	}
}

func FuzzScalars(f *testing.F) {
	f.Add("ada", int64(1), 0.5)
	f.Add("\"\\\u2028\xed\xa0\x80", int64(math.MinInt64), math.Inf(-1))
	f.Fuzz(func(t *testing.T, text string, n int64, x float64) {
		for _, s := range scalarSerializers {
			for _, v := range []any{text, n, int(n), x, n > 0} {
				sameScalar(t, s, v)
			}
		}
	})
}
