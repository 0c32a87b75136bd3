package serializer_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/serializer"
)

// decimal writes itself as a bare number, with all its digits.
type decimal struct{ text string }

func (d decimal) MarshalJSON() ([]byte, error)     { return []byte(d.text), nil }
func (d *decimal) UnmarshalJSON(data []byte) error { d.text = string(data); return nil }

// numeric does so with methods of a pointer only, and may be null.
type numeric struct {
	digits *big.Int
	valid  bool
}

func (n *numeric) MarshalJSON() ([]byte, error) {
	if !n.valid {
		return []byte("null"), nil
	}
	return []byte(n.digits.String()), nil
}

func (n *numeric) UnmarshalJSON(data []byte) error {
	*n = numeric{}
	if string(data) == "null" {
		return nil
	}
	n.digits, n.valid = new(big.Int).SetString(string(data), 10)
	return nil
}

// document is what JSON it is.
type document []byte

func (d document) MarshalJSON() ([]byte, error) { return d, nil }

func (d *document) UnmarshalJSON(data []byte) error {
	*d = append((*d)[:0], data...)
	return nil
}

// Types that do not come back, or not always.
type (
	masked    string             // stars only
	level     int                // text that it cannot read
	writeOnly struct{ A, B int } // its own JSON, but it is read as usual
	halfOnly  struct{ A, B int } // so too, without B
	flexible  int                // read from text too
	needsText int                // read from text only
	opaque    struct{ n int }    // nothing of it is exported
	binary    struct{ n byte }   // only MarshalBinary
	stamped   struct {           // the method is the time's
		time.Time
		Name string
	}
	shadowed struct { // Address.Street is hidden
		Address
		Street string `json:"street"`
	}
	clashing struct { // Shade is hidden in both
		One
		Other
	}
	One      struct{ Shade string }
	Other    struct{ Shade string }
	lost     struct{ *base }    // which nobody can make
	nested   struct{ *Address } // which is made
	knot     struct{ Next *knot }
	SelfMade struct {
		*SelfMade
		N int
	}
	named string
	keyed struct{ A, B uint8 } // a key by its text
)

func (masked) MarshalText() ([]byte, error)  { return []byte("***"), nil }
func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", l), nil }
func (w writeOnly) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"A":%d,"B":%d,"sum":%d}`, w.A, w.B, w.A+w.B), nil
}
func (h halfOnly) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `{"A":%d}`, h.A), nil }
func (f *flexible) UnmarshalJSON(data []byte) error {
	return json.Unmarshal([]byte(strings.Trim(string(data), `"`)), (*int)(f))
}
func (n *needsText) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, new(string)) }
func (b binary) MarshalBinary() ([]byte, error)      { return []byte{b.n}, nil }
func (b *binary) UnmarshalBinary(data []byte) error  { b.n = data[0]; return nil }
func (k keyed) MarshalText() ([]byte, error)         { return fmt.Appendf(nil, "%d-%d", k.A, k.B), nil }
func (k *keyed) UnmarshalText(text []byte) error {
	_, err := fmt.Sscanf(string(text), "%d-%d", &k.A, &k.B)
	return err
}

