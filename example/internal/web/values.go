package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/serializer"
)

// Parse reads a JSON text as the values that sessions hold, integers apart from
// other numbers. It is data and nothing else: {" t":[1]} is an object with one
// key, not Flask's tuple.
func Parse(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errors.New("not a JSON value")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return numbers(value)
}

// numbers replaces every json.Number in value.
func numbers(value any) (_ any, err error) {
	switch v := value.(type) {
	case json.Number:
		return number(string(v))
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = numbers(v[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func number(text string) (any, error) {
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errors.New("a number is too large")
		}
		return f, nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	i, _ := new(big.Int).SetString(text, 10)
	return i, nil
}

// JSON returns a session value in the form that [json.Marshal] writes as we want
// it: 1.0 stays 1.0, integers are exact, tuples are lists, bytes base64, times
// RFC 3339, UUID and markup text.
func JSON(value any) any {
	switch v := value.(type) {
	case float64:
		return float(v)
	case time.Time:
		return v.Format(time.RFC3339Nano) // whatever the year, unlike Time.MarshalJSON
	case serializer.Tuple:
		return list(v)
	case []any:
		return list(v)
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, element := range v {
			object[key] = JSON(element)
		}
		return object
	}
	return value // *big.Int, []byte and the rest are written so anyway
}

func list(values []any) []any {
	result := make([]any, len(values))
	for i, v := range values {
		result[i] = JSON(v)
	}
	return result
}

// float returns f as Python's JSON writes it, with a point or an exponent. What
// JSON has no number for becomes text.
func float(f float64) any {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case a != 0 && a < 1e-4 || a >= 1e16:
		return json.RawMessage(strconv.FormatFloat(f, 'e', -1, 64))
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return json.RawMessage(text)
}

// Text returns a session value for people: compact JSON, but for values that
// are text, which stand for themselves.
func Text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case serializer.Markup:
		return string(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case uuid.UUID:
		return v.String()
	case []byte:
		return strconv.Itoa(len(v)) + " bytes"
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(JSON(value)) != nil {
		return "?"
	}
	return strings.TrimSpace(b.String())
}

// Type names the type of a session value.
func Type(value any) string {
	switch value.(type) {
	case nil:
		return "nil"
	case []byte:
		return "[]byte"
	case []any:
		return "[]any"
	case map[string]any:
		return "map"
	case serializer.Tuple:
		return "Tuple"
	case serializer.Markup:
		return "Markup"
	}
	return fmt.Sprintf("%T", value)
}
