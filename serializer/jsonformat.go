package serializer

import (
	"bytes"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// jsonFormat is one JSON object, written as its serializer writes values.
type jsonFormat struct {
	name           string
	text           *textSerializer
	persistenceKey string
	nullIsEmpty    bool // null is an empty session

	// anyUTF also accepts UTF-16, UTF-32 and a byte order mark, as Python's
	// json.loads does for bytes.
	anyUTF bool
}

func (f jsonFormat) Name() string           { return f.name }
func (f jsonFormat) Serializer() Serializer { return f.text }
func (f jsonFormat) Holds() Holds           { return Holds{PersistenceKey: f.persistenceKey} }

func (f jsonFormat) Pack(content *Content) ([]byte, error) {
	if f.text.dialect.Tagged && len(content.Fields) == 1 && pyjson.IsTag(content.Fields[0].Key) {
		return f.packWrapped(content.Fields[0])
	}
	if !f.text.dialect.Sorted {
		return f.packFields(content.Fields)
	}
	var data []byte
	var err error
	inOrder(content.Fields, func(fields []Field) { data, err = f.packFields(fields) })
	return data, err
}

func (f jsonFormat) packFields(fields []Field) ([]byte, error) {
	size := 2
	for _, field := range fields {
		size += len(field.Key) + len(field.Value) + len(`"": , `)
	}
	dialect := f.text.dialect
	dst := append(make([]byte, 0, size), '{')
	var err error
	for i, field := range fields {
		if i > 0 {
			dst = dialect.Comma(dst)
		}
		if dst, err = pyjson.AppendString(dst, field.Key, dialect.ASCII); err != nil {
			return nil, mismatch("a key is not valid UTF-8")
		}
		dst = append(dialect.Colon(dst), field.Value...)
	}
	return append(dst, '}'), nil
}

// packWrapped writes a session whose only key looks like a tag, wrapped as
// Flask wraps any such dict.
func (f jsonFormat) packWrapped(field Field) ([]byte, error) {
	inner, err := f.packFields([]Field{{field.Key + pyjson.TagSuffix, field.Value}})
	if err != nil {
		return nil, err
	}
	return f.packFields([]Field{{pyjson.TagDict, inner}})
}

func (f jsonFormat) Unpack(data []byte, content *Content) error {
	fields := content.Fields[:0]
	*content = Content{Fields: fields}
	if f.anyUTF {
		var ok bool
		if data, ok = pyjson.UTF8(data); !ok {
			return ErrCorrupt
		}
	}
	s := pyjson.NewScanner(data, f.text.rules)
	if f.nullIsEmpty && s.Null() {
		if !s.End() {
			return ErrCorrupt
		}
		return nil
	}
	if n := guessMembers(data); n > cap(fields) {
		fields = make([]Field, 0, n)
	}
	fields, err := indexDict(&s, fields, f.text.rules)
	content.Fields = fields
	if err == nil && f.text.rules.Tags && len(fields) == 1 && pyjson.IsTag(fields[0].Key) {
		return f.unwrap(data, content)
	}
	return err
}

// guessMembers returns a number of fields that usually suffices for the object
// in data. Growing the slice step by step would cost more than the rest of
// Unpack.
func guessMembers(data []byte) int { return min(bytes.Count(data, colon), len(data)/8, 64) }

var colon = []byte(":")

// unwrap unpacks a document that is itself a tag. What Flask writes is packed
// again to the same bytes, although it is decoded here.
func (f jsonFormat) unwrap(data []byte, content *Content) error {
	tree, err := pyjson.Decode(data, f.text.rules)
	if err != nil {
		return ErrCorrupt
	}
	content.Fields, err = fieldsOfDict(&tree, f.text.dialect, content.Fields[:0])
	return err
}

// fieldsOfDict appends the entries of a dict with text keys to fields.
func fieldsOfDict(dict *value.Value, dialect pyjson.Dialect, fields []Field) ([]Field, error) {
	if dict.Kind != value.Dict {
		return fields, ErrNotDict
	}
	for i := 0; i+1 < len(dict.Items); i += 2 {
		data, err := dialect.Append(nil, &dict.Items[i+1])
		if err != nil || dict.Items[i].Kind != value.String {
			return fields, ErrCorrupt
		}
		fields = append(fields, Field{dict.Items[i].Text, data})
	}
	return fields, nil
}
