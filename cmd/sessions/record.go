package main

import (
	"bytes"
	"errors"
	"slices"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/serializer"
)

// A result is what is in a token.
type result struct {
	payload  value.Value
	metadata *value.Value // nil where the format has none
}

// A layout reads and writes records: the bytes that a codec seals. Neither
// method changes the request.
type layout interface {
	// usable returns why there is no such layout.
	usable(r *request) error
	read(r *request, record []byte) (result, error)
	write(r *request) ([]byte, error)
}

var (
	errSerializer = errors.New("sessions: the format has no such serializer")
	errNotDict    = errors.New("sessions: the payload is no session: it has to be a dict with text for keys")
	errHolds      = errors.New("sessions: the format cannot hold this payload")
	errMetadata   = errors.New("sessions: metadata of such a record are created (datetime), lifetime (float), persistence, subject (str) and retired (bool)")
)

// pickle is the serializer of old versions of Flask-Session.
const pickle = "pickle"

// foreign is the layout of another framework.
type foreign struct {
	metadata bool // it has metadata beside the payload
}

func (foreign) of(r *request) (neutral.Layout, bool) {
	encoding := r.serializer
	if r.kind.name == "flask-session" && encoding == pickle {
		encoding = "" // its records are recognized, to be refused
	}
	return neutral.LayoutOf(r.kind.name, encoding)
}

func (f foreign) usable(r *request) error {
	if _, ok := f.of(r); !ok {
		return errSerializer
	}
	return nil
}

func (f foreign) read(r *request, record []byte) (found result, err error) {
	l, _ := f.of(r)
	payload, metadata, err := l.Decode(record)
	found.payload = payload
	if f.metadata {
		found.metadata = &metadata
	}
	return found, err
}

func (f foreign) write(r *request) ([]byte, error) {
	switch {
	case r.payload.Kind != value.Dict:
		return nil, errNotDict
	case r.serializer == pickle:
		return nil, errSerializer
	}
	l, _ := f.of(r)
	metadata := r.metadata
	switch {
	case !f.metadata:
		metadata = nil
	case metadata == nil:
		made := neutral.StarsessionsMetadata(r.now, max(r.maxAge.or(0), 0))
		metadata = &made
	}
	data, err := l.Encode(r.payload, metadata)
	if errors.Is(err, serializer.ErrType) {
		err = errHolds
	}
	return data, err
}

// native is the layout of this module's own records. A record names its
// serializer, so that any will be found unless the request asks for one.
type native struct{}

var serializers = []serializer.Serializer{serializer.JSON, serializer.Flask, serializer.MsgPack}

// named returns the serializer with a name, or nil.
func (native) named(name string) serializer.Serializer {
	at := slices.IndexFunc(serializers, func(s serializer.Serializer) bool { return s.Name() == name })
	if at < 0 {
		return nil
	}
	return serializers[at]
}

func (n native) usable(r *request) error {
	if r.serializer != "" && n.named(r.serializer) == nil {
		return errSerializer
	}
	return nil
}

func (n native) read(r *request, record []byte) (result, error) {
	values := n.named(r.serializer)
	if values == nil {
		values = n.of(record)
	}
	payload, metadata, err := neutral.DecodeNative(record, values)
	return result{payload, &metadata}, err
}

// of returns the serializer that a record names: after two bytes, behind its
// length. With another one it could be read too, but types would get lost.
func (native) of(record []byte) serializer.Serializer {
	for _, s := range serializers {
		name := s.Name()
		if len(record) > 2 && bytes.HasPrefix(record[2:], append([]byte{byte(len(name))}, name...)) {
			return s
		}
	}
	return serializer.JSON
}

func (n native) write(r *request) ([]byte, error) {
	if r.payload.Kind != value.Dict {
		return nil, errNotDict
	}
	metadata := r.metadata
	if metadata == nil {
		metadata = &value.Value{Kind: value.Dict, Items: []value.Value{
			value.OfString("created"), {Kind: value.Time, Time: r.now.UTC()},
		}}
	}
	values := n.named(r.serializer)
	if values == nil {
		values = serializer.JSON
	}
	data, err := neutral.EncodeNative(r.payload, metadata, values)
	switch {
	case errors.Is(err, neutral.ErrForm):
		err = errMetadata
	case errors.Is(err, serializer.ErrType):
		err = errHolds
	}
	return data, err
}
