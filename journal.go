package sessions

import (
	"bytes"
	"slices"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// change is an entry of a session's journal: one change that the request made. A
// commit can apply it again to what another request has stored meanwhile.
type change struct {
	kind    changeKind
	key     string
	value   []byte                           // setKey: the new value; takeKey: the taken one; updateKey: the computed one, nil to compute it
	update  func(old []byte) ([]byte, error) // updateKey; old is nil if there is none
	flashes []Flash                          // addFlashes, dropFlashes
	meta    metaFunc                         // setMeta
}

// metaFunc returns content with other metadata. It is not given a pointer, because
// the compiler would move every commit to the heap.
type metaFunc func(content serializer.Content) serializer.Content

type changeKind uint8

const (
	setKey changeKind = iota
	deleteKey
	clearKeys   // delete all keys, including those that others add meanwhile
	updateKey   // compute the value from the old one
	takeKey     // delete a value that only one request may take
	addFlashes  // append to the flash messages
	dropFlashes // remove the flash messages that were shown
	setMeta     // change lifetime, persistence or subject
)

// apply applies the change to content, whose Fields it may change. It does not change
// c, because a commit may be replaying the same journal.
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
		*content = c.meta(*content)
	}
	return nil
}

// idempotent reports whether applying the change twice is the same as applying it
// once.
func (c *change) idempotent() bool { return c.kind == setKey || c.kind == deleteKey }

// replay applies journal to content, whose Fields it may change.
func replay(journal []change, content *serializer.Content, s serializer.Serializer) error {
	for i := range journal {
		if err := journal[i].apply(content, s); err != nil {
			return err
		}
	}
	return nil
}

// index returns the index of the field with key, -1 if there is none.
func index(fields []serializer.Field, key string) int {
	for i := range fields {
		if fields[i].Key == key {
			return i
		}
	}
	return -1
}

// lookup returns the encoded value under key, nil if there is none.
func lookup(fields []serializer.Field, key string) []byte {
	if i := index(fields, key); i >= 0 {
		return fields[i].Value
	}
	return nil
}

// put sets the value under key, in its place if there is one already.
func put(content *serializer.Content, key string, value []byte) {
	if i := index(content.Fields, key); i >= 0 {
		content.Fields[i].Value = value
		return
	}
	content.Fields = append(content.Fields, serializer.Field{Key: key, Value: value})
}

// drop removes the field with key, if there is one.
func drop(content *serializer.Content, key string) {
	if i := index(content.Fields, key); i >= 0 {
		content.Fields = slices.Delete(content.Fields, i, i+1)
	}
}

// sameFields reports whether a and b contain the same keys with the same bytes, in
// any order.
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

// sameMeta reports whether a and b are equal in the lifetime, the persistence and the
// subject.
func sameMeta(a, b *serializer.Content) bool {
	return a.Lifetime == b.Lifetime && a.Persistence == b.Persistence && a.Subject == b.Subject && a.Label == b.Label
}

// cloneFields returns a copy of fields with room for a few more.
func cloneFields(fields []serializer.Field) []serializer.Field {
	return append(make([]serializer.Field, 0, len(fields)+2), fields...)
}

// deadline returns the absolute deadline of a session with this content; zero if the
// format does not store the creation.
func deadline(content *serializer.Content, lifetime time.Duration) time.Time {
	if content.Created.IsZero() {
		return time.Time{}
	}
	if content.Lifetime > 0 {
		lifetime = content.Lifetime
	}
	return content.Created.Add(lifetime)
}
