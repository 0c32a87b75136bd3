package serializer

import (
	"math"
	"time"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// StarsessionsFormat is what starsessions 2 stores, in cookies and in Redis:
// the JSON of [StarletteFormat] with a last key "__metadata__" for lifetime,
// time of creation and time of the last access, both as floats, which are exact
// to a quarter of a microsecond. It also reads the records of starsessions 1
// and of Starlette, which have no metadata, and does not write metadata if
// there is none.
//
// starsessions writes its configured lifetime into each record, in whole
// seconds; fractions are cut off. A lifetime of 0, which a zero
// [Content.Lifetime] produces, means a session that ends with the browser.
var StarsessionsFormat Format = starsessions

var starsessions = starsessionsFormat{jsonFormat{name: "starsessions", text: starlette, anyUTF: true}}

// metadataKey is the key that belongs to starsessions.
const metadataKey = "__metadata__"

type starsessionsFormat struct{ jsonFormat }

func (starsessionsFormat) Holds() Holds {
	return Holds{Created: true, Lifetime: true, Accessed: true, StatedLifetime: true, ReservedKey: metadataKey}
}

func (f starsessionsFormat) Unpack(data []byte, content *Content) error {
	if len(data) == 0 {
		*content = Content{Fields: content.Fields[:0]}
		return nil // as in starsessions
	}
	if err := f.jsonFormat.Unpack(data, content); err != nil {
		return err
	}
	for i := range content.Fields {
		if content.Fields[i].Key == metadataKey {
			content.Foreign = content.Fields[i].Value
			content.Fields = append(content.Fields[:i], content.Fields[i+1:]...)
			return readMetadata(content, f.text.rules)
		}
	}
	return nil
}

// readMetadata reads the entries of content.Foreign that it understands.
func readMetadata(content *Content, rules pyjson.Rules) error {
	metadata, err := pyjson.Decode(content.Foreign, rules)
	if err != nil || metadata.Kind != value.Dict && metadata.Kind != value.Null {
		return ErrCorrupt
	}
	for i := 0; i+1 < len(metadata.Items); i += 2 {
		seconds, ok := asFloat(&metadata.Items[i+1])
		if !ok {
			continue
		}
		switch metadata.Items[i].Text {
		case "created":
			content.Created = timeOf(seconds)
		case "last_access":
			content.Accessed = timeOf(seconds)
		case "lifetime":
			if seconds > 0 && seconds < math.MaxInt64/1e9 {
				content.Lifetime = time.Duration(seconds) * time.Second
			}
		}
	}
	return nil
}

// timeOf returns the time that many seconds after 1970, or the zero time if it
// is out of range. A float64 of this century is coarser than a nanosecond, so
// secondsOf returns the same float again.
func timeOf(seconds float64) time.Time {
	if !(seconds >= 0 && seconds < 1e11) {
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(fraction*1e9))).UTC()
}

// secondsOf is the inverse of timeOf.
func secondsOf(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9
}

func (f starsessionsFormat) Pack(content *Content) ([]byte, error) {
	if content.Foreign == nil && content.Created.IsZero() && content.Accessed.IsZero() && content.Lifetime == 0 {
		return f.jsonFormat.Pack(content)
	}
	metadata, err := writeMetadata(content, f.text)
	if err != nil {
		return nil, err
	}
	fields := make([]Field, 0, len(content.Fields)+1)
	for _, field := range content.Fields {
		if field.Key == metadataKey {
			return nil, mismatch("starsessions keeps its metadata under the key %s", metadataKey)
		}
		fields = append(fields, field)
	}
	return f.packFields(append(fields, Field{metadataKey, metadata}))
}

// writeMetadata updates the metadata that was read with that of content, and
// keeps all other entries, which starsessions or its user may have added.
func writeMetadata(content *Content, text *textSerializer) ([]byte, error) {
	metadata := value.Value{Kind: value.Dict}
	if content.Foreign != nil {
		var err error
		if metadata, err = text.decode(content.Foreign); err != nil {
			return nil, ErrCorrupt
		}
	}
	created, accessed := content.Created, content.Accessed
	if created.IsZero() {
		created = accessed
	}
	if accessed.IsZero() {
		accessed = created
	}
	set(&metadata, "lifetime", value.OfInt(int64(content.Lifetime/time.Second)))
	if !created.IsZero() {
		set(&metadata, "created", value.OfFloat(secondsOf(created)))
		set(&metadata, "last_access", value.OfFloat(secondsOf(accessed)))
	} else if content.Foreign == nil {
		return nil, mismatch("starsessions stores no lifetime without the time of creation")
	}
	return text.encode(&metadata)
}

// set sets an entry of a dict, in place if the key exists.
func set(dict *value.Value, key string, v value.Value) {
	for i := 0; i+1 < len(dict.Items); i += 2 {
		if dict.Items[i].Text == key {
			dict.Items[i+1] = v
			return
		}
	}
	dict.Kind = value.Dict
	dict.Items = append(dict.Items, value.OfString(key), v)
}