// The types that types are generated of.
var (
	leaves = []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[uint8](),
		reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](),
		reflect.TypeFor[[]byte](), reflect.TypeFor[any](), reflect.TypeFor[named](), reflect.TypeFor[struct{}](), reflect.TypeFor[time.Duration](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[uuid.UUID](), reflect.TypeFor[serializer.Markup](), reflect.TypeFor[serializer.Tuple](),
		reflect.TypeFor[json.Number](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[big.Int](), reflect.TypeFor[big.Rat](), reflect.TypeFor[big.Float](),
		reflect.TypeFor[netip.Addr](), reflect.TypeFor[url.URL](), reflect.TypeFor[season](), reflect.TypeFor[point](), reflect.TypeFor[decimal](),
		reflect.TypeFor[numeric](), reflect.TypeFor[document](), reflect.TypeFor[base](), reflect.TypeFor[Address](), reflect.TypeFor[nested](),
	}
	oddities = []reflect.Type{
		reflect.TypeFor[error](), reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[json.Marshaler](), reflect.TypeFor[chan int](), reflect.TypeFor[func()](), reflect.TypeFor[complex128](),
		reflect.TypeFor[masked](), reflect.TypeFor[level](), reflect.TypeFor[writeOnly](), reflect.TypeFor[halfOnly](), reflect.TypeFor[flexible](),
		reflect.TypeFor[needsText](), reflect.TypeFor[opaque](), reflect.TypeFor[binary](), reflect.TypeFor[stamped](), reflect.TypeFor[shadowed](),
		reflect.TypeFor[clashing](), reflect.TypeFor[lost](), reflect.TypeFor[knot](), reflect.TypeFor[SelfMade](), reflect.TypeFor[sync.Mutex](),
		reflect.TypeFor[mark](), reflect.TypeFor[span](), reflect.TypeFor[url.Userinfo](),
	}
	keys = []reflect.Type{
		reflect.TypeFor[string](), reflect.TypeFor[named](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint64](), reflect.TypeFor[season](),
		reflect.TypeFor[keyed](), reflect.TypeFor[uuid.UUID](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[masked](), reflect.TypeFor[level](),
		reflect.TypeFor[float64](), reflect.TypeFor[bool](), reflect.TypeFor[any](), reflect.TypeFor[Address](), reflect.TypeFor[*season](), reflect.TypeFor[[2]int](),
	}
	tags  = []string{"", "", "", `json:"-"`, `json:",omitempty"`, `json:",omitzero"`, `json:",string"`, `json:" t"`, `json:"x,omitempty"`}
	texts = []string{
		"", "a", "Ada \u00e9 \U0001f600", "<b>&\u2028\x7f", "\x00\n\"\\", " t", " di", " t__", "null", "1", "-0", "\xff", "\xed\xa0\xbd", "\xed\xa0\xbd\xed\xb8\x80", "e\u0301",
	}
	numbers = []string{
		"0", "-0", "1", "-17", "1.0", "1.10", "0.1", "1e5", "1E+5", "1e400", "-1e-400", "12345678901234567890.123456789", "0.1000000000000000055511151231257827",
		"18446744073709551616", "9007199254740993", "123456.789012", "0.00001", "1e16", "10000000000000000.0", "-0.0", "3.14159265358979323846264338327950288",
	}
)

// generator makes types and values from a stream of random numbers.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }

func (g generator) typ(depth int) reflect.Type {
	n := g.IntN(16)
	if depth <= 0 {
		n %= 9
	}
	switch {
	case n < 8:
		return pick(g, leaves)
	case n < 9:
		return pick(g, oddities)
	case n < 10:
		return reflect.SliceOf(g.typ(depth - 1))
	case n < 11:
		return reflect.ArrayOf(g.IntN(3), g.typ(depth-1))
	case n < 12:
		return reflect.PointerTo(g.typ(depth - 1))
	case n < 13:
		return reflect.MapOf(pick(g, keys), g.typ(depth-1))
	}
	fields := make([]reflect.StructField, g.IntN(5))
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: g.typ(depth - 1), Tag: reflect.StructTag(pick(g, tags))}
	}
	return reflect.StructOf(fields)
}

// value fills v, a variable, with something; now and then it stays as it is.
func (g generator) value(v reflect.Value, depth int) {
	if g.IntN(8) == 0 {
		return
	}
	if g.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(g.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(g.Uint64()) >> g.IntN(64))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(g.Uint64() >> g.IntN(64))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(pick(g, []float64{0, math.Copysign(0, -1), 1, 0.1, 1e16, 1e-7, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1), g.NormFloat64()}))
	case reflect.Complex128:
		v.SetComplex(1i)
	case reflect.String:
		v.SetString(pick(g, texts))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), g.IntN(4), 4))
		for i := range v.Len() {
			g.value(v.Index(i), depth-1)
		}
	case reflect.Array:
		for i := range v.Len() {
			g.value(v.Index(i), depth-1)
		}
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			g.value(v.Elem(), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range g.IntN(4) {
			key, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			g.value(key, depth-1)
			g.value(item, depth-1)
			if key.Comparable() {
				v.SetMapIndex(key, item)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				g.value(v.Field(i), depth-1)
			}
		}
	case reflect.Chan:
		v.Set(reflect.MakeChan(v.Type(), 0))
	}
}

