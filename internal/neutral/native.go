package neutral

import (
	"time"

	"github.com/gosessions/sessions/internal/msgpack"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/serializer"
)

// DecodeNative returns the session in a record of [serializer.Native] with any
// of the serializers of that package, and its metadata: a dict with those of
// created (a datetime), lifetime (a float, in seconds), persistence, subject
// and retired that are set.
func DecodeNative(data []byte, values serializer.Serializer) (payload, metadata value.Value, err error) {
	var content serializer.Content
	if err := serializer.Native(values).Unpack(data, &content); err != nil {
		return payload, metadata, err
	}
	payload.Kind, metadata.Kind = value.Dict, value.Dict
	for _, field := range content.Fields {
		v, err := decodeField(field.Value, values)
		if err != nil {
			return value.Value{}, value.Value{}, serializer.ErrCorrupt
		}
		payload.Items = append(payload.Items, value.OfString(field.Key), v)
	}
	note := func(name string, v value.Value, known bool) {
		if known {
			metadata.Items = append(metadata.Items, value.OfString(name), v)
		}
	}
	note("created", value.Value{Kind: value.Time, Time: content.Created}, !content.Created.IsZero())
	note("lifetime", value.OfFloat(content.Lifetime.Seconds()), content.Lifetime != 0)
	note("persistence", value.OfString(persistences[content.Persistence]), content.Persistence != serializer.PersistenceDefault)
	note("subject", value.OfString(content.Subject), content.Subject != "")
	note("retired", value.OfBool(true), content.Retired)
	return payload, metadata, nil
}

var persistences = map[serializer.Persistence]string{
	serializer.Persistent:     "persistent",
	serializer.BrowserSession: "browser-session",
}

func decodeField(data []byte, values serializer.Serializer) (value.Value, error) {
	if values.Name() == serializer.MsgPack.Name() {
		return msgpack.Decode(data)
	}
	return pyjson.Decode(data, pyjson.Rules{Tags: values.Name() == serializer.Flask.Name()})
}

// EncodeNative is the inverse of [DecodeNative].
func EncodeNative(payload, metadata *value.Value, values serializer.Serializer) ([]byte, error) {
	content := &serializer.Content{}
	if payload.Kind != value.Dict {
		return nil, ErrForm
	}
	for i := 0; i+1 < len(payload.Items); i += 2 {
		data, err := encodeField(&payload.Items[i+1], values)
		if err != nil || payload.Items[i].Kind != value.String {
			return nil, serializer.ErrType
		}
		content.Fields = append(content.Fields, serializer.Field{Key: payload.Items[i].Text, Value: data})
	}
	if metadata != nil {
		for i := 0; i+1 < len(metadata.Items); i += 2 {
			if !setMetadata(content, metadata.Items[i].Text, &metadata.Items[i+1]) {
				return nil, ErrForm
			}
		}
	}
	return serializer.Native(values).Pack(content)
}

func encodeField(v *value.Value, values serializer.Serializer) ([]byte, error) {
	switch values.Name() {
	case serializer.MsgPack.Name():
		return msgpack.Append(nil, v)
	case serializer.Flask.Name():
		return pyjson.Dialect{ASCII: true, Sorted: true, Tagged: true}.Append(nil, v)
	}
	return pyjson.Dialect{Plain: true}.Append(nil, v)
}

func setMetadata(content *serializer.Content, name string, v *value.Value) bool {
	switch {
	case name == "created" && v.Kind == value.Time:
		content.Created = v.Time
	case name == "lifetime" && v.Kind == value.Float:
		content.Lifetime = time.Duration(v.Float64() * float64(time.Second))
	case name == "subject" && v.Kind == value.String:
		content.Subject = v.Text
	case name == "retired" && v.Kind == value.Bool:
		content.Retired = v.Num != 0
	case name == "persistence" && v.Kind == value.String:
		for persistence, text := range persistences {
			if text == v.Text {
				content.Persistence = persistence
				return true
			}
		}
		return false
	default:
		return false
	}
	return true
}
