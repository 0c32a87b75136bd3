package sessions

import (
	"bytes"
	"slices"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// change is one entry of a session's journal: what a handler asked for, kept so
// that it can be done again on top of what another request stored meanwhile.
// What was only read leaves no entry.
type change struct {
	kind    changeKind
	key     string
	value   []byte                            // setKey: the new value; takeKey: the one taken; updateKey: computed already
	update  func(old []byte) ([]byte, error)  // updateKey; old is nil where there is none
	flashes []Flash                           // addFlashes, dropFlashes
	meta    func(content *serializer.Content) // setMeta
}

type changeKind uint8

const (
	setKey changeKind = iota
	deleteKey
	clearKeys   // those that others add meanwhile, too
	updateKey   // compute the value anew from the old one
	takeKey     // delete what only one request may have
	addFlashes  // append to the flash messages
	dropFlashes // remove the flash messages that were shown
	setMeta     // change lifetime, persistence or subject
)

// apply carries the change out on content, whose Fields it owns. It does not
// change c: a commit may be replaying the journal that c stands in.
func (c *change) apply(content *serializer.Content, s serializer.Serializer) error {
	switch c.kind {
	case setKey:
		put(content, c.key, c.value)
	case deleteKey:
		drop(content, c.key)
	case clearKeys:
		content.Fields = content.Fields[:0]
	case updateKey:
		value := c.value
		if value == nil {
			var err error
			if value, err = c.update(lookup(content.Fields, c.key)); err != nil {
				return err
			}
		}
		put(content, c.key, value)
	case takeKey:
		if !bytes.Equal(lookup(content.Fields, c.key), c.value) {
			return ErrConflict
		}
		drop(content, c.key)
	case addFlashes, dropFlashes:
		return c.applyFlashes(content, s)
	case setMeta:
		c.meta(content)
	}
	return nil
}

// idempotent tells whether doing the change twice is the same as doing it once,
// whatever happens in between.
func (c *change) idempotent() bool { return c.kind == setKey || c.kind == deleteKey }

// replay carries out journal on content, whose Fields it owns.
func replay(journal []change, content *serializer.Content, s serializer.Serializer) error {
	for i := range journal {
		if err := journal[i].apply(content, s); err != nil {
			return err
		}
	}
	return nil
}

func index(fields []serializer.Field, key string) int {
	for i := range fields {
		if fields[i].Key == key {
			return i
		}
	}
	return -1
}

// lookup returns the encoded value under key, nil where there is none.
func lookup(fields []serializer.Field, key string) []byte {
	if i := index(fields, key); i >= 0 {
		return fields[i].Value
	}
	return nil
}

func put(content *serializer.Content, key string, value []byte) {
	if i := index(content.Fields, key); i >= 0 {
		content.Fields[i].Value = value
		return
	}
	content.Fields = append(content.Fields, serializer.Field{Key: key, Value: value})
}

func drop(content *serializer.Content, key string) {
	if i := index(content.Fields, key); i >= 0 {
		content.Fields = slices.Delete(content.Fields, i, i+1)
	}
}

// sameFields tells whether a and b hold the same keys with the same bytes, in
// whatever order.
func sameFields(a, b []serializer.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key == b[i].Key {
			if !bytes.Equal(a[i].Value, b[i].Value) {
				return false
			}
			continue
		}
		if v := lookup(b, a[i].Key); v == nil || !bytes.Equal(a[i].Value, v) {
			return false
		}
	}
	return true
}

// sameMeta tells whether a and b agree in what a handler can change.
func sameMeta(a, b *serializer.Content) bool {
	return a.Lifetime == b.Lifetime && a.Persistence == b.Persistence && a.Subject == b.Subject
}

// cloneFields returns a copy of fields with room for a few more.
func cloneFields(fields []serializer.Field) []serializer.Field {
	return append(make([]serializer.Field, 0, len(fields)+2), fields...)
}

// deadline returns when a session with this content ends for good, the zero
// time where the format does not know when it began.
func deadline(content *serializer.Content, lifetime time.Duration) time.Time {
	if content.Created.IsZero() {
		return time.Time{}
	}
	if content.Lifetime > 0 {
		lifetime = content.Lifetime
	}
	return content.Created.Add(lifetime)
}
