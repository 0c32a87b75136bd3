package serializer

import (
	"bytes"

	"github.com/gosessions/sessions/internal/msgpack"
	"github.com/gosessions/sessions/internal/pyjson"
)

// The formats of Flask-Session from 0.7 on. Like Flask-Session, each of them
// also reads the records of the other, so its configuration can change at any
// time. The pickled records of older releases are [ErrPickle]. The only
// metadata is the key "_permanent".
var (
	// FlaskSessionFormat is Flask-Session's default, a map of MessagePack, for
	// values of [MsgPack].
	FlaskSessionFormat Format = msgpackFormat{}

	// FlaskSessionJSONFormat is what Flask-Session stores with
	// SESSION_SERIALIZATION_FORMAT = "json": compact JSON in UTF-8, with
	// numbers and times spelled as msgspec does. A NaN from a record in another
	// encoding becomes null, as with msgspec; a Go value that is NaN is
	// refused.
	FlaskSessionJSONFormat Format = flaskSession
)

var flaskSession = flaskSessionJSON{jsonFormat{
	name:           "flask-session-json",
	text:           msgspecJSON,
	persistenceKey: permanent,
}}

var msgspecJSON = &textSerializer{
	name:    "msgspec-json",
	dialect: pyjson.Dialect{Plain: true, Msgspec: true},
	rules:   pyjson.Rules{Exact: true},
	into:    target{bytesAsText: true},
	keeps:   pythonNumbers,
}

// msgpackFormat is one map of MessagePack with text keys.
type msgpackFormat struct{}

func (msgpackFormat) Name() string           { return "flask-session" }
func (msgpackFormat) Serializer() Serializer { return MsgPack }
func (msgpackFormat) Holds() Holds           { return Holds{PersistenceKey: permanent} }

func (msgpackFormat) Pack(content *Content) ([]byte, error) {
	size := 5
	for _, field := range content.Fields {
		size += len(field.Key) + len(field.Value) + 5
	}
	dst := msgpack.AppendMapHeader(make([]byte, 0, size), len(content.Fields))
	var err error
	for _, field := range content.Fields {
		if dst, err = msgpack.AppendText(dst, field.Key); err != nil {
			return nil, mismatch("a key is not valid UTF-8")
		}
		dst = append(dst, field.Value...)
	}
	return dst, nil
}

func (f msgpackFormat) Unpack(data []byte, content *Content) error {
	err := f.unpack(data, content)
	if err == nil {
		return nil
	}
	if looksLikeJSON(data) {
		if jsonErr := flaskSession.jsonFormat.Unpack(data, content); jsonErr != nil {
			return jsonErr
		}
		return transcode(content.Fields, msgspecJSON, msgpackSerializer{})
	}
	return orPickle(data, err)
}

// unpack reads a map of MessagePack and nothing else.
func (msgpackFormat) unpack(data []byte, content *Content) error {
	fields := content.Fields[:0]
	*content = Content{Fields: fields}
	s := msgpack.NewScanner(data)
	entries, ok := s.Map()
	if !ok {
		if _, ok := s.Skip(); !ok || !s.End() {
			return ErrCorrupt
		}
		return ErrNotDict
	}
	ascending, previous := true, ""
	for i := range entries {
		raw, ok := s.Text()
		if !ok {
			return ErrCorrupt
		}
		value, ok := s.Skip()
		if !ok {
			return ErrCorrupt
		}
		key := alias(raw)
		ascending = ascending && (i == 0 || key > previous)
		previous = key
		fields = append(fields, Field{key, value})
	}
	if !s.End() {
		return ErrCorrupt
	}
	if !ascending {
		fields = collapse(fields)
	}
	content.Fields = fields
	return nil
}

// flaskSessionJSON is msgspec's JSON, with its fallback.
type flaskSessionJSON struct{ jsonFormat }

func (f flaskSessionJSON) Unpack(data []byte, content *Content) error {
	err := f.jsonFormat.Unpack(data, content)
	if err == nil || looksLikeJSON(data) {
		return err
	}
	if packErr := (msgpackFormat{}).unpack(data, content); packErr != nil {
		return orPickle(data, err)
	}
	return transcode(content.Fields, msgpackSerializer{}, msgspecJSON)
}

// looksLikeJSON reports whether data begins like a JSON object. In MessagePack
// that byte is a small number, which is not a record.
func looksLikeJSON(data []byte) bool {
	return bytes.HasPrefix(pyjson.Trim(data), []byte("{"))
}

// orPickle returns [ErrPickle] if data is a pickle, and otherwise err. A pickle
// begins with its protocol, 2 to 5. Pickles of older protocols can begin with
// anything; those that hold a dict are recognized. All pickles end with a stop.
func orPickle(data []byte, err error) error {
	if len(data) < 2 || data[len(data)-1] != '.' {
		return err
	}
	if data[0] == 0x80 && data[1] >= 2 && data[1] <= 5 || data[0] == '(' && data[1] == 'd' || data[0] == '}' {
		return ErrPickle
	}
	return err
}
