package serializer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// TestNumbersAreExact: a number that a type writes has the digits that it
// wrote, or is refused where Python, or a float64, would give it others.
func TestNumbersAreExact(t *testing.T) {
	tests := []struct {
		text            string
		python, msgpack bool // whether they hold it
	}{
		{"1.5", true, true}, {"-17", true, true}, {"9007199254740993", true, true}, {"0.1", true, true},
		{"1.10", true, false}, {"1e5", true, false}, {"100.00", true, false}, {"1.0E+2", true, false}, {"0.00", true, false},
		{"18446744073709551616", true, false}, {"-9223372036854775809", true, false},
		{"12345678901234567890.5", false, false}, {"0.1000000000000000055511151231257827", false, false}, {"123456789.123456789", false, false}, {"123456.789012", true, true},
		{"1e400", false, false}, {"-1e400", false, false}, {"1e-400", false, false}, {"3.14159265358979323846", false, false}, {"1e99999999999", false, false},
	}
	for _, test := range tests {
		for _, format := range everyFormat {
			s := format.Serializer()
			want := test.python
			switch {
			case s == serializer.JSON:
				want = true
			case s == serializer.MsgPack:
				want = test.msgpack
			}
			number, raw, own := json.Number(test.text), json.RawMessage(`[`+test.text+`]`), decimal{test.text}
			for _, v := range []any{number, raw, own, []json.Number{number}, map[string]decimal{"a": own}, quoted{number}} {
				data, err := s.Marshal(v)
				_, isQuoted := v.(quoted)
				if (err == nil) != (want || isQuoted) {
					t.Errorf("%s: %T of %s: %s, %v, want it accepted: %t", format.Name(), v, test.text, data, err, want)
					continue
				}
				if err != nil {
					continue
				}
				back := reflect.New(reflect.TypeOf(v))
				if err := s.Unmarshal(data, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), v) {
					t.Errorf("%s: %T of %s comes back from %s as %v, %v", format.Name(), v, test.text, data, back.Elem(), err)
				}
			}
		}
	}
	// Into a float64 it is what Python makes of it.
	var f float64
	if err := serializer.JSON.Unmarshal([]byte(`0.1000000000000000055511151231257827`), &f); err != nil || f != 0.1 {
		t.Errorf("got %v, %v, want 0.1", f, err)
	}
}

// quoted numbers are text, which every format holds.
type quoted struct {
	N json.Number `json:",string"`
}

type money struct {
	Amount decimal
	Rate   float64
}

type cart struct {
	Owner string
	Items []struct {
		Price any
		Meta  map[string]any
	}
	*base
}

// cartOf is a cart whose second item has such a price.
func cartOf(price any) cart {
	var c cart
	c.Items = make([]struct {
		Price any
		Meta  map[string]any
	}, 2)
	c.Items[1].Price = price
	return c
}

