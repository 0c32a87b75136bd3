package serializer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/serializer"
)

var everyFormat = []serializer.Format{
	serializer.FlaskFormat, serializer.StarletteFormat, serializer.StarsessionsFormat, serializer.StarletteFlaskFormat,
	serializer.ClaimsFormat, serializer.FlaskSessionFormat, serializer.FlaskSessionJSONFormat,
	serializer.Native(serializer.JSON), serializer.Native(serializer.Flask), serializer.Native(serializer.MsgPack),
}

// TestWhatIsAcceptedComesBack: what can be written as a value comes back from a
// record as it was, but for what comesBack says; anything else is refused as
// ErrType.
func TestWhatIsAcceptedComesBack(t *testing.T) {
	rounds := 6000
	if testing.Short() {
		rounds = 600
	}
	accepted, refused := 0, 0
	for seed := range rounds {
		ok, err := roundTrip(t, uint64(seed))
		accepted, refused = accepted+ok, refused+err
	}
	if accepted < 2*rounds || refused < rounds {
		t.Errorf("%d values accepted and %d refused in %d rounds: the test says little", accepted, refused, rounds)
	}
}

func FuzzWhatIsAcceptedComesBack(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { roundTrip(t, seed) })
}

// roundTrip tries one value of one type in every format.
func roundTrip(t *testing.T, seed uint64) (accepted, refused int) {
	t.Helper()
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	typ := g.typ(3)
	want := reflect.New(typ).Elem()
	g.value(want, 5)
	for _, format := range everyFormat {
		s := format.Serializer()
		v := want.Interface()
		if typ.Kind() == reflect.Interface {
			v = want.Addr().Interface() // as a Key of this type has it
		}
		data, err := s.Marshal(v)
		if err != nil {
			refused++
			if !errors.Is(err, serializer.ErrType) {
				t.Errorf("seed %d: %s: %v: %v, want ErrType", seed, format.Name(), typ, err)
			}
			continue
		}
		accepted++
		record, err := format.Pack(&serializer.Content{Fields: []serializer.Field{{Key: "key", Value: data}}})
		var content serializer.Content
		if err == nil {
			err = format.Unpack(record, &content)
		}
		back := reflect.New(typ)
		if err == nil {
			err = s.Unmarshal(content.Fields[0].Value, back.Interface())
		}
		if err != nil {
			t.Fatalf("seed %d: %s: %v: %#v is written %s and does not come back: %v", seed, format.Name(), typ, want, data, err)
		}
		if !comesBack(want, back.Elem(), format.Name()) {
			t.Fatalf("seed %d: %s: %v: %s comes back as\n%#v, want\n%#v", seed, format.Name(), typ, data, back.Elem(), want)
		}
	}
	return accepted, refused
}

// comesBack reports whether got is want. What may differ is documented at
// serializer.Serializer: the precision and the zone of times, fields that are
// not exported or that a tag leaves out, pointers to null, the spelling of
// JSON, the precision of a big.Float.
func comesBack(want, got reflect.Value, format string) bool {
	if same, known := sameSpecial(want, got, format); known {
		return same
	}
	switch want.Kind() {
	case reflect.Float32, reflect.Float64:
		w, g := want.Float(), got.Float()
		return w == g && math.Signbit(w) == math.Signbit(g) || math.IsNaN(w) && math.IsNaN(g)
	case reflect.Pointer:
		if want.IsNil() || got.IsNil() {
			return got.IsNil() && (want.IsNil() || isNull(want.Elem(), format))
		}
		return comesBack(want.Elem(), got.Elem(), format)
	case reflect.Slice, reflect.Array:
		if want.Len() != got.Len() || want.Kind() == reflect.Slice && want.IsNil() != got.IsNil() {
			return false
		}
		for i := range want.Len() {
			if !comesBack(want.Index(i), got.Index(i), format) {
				return false
			}
		}
		return true
	case reflect.Map:
		if want.Len() != got.Len() || want.IsNil() != got.IsNil() {
			return false
		}
		for iter := want.MapRange(); iter.Next(); {
			if item := got.MapIndex(iter.Key()); !item.IsValid() || !comesBack(iter.Value(), item, format) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range want.NumField() {
			field := want.Type().Field(i)
			_, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case !field.IsExported() && !field.Anonymous, field.Tag.Get("json") == "-":
			case options != "" && options != "string" && got.Field(i).IsZero() && isLeftOut(want.Field(i)):
			case !comesBack(want.Field(i), got.Field(i), format):
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(want.Interface(), got.Interface())
}

// sameSpecial compares types that know better what is the same.
func sameSpecial(want, got reflect.Value, format string) (same, known bool) {
	if !want.CanInterface() {
		return true, false
	}
	switch w := want.Interface().(type) {
	case time.Time:
		g := got.Interface().(time.Time)
		if w.Equal(g) {
			return true, true
		}
		switch format {
		case "flask", "native-flask":
			w = w.Add(-time.Duration(w.Nanosecond()))
		case "flask-session-json":
			w = w.Add(-time.Duration(w.Nanosecond() % 1000))
		}
		return w.Equal(g), true
	case big.Int:
		g := got.Interface().(big.Int)
		return w.Cmp(&g) == 0, true
	case big.Rat:
		g := got.Interface().(big.Rat)
		return w.Cmp(&g) == 0, true
	case big.Float:
		g := got.Interface().(big.Float)
		return w.Cmp(&g) == 0, true
	case numeric:
		g := got.Interface().(numeric)
		return w.valid == g.valid && (!w.valid || w.digits.Cmp(g.digits) == 0), true
	case json.RawMessage:
		return sameDocument(w, got.Bytes()), true
	case document:
		return sameDocument(w, got.Bytes()), true
	case decimal, point, opaque, binary, writeOnly, halfOnly:
		return reflect.DeepEqual(w, got.Interface()), true
	}
	return false, false
}

// sameDocument compares JSON number for number, digit by digit.
func sameDocument(want, got []byte) bool {
	if want == nil && got != nil { // not so for a field that is not stored
		want = []byte("null")
	}
	if got == nil {
		return want == nil
	}
	var w, g any
	for data, v := range map[*any][]byte{&w: want, &g: got} {
		d := json.NewDecoder(bytes.NewReader(v))
		d.UseNumber()
		if d.Decode(data) != nil {
			return false
		}
	}
	return reflect.DeepEqual(w, g)
}

// isNull reports whether v is stored as null.
func isNull(v reflect.Value, format string) bool {
	switch x := v.Interface().(type) {
	case json.Number:
		return x == ""
	case json.RawMessage:
		return x == nil || strings.TrimSpace(string(x)) == "null"
	case document:
		return x == nil || strings.TrimSpace(string(x)) == "null"
	case numeric:
		return !x.valid
	case time.Time:
		return x.IsZero() && strings.HasSuffix(format, "flask")
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || isNull(v.Elem(), format)
	case reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	return false
}

// isLeftOut reports whether the tags omitempty and omitzero may leave v out.
func isLeftOut(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem() // whose methods a pointer has
		return v.Type().Name() != "" && isLeftOut(v)
	}
	pointer := reflect.New(v.Type())
	pointer.Elem().Set(v)
	if z, ok := pointer.Interface().(interface{ IsZero() bool }); ok && z.IsZero() {
		return true
	}
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 || v.Kind() == reflect.Map && v.Len() == 0 || v.Kind() == reflect.Array && v.Len() == 0
}