// special fills what has no exported fields, or takes only some values.
func (g generator) special(v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *any:
		*p = g.untyped(2)
	case *serializer.Tuple:
		*p = make(serializer.Tuple, g.IntN(3))
		for i := range *p {
			(*p)[i] = g.untyped(1)
		}
	case *error:
		*p = fmt.Errorf("an error")
	case *fmt.Stringer:
		*p = time.Second
	case *json.Marshaler:
		*p = decimal{"1"}
	case *time.Time:
		zone := pick(g, []*time.Location{time.UTC, time.Local, time.FixedZone("", 3600), time.FixedZone("X", -1800), time.FixedZone("LMT", 3208), time.FixedZone("far", 30*3600)})
		*p = time.Unix(int64(g.Uint64())>>(20+g.IntN(44)), g.Int64N(1e9)).In(zone)
	case *stamped:
		p.Time, p.Name = time.Unix(int64(g.Uint32()), g.Int64N(1e9)).UTC(), pick(g, texts)
	case *uuid.UUID:
		p[g.IntN(16)] = byte(g.Uint32())
	case *json.Number:
		*p = json.Number(pick(g, numbers))
	case *json.RawMessage:
		*p = json.RawMessage(g.document())
	case *document:
		*p = document(g.document())
	case *decimal:
		p.text = pick(g, numbers)
	case *numeric:
		p.digits, p.valid = big.NewInt(int64(g.Uint64())), true
	case *big.Int:
		p.Lsh(big.NewInt(int64(g.Uint64())), uint(g.IntN(80)))
	case *big.Rat:
		p.SetFrac64(int64(g.Uint64()), g.Int64N(1000)+1)
	case *big.Float:
		p.SetPrec(uint(1+g.IntN(200))).Quo(big.NewFloat(1), big.NewFloat(float64(1+g.IntN(10))))
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{127, 0, 0, byte(g.Uint32())})
	case *url.URL:
		p.Host, p.Path = "example.com", pick(g, texts)
		if g.IntN(4) == 0 {
			p.User = url.User("ada")
		}
	case *url.Userinfo:
		*p = *url.User("ada")
	case *opaque:
		p.n = g.IntN(2)
	case *binary:
		p.n = byte(g.IntN(2))
	case *sync.Mutex:
		if g.IntN(2) == 0 {
			p.Lock()
		}
	case *lost:
		p.base = &base{ID: 1}
	case *nested:
		p.Address = &Address{Street: pick(g, texts)}
	default:
		return false
	}
	return true
}

// document makes JSON, sometimes of a kind that cannot come back.
func (g generator) document() string {
	number := pick(g, numbers)
	return pick(g, []string{"null", number, `{"b":` + number + `,"a":[1, "x"]}`, `[` + number + `]`, `{"a":1,"a":2}`, `"\u00e9\ud83d\ude00"`, `"\ud800"`, `NaN`, `{`, `{" t":5}`, ` 1 `, ``})
}

// untyped makes what a variable without a type can receive.
func (g generator) untyped(depth int) any {
	switch n := g.IntN(9); {
	case n == 0:
		return nil
	case n == 1:
		return g.IntN(2) == 0
	case n == 2:
		return int64(g.Uint64())
	case n == 3:
		return new(big.Int).Lsh(big.NewInt(1), 64)
	case n == 4:
		return g.NormFloat64()
	case n < 7 || depth <= 0:
		return pick(g, texts)
	case n == 7:
		list := make([]any, g.IntN(3))
		for i := range list {
			list[i] = g.untyped(depth - 1)
		}
		return list
	}
	dict := map[string]any{}
	for range g.IntN(3) {
		dict[pick(g, texts)] = g.untyped(depth - 1)
	}
	return dict
}