// TestRefusalsSayWhere: what would not come back is refused, with what is wrong
// and where.
func TestRefusalsSayWhere(t *testing.T) {
	circle := &loop{}
	circle.Next = circle
	wide := []any{nil, nil}
	wide[0], wide[1] = wide, wide
	itself := map[string]any{}
	itself["5ecret"] = itself
	meta := cartOf(nil)
	meta.Items[0].Meta = map[string]any{"5ecret": []any{1, make(chan int)}}
	embedded := cartOf(nil)
	embedded.base = &base{}
	tests := []struct {
		v    any
		want string
	}{
		{cartOf(make(chan int)), "field cart.Items[1].Price: chan int cannot be stored"},
		{&meta, "field cart.Items[0].Meta[key][1]: chan int cannot be stored"},
		{[]any{1, func() {}}, "element [1]: func() cannot be stored"},
		{cartOf("a\xff"), "field cart.Items[1].Price: text is not valid UTF-8"},
		{map[string]int{"5ecret\xff": 1}, "element [key]: text is not valid UTF-8"},
		{cartOf(opaque{1}), "field cart.Items[1].Price: serializer_test.opaque has no exported field"},
		{cartOf(&binary{1}), "field cart.Items[1].Price: serializer_test.binary has no exported field"},
		{cartOf(errors.New("5ecret")), "field cart.Items[1].Price: errors.errorString has no exported field"},
		{struct{ Err error }{errors.New("5ecret")}, "field Err: nothing says which type to make of error"},
		{url.URL{User: url.User("5ecret")}, "field URL.User: url.Userinfo has no exported field"},
		{embedded, "field cart.base.ID: it lies in an embedded pointer to an unexported struct"},
		{cartOf(masked("5ecret")), "serializer_test.masked comes back as another value: it has MarshalText but not UnmarshalText"},
		{cartOf(level(5)), "serializer_test.level cannot read what it writes: it has MarshalText but not UnmarshalText"},
		{cartOf(halfOnly{1, 2}), "it has MarshalJSON but not UnmarshalJSON"},
		{cartOf(needsText(1)), "it has UnmarshalJSON but not MarshalJSON"},
		{cartOf(*new(big.Float).SetPrec(200).Quo(big.NewFloat(1), big.NewFloat(3))), "big.Float comes back as another value"},
		{cartOf(stamped{time.Unix(1, 0), "5ecret"}), "field cart.Items[1].Price.Name: serializer_test.stamped is stored by a method of the embedded time.Time"},
		{shadowed{Address: Address{Street: "5ecret"}}, "field shadowed.Address.Street: another field has the same name"},
		{clashing{Other: Other{"5ecret"}}, "field clashing.Other.Shade: another field has the same name"},
		{cartOf(map[float64]int{1: 1}), "field cart.Items[1].Price[key]: float64 cannot be the key of a map"},
		{map[any]int{1: 1}, "element [key]: interface {} cannot be the key of a map"},
		{map[level]int{1: 1}, "element [key]: serializer_test.level cannot read the text"},
		{map[masked]int{"a": 1, "b": 2}, ""}, // keys of text are themselves
		{map[collide]int{{1}: 1, {2}: 2}, "element [key]"},
		{cartOf(json.RawMessage(`{"a":1,"a":2}`)), "field cart.Items[1].Price: " + rawMessage + " encodes itself as JSON with a repeated key"},
		{cartOf(json.RawMessage("NaN")), "field cart.Items[1].Price: " + rawMessage + " encodes itself as invalid JSON"},
		{cartOf(json.Number("-0")), "field cart.Items[1].Price: json.Number encodes itself as JSON with a repeated key or with -0"},
		{circle, "contains itself"}, {wide, "contains itself"}, {itself, "contains itself"},
		{cartOf(new(big.Int).Exp(big.NewInt(10), big.NewInt(5000), nil)), "field cart.Items[1].Price: json cannot hold an integer of this size"},
		{cartOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), "field cart.Items[1].Price: json cannot hold a time of this year or zone"},
		{cartOf(&loop{}), ""}, {cartOf(opaque{}), ""}, {struct{ Err error }{}, ""}, {cart{}, ""}, {url.URL{}, ""},
	}
	for _, test := range tests {
		data, err := serializer.JSON.Marshal(test.v)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%T: %v, want it accepted", test.v, err)
		case test.want != "" && (!errors.Is(err, serializer.ErrType) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "5ecret")):
			t.Errorf("%T: %s, %v, want %s", test.v, data, err, test.want)
		case err != nil && len(err.Error()) > 400:
			t.Errorf("%T: an error of %d bytes: %v", test.v, len(err.Error()), err)
		}
	}
	only := []struct {
		s    serializer.Serializer
		v    any
		want string
	}{
		{serializer.MsgPack, cartOf(new(big.Int).Lsh(big.NewInt(1), 64)), "field cart.Items[1].Price: msgpack cannot hold an integer of this size"},
		{serializer.MsgPack, money{Amount: decimal{"1.10"}}, "field money.Amount: serializer_test.decimal is a number, or holds one, with more digits than msgpack gives back; store it as text"},
		{serializer.Flask, money{Amount: decimal{"1e400"}}, "field money.Amount: serializer_test.decimal is a number, or holds one, with more digits than flask gives back; store it as text"},
		{serializer.Flask, cartOf(time.Date(99, 1, 1, 0, 0, 0, 0, time.UTC)), "field cart.Items[1].Price: Python would read a time before the year 100 as another"},
		{serializer.Flask, "\xed\xa0\xbd\xed\xb8\x80", "text is not valid UTF-8"}, // would become one character
		{serializer.FlaskSessionJSONFormat.Serializer(), money{decimal{"1"}, math.NaN()}, "field money.Rate: msgspec-json cannot hold NaN and infinities"},
		{serializer.FlaskSessionJSONFormat.Serializer(), cartOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), "msgspec-json cannot hold a time of this year or zone"},
	}
	for _, test := range only {
		if data, err := test.s.Marshal(test.v); !errors.Is(err, serializer.ErrType) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %T: %s, %v, want %s", test.s.Name(), test.v, data, err, test.want)
		}
	}
}

