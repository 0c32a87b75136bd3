package neutral

import (
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/internal/msgpack"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/serializer"
)

// A Layout converts whole records to Python values and back. It decodes the
// values that the formats of package serializer only index, and keeps what Go's
// types would lose: the order of keys, lone surrogates, offsets and the exact
// metadata.
type Layout struct {
	decode func(data []byte) (value.Value, error)
	encode func(v *value.Value) ([]byte, error)

	// metadataKey is the key of the payload that holds the metadata.
	metadataKey string
}

// metadataKey is where starsessions 2 keeps its metadata.
const metadataKey = "__metadata__"

// LayoutOf returns the layout of records in a format, named as in the sessions
// command. Only flask-session has two encodings: "msgpack", which "" also
// selects, and "json". For native records, see [DecodeNative].
func LayoutOf(format, encoding string) (Layout, bool) {
	switch format {
	case "flask":
		return jsonLayout(pyjson.Rules{Tags: true}, pyjson.Dialect{ASCII: true, Sorted: true, Tagged: true}, false), true
	case "starlette", "signer", "starsessions1":
		return jsonLayout(pyjson.Rules{Surrogates: true}, pyjson.Dialect{ASCII: true, Spaced: true}, true), true
	case "starsessions2":
		layout := jsonLayout(pyjson.Rules{Surrogates: true}, pyjson.Dialect{ASCII: true, Spaced: true}, true)
		layout.metadataKey = metadataKey
		return layout, true
	case "starlette-flask":
		return jsonLayout(pyjson.Rules{}, pyjson.Dialect{}, false), true
	case "jwt":
		return claimsLayout(), true
	case "flask-session":
		switch encoding {
		case "", "msgpack":
			return Layout{decode: decodeFlaskSession, encode: encodeMsgpack}, true
		case "json":
			return Layout{decode: decodeFlaskSession, encode: encodeJSON(pyjson.Dialect{Plain: true, Msgspec: true})}, true
		}
	}
	return Layout{}, false
}

// Decode returns the session in a record, and its metadata, None if there is
// none. The errors are those of [serializer.Format]: ErrCorrupt, ErrNotDict,
// ErrPickle.
func (l Layout) Decode(data []byte) (payload, metadata value.Value, err error) {
	if len(data) == 0 && l.metadataKey != "" {
		return value.Value{Kind: value.Dict}, metadata, nil // as in starsessions
	}
	payload, err = l.decode(data)
	if err != nil {
		return value.Value{}, metadata, err
	}
	if payload.Kind != value.Dict {
		return value.Value{}, metadata, serializer.ErrNotDict
	}
	if l.metadataKey != "" {
		metadata = pop(&payload, l.metadataKey)
	}
	return payload, metadata, nil
}

// Encode returns the record that the framework would write for payload, which
// must be a dict, and metadata, which may be nil. It returns
// [serializer.ErrType] if the framework could not write them.
func (l Layout) Encode(payload, metadata *value.Value) ([]byte, error) {
	if payload.Kind != value.Dict {
		return nil, fmt.Errorf("%w: a session is a dict", serializer.ErrType)
	}
	record := *payload
	if metadata != nil && metadata.Kind != value.Null {
		if l.metadataKey == "" {
			return nil, fmt.Errorf("%w: the format has no metadata", serializer.ErrType)
		}
		pop(&record, l.metadataKey)
		record.Items = append(record.Items[:len(record.Items):len(record.Items)], value.OfString(l.metadataKey), *metadata)
	}
	data, err := l.encode(&record)
	if err != nil {
		return nil, fmt.Errorf("%w: the format cannot hold this value", serializer.ErrType)
	}
	return data, nil
}

// StarsessionsMetadata returns the metadata that starsessions 2 writes for a
// session made now. A lifetime of 0 means that the session ends with the
// browser.
func StarsessionsMetadata(now time.Time, lifetime time.Duration) value.Value {
	seconds := value.OfFloat(float64(now.Unix()) + float64(now.Nanosecond())/1e9)
	return value.Value{Kind: value.Dict, Items: []value.Value{
		value.OfString("lifetime"), value.OfInt(int64(lifetime / time.Second)),
		value.OfString("created"), seconds,
		value.OfString("last_access"), seconds,
	}}
}

// pop removes an entry from dict and returns it. It leaves the original slice
// of entries unchanged.
func pop(dict *value.Value, key string) value.Value {
	for i := 0; i+1 < len(dict.Items); i += 2 {
		if dict.Items[i].Kind == value.String && dict.Items[i].Text == key {
			found := dict.Items[i+1]
			rest := make([]value.Value, 0, len(dict.Items)-2)
			dict.Items = append(append(rest, dict.Items[:i]...), dict.Items[i+2:]...)
			return found
		}
	}
	return value.Value{}
}

// jsonLayout returns the layout of a JSON document. anyUTF also accepts the
// encodings that Python's json.loads accepts for bytes.
func jsonLayout(rules pyjson.Rules, dialect pyjson.Dialect, anyUTF bool) Layout {
	decode := func(data []byte) (value.Value, error) {
		if anyUTF {
			var ok bool
			if data, ok = pyjson.UTF8(data); !ok {
				return value.Value{}, serializer.ErrCorrupt
			}
		}
		v, err := pyjson.Decode(data, rules)
		if err != nil {
			err = serializer.ErrCorrupt
		}
		return v, err
	}
	return Layout{decode: decode, encode: encodeJSON(dialect)}
}

func encodeJSON(dialect pyjson.Dialect) func(*value.Value) ([]byte, error) {
	return func(v *value.Value) ([]byte, error) { return dialect.Append(nil, v) }
}

// claimsLayout returns the layout of the payload of a JSON Web Token by PyJWT,
// which writes the times in three claims as seconds.
func claimsLayout() Layout {
	layout := jsonLayout(pyjson.Rules{Surrogates: true}, pyjson.Dialect{ASCII: true}, true)
	plain := layout.encode
	layout.encode = func(v *value.Value) ([]byte, error) {
		claims := *v
		claims.Items = append([]value.Value(nil), v.Items...)
		for i := 0; i+1 < len(claims.Items); i += 2 {
			switch item := claims.Items[i+1]; claims.Items[i].Text {
			case "exp", "iat", "nbf":
				if item.Kind == value.Time {
					claims.Items[i+1] = value.OfInt(item.Time.Unix())
				}
			}
		}
		return plain(&claims)
	}
	return layout
}

func encodeMsgpack(v *value.Value) ([]byte, error) { return msgpack.Append(nil, v) }

// decodeFlaskSession reads both encodings, whichever is configured, and
// recognizes pickles, as the formats of package serializer do.
func decodeFlaskSession(data []byte) (value.Value, error) {
	v, err := msgpack.Decode(data)
	if err == nil {
		return v, nil
	}
	if v, err := pyjson.Decode(data, pyjson.Rules{}); err == nil {
		return v, nil
	}
	err = serializer.FlaskSessionFormat.Unpack(data, &serializer.Content{})
	if err == nil || !errors.Is(err, serializer.ErrCorrupt) {
		return value.Value{}, serializer.ErrCorrupt // an extension type has no neutral form
	}
	return value.Value{}, err
}
