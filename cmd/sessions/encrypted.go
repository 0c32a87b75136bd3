package main

import (
	"errors"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

var errID = errors.New("sessions: under which ID is the record stored? Give -id, as the store has it")

// encryptedRecord is the layout of native records that serializer.Encrypted has
// encrypted for the ID under which they are stored.
type encryptedRecord struct{ native }

func (l encryptedRecord) usable(r *request) error {
	if r.id == "" {
		return errID
	}
	if _, err := serializer.Check(l.around(r, nil)); err != nil {
		return err
	}
	return l.native.usable(r)
}

func (l encryptedRecord) read(r *request, record []byte) (result, error) {
	var plain raw
	err := serializer.UnpackFor(l.around(r, &plain), r.id, record, new(serializer.Content))
	switch {
	case errors.Is(err, serializer.ErrCorrupt):
		return result{}, cookie.BadSignature
	case err != nil:
		return result{}, err
	}
	return l.native.read(r, plain.data)
}

func (l encryptedRecord) write(r *request) ([]byte, error) {
	data, err := l.native.write(r)
	if err != nil {
		return nil, err
	}
	return serializer.PackFor(l.around(r, &raw{data: data}), r.id, new(serializer.Content))
}

// around returns the format that encrypts what plain holds.
func (encryptedRecord) around(r *request, plain *raw) serializer.Format {
	return serializer.Encrypted(plain, r.secret, r.fallbacks...)
}

// raw is a format whose one record is data, whatever is in it.
type raw struct {
	serializer.Format
	data []byte
}

func (f *raw) Pack(*serializer.Content) ([]byte, error) { return f.data, nil }

func (f *raw) Unpack(data []byte, _ *serializer.Content) error {
	f.data = data
	return nil
}