// collide has one text for all.
type collide struct{ N int }

func (collide) MarshalText() ([]byte, error) { return []byte("same"), nil }
func (*collide) UnmarshalText([]byte) error  { return nil }

// TestPointerMethodsOfValues: methods of a pointer count wherever the value is.
func TestPointerMethodsOfValues(t *testing.T) {
	for _, want := range []any{
		*big.NewRat(1, 3), *big.NewFloat(0.5), map[string]big.Rat{"a": *big.NewRat(1, 3)}, [1]point{{1, 2}}, map[string]point{"a": {1, 2}}, point{1, 2},
		struct{ P any }{nil},
	} {
		for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack} {
			data := mustMarshal(t, s, want)
			back := reflect.New(reflect.TypeOf(want))
			if err := s.Unmarshal(data, back.Interface()); err != nil || !comesBack(reflect.ValueOf(want), back.Elem(), s.Name()) {
				t.Errorf("%s: %T: %q comes back as %v, %v", s.Name(), want, data, back.Elem(), err)
			}
		}
	}
}

// Types of well-known packages, whose times are zero until they are used.
type (
	gothUser struct {
		RawData      map[string]any
		Provider     string
		Email        string
		AccessToken  string
		RefreshToken string
		ExpiresAt    time.Time
		IDToken      string
	}
	oauth2Token struct {
		AccessToken  string    `json:"access_token"`
		TokenType    string    `json:"token_type,omitempty"`
		RefreshToken string    `json:"refresh_token,omitempty"`
		Expiry       time.Time `json:"expiry,omitempty"`
		ExpiresIn    int64     `json:"expires_in,omitempty"`
		raw          any
	}
	sqlNullTime struct {
		Time  time.Time
		Valid bool
	}
)

// TestZeroTimes: the zero time is a time in every format, and None to Flask.
func TestZeroTimes(t *testing.T) {
	values := []any{
		gothUser{Provider: "github", RawData: map[string]any{"id": int64(1)}}, oauth2Token{AccessToken: "token"}, sqlNullTime{}, time.Time{}, []time.Time{{}},
		map[string]time.Time{"a": {}}, sqlNullTime{time.Unix(1, 0).UTC(), true}, &oauth2Token{}, (*time.Time)(nil),
	}
	for _, format := range everyFormat {
		s := format.Serializer()
		for _, want := range values {
			data, err := s.Marshal(want)
			if err != nil {
				t.Errorf("%s: %T: %v", format.Name(), want, err)
				continue
			}
			back := reflect.New(reflect.TypeOf(want))
			if err := s.Unmarshal(data, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), want) {
				t.Errorf("%s: %T: %q comes back as %v, %v, want %v", format.Name(), want, data, back.Elem(), err, want)
			}
		}
	}
	if data := mustMarshal(t, serializer.Flask, sqlNullTime{}); string(data) != `{"Time":null,"Valid":false}` {
		t.Errorf("Flask gets %s", data)
	}
	_ = oauth2Token{raw: fmt.Sprint()} // as in the original, a field that is not stored
}

// TestOffsetsWithSeconds: a local mean time, as places had before there were
// zones, has seconds in its offset, which RFC 3339 does not.
func TestOffsetsWithSeconds(t *testing.T) {
	want := time.Date(1815, 12, 10, 0, 0, 0, 0, time.FixedZone("LMT", 3208))
	for _, format := range everyFormat {
		s := format.Serializer()
		var got time.Time
		if err := s.Unmarshal(mustMarshal(t, s, want), &got); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", format.Name(), got, err, want)
		}
	}
}

// rawMessage is what Go calls json.RawMessage: from 1.27 on it has another name.
var rawMessage = fmt.Sprintf("%T", json.RawMessage{})
