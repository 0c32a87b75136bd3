package main

import (
	"math"
	"strconv"
	"strings"

	"github.com/gosessions/sessions/internal/value"
)

// appendPlain appends what is in a token for people: a line for each key.
func appendPlain(dst []byte, found result, err error) []byte {
	if err != nil {
		word := reason(err)
		if word == "" {
			word = badRequest
		}
		return append(append(dst, "refused: "...), word...)
	}
	switch {
	case found.payload.Kind != value.Dict:
		dst = appendValue(dst, &found.payload)
	case len(found.payload.Items) == 0:
		dst = append(dst, "(empty)"...)
	default:
		dst = appendLines(dst, "", &found.payload)
	}
	if found.metadata == nil || found.metadata.Kind == value.Null {
		return dst
	}
	dst = append(dst, "\nmetadata:"...)
	if found.metadata.Kind != value.Dict {
		return appendValue(append(dst, ' '), found.metadata)
	}
	if len(found.metadata.Items) > 0 {
		dst = appendLines(append(dst, '\n'), "  ", found.metadata)
	}
	return dst
}

// appendLines appends a line for each entry of dict.
func appendLines(dst []byte, indent string, dict *value.Value) []byte {
	for i := 0; i+1 < len(dict.Items); i += 2 {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = append(appendKey(append(dst, indent...), &dict.Items[i]), ": "...)
		dst = appendValue(dst, &dict.Items[i+1])
	}
	return dst
}

// appendKey appends a key, without quotes if it is a word.
func appendKey(dst []byte, key *value.Value) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
	if key.Kind == value.String && key.Text != "" && strings.Trim(key.Text, letters) == "" {
		return append(dst, key.Text...)
	}
	return appendValue(dst, key)
}

// appendValue appends a value as in JSON, and those that JSON lacks much as in Python.
// What a terminal would obey is escaped.
func appendValue(dst []byte, v *value.Value) []byte {
	switch v.Kind {
	case value.Null:
		return append(dst, "null"...)
	case value.Bool:
		return strconv.AppendBool(dst, v.Num != 0)
	case value.Int:
		if v.Text != "" {
			return append(dst, v.Text...)
		}
		return strconv.AppendInt(dst, int64(v.Num), 10)
	case value.Float:
		return appendFloat(dst, v)
	case value.Bytes:
		return strconv.AppendQuote(append(dst, 'b'), v.Text)
	case value.Markup:
		return append(strconv.AppendQuote(append(dst, "Markup("...), v.Text), ')')
	case value.UUID:
		return value.AppendUUID(dst, v.Text)
	case value.Time:
		return append(dst, v.ISO()...)
	case value.List:
		return appendItems(dst, '[', v.Items, ']')
	case value.Tuple:
		return appendItems(dst, '(', v.Items, ')')
	case value.Dict:
		dst = append(dst, '{')
		for i := 0; i+1 < len(v.Items); i += 2 {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(appendKey(dst, &v.Items[i]), ": "...)
			dst = appendValue(dst, &v.Items[i+1])
		}
		return append(dst, '}')
	}
	return strconv.AppendQuote(dst, v.Text)
}

func appendItems(dst []byte, open byte, items []value.Value, end byte) []byte {
	dst = append(dst, open)
	for i := range items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendValue(dst, &items[i])
	}
	return append(dst, end)
}

// appendFloat appends a number that is seen not to be an integer.
func appendFloat(dst []byte, v *value.Value) []byte {
	if v.Text != "" {
		return append(dst, v.Text...)
	}
	f, from := math.Float64frombits(v.Num), len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	if strings.Trim(string(dst[from:]), "-0123456789") == "" {
		dst = append(dst, ".0"...)
	}
	return dst
}
