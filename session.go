package sessions

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Session is a visitor's session, as [Load] returns it. It holds values under
// keys. Changes are saved when the response begins; after that, methods that
// change the session return [ErrCommitted].
//
// Values stay encoded: Get decodes one value, Set encodes one at once, and values
// that a handler does not change are stored again byte for byte.
//
// A Session is safe for concurrent use.
type Session struct {
	vault  *vault
	client client // nil inside Transact

	committing turnstile // held while a commit or Destroy does I/O; taken before mu

	mu       sync.Mutex          // guards everything below; never held during I/O
	stored   snapshot            // what the backend holds, as far as we know
	content  *serializer.Content // what was loaded, or our copy with the journal applied
	draft    *draft              // where our copy is made; nil if there is none
	journal  []change            // changes that are not saved yet
	inflight int                 // entries of journal that a commit is saving
	failed   error               // why a change cannot be applied again to the record of another request
	saveErr  error               // why the last Save failed, if nothing was saved since
	version  uint32              // counts changes

	source     *sourceRecord // where the session was found, if that is not the primary store
	rivals     rivals        // the client's other tokens
	doubt      *doubt        // a commit of unknown outcome; nil if there is none
	id         string        // the token that a new record will get, if it was made already
	regenerate int           // calls of RegenerateID since the last commit
	owned      bool          // content is our copy
	retired    bool          // the token is from before a regeneration
	worthless  bool          // the client sent tokens that lead to no session
	destroyed  bool          // Destroy was called; the session is a new one
	ends       uint32        // counts calls of forget
	discarded  bool          // Discard was called while a commit was under way
	unsure     bool          // stored may be older than what this request has stored itself
	closed     bool          // the response has begun
	reply      reply
	heartbeat  *time.Timer // of keepAlive; nil if there is none, or the request has ended

	inline [3]serializer.Field // room for the fields of a small session
}

// rivals are the client's tokens that lead to sessions other than the loaded one,
// or that were not tried.
type rivals struct {
	store   *store
	tokens  []string
	tooMany bool // the transport did not even return them
}

// doubt is a commit of unknown outcome. The next commit first finishes it, with
// the same write token, and then saves later changes.
type doubt struct {
	writeToken    uint64
	newToken      string
	regenerations int
	entries       int // of the journal
	err           error
}

func (s *Session) serializer() serializer.Serializer { return s.vault.primary.values }

// PublicID returns the session's public ID. It is safe to show in a log or a list
// of devices, because no session can be loaded with it. It changes with
// RegenerateID. It is empty if the backend is stateless.
func (s *Session) PublicID() string {
	if s.vault.primary.stateless {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored.data != nil && s.regenerate == 0 {
		return backends.PublicID(s.stored.id)
	}
	return backends.PublicID(s.vault.primary.key(s.nextToken()))
}

// Format implements [fmt.Formatter]. It prints no token, key or value.
func (s *Session) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "sessions.Session") }

// nextToken returns the token that the session gets with its next new record.
// s.mu is held.
func (s *Session) nextToken() string {
	switch {
	case s.id != "":
	case s.source != nil && s.regenerate == 0 && s.vault.primary.derives():
		s.id = s.vault.primary.derive(s.source.old.token)
	default:
		s.id = s.vault.primary.mint()
	}
	return s.id
}

// IsNew reports whether the session is not stored yet.
func (s *Session) IsNew() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored.data == nil && s.source == nil
}

// owes reports whether the response has to carry something of the session, or there
// is something to save.
func (s *Session) owes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reply != keepToken || len(s.journal)+s.regenerate > 0 && s.dirty()
}

// Changed reports whether there is something to save.
func (s *Session) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirty()
}

// Get returns the value under key, nil if there is none, as the type that the
// serializer gives an *any: bool, int64, *[math/big.Int], float64, string, []any
// or map[string]any. Serializers that keep more types add to these:
// [serializer.MsgPack] []byte and [time.Time]; [serializer.Flask] also
// [serializer.Tuple], [serializer.Markup] and [github.com/google/uuid.UUID]. With
// [serializer.JSON], the default, bytes, times and UUIDs come back as text: read
// them with a [Key] or [Session.Decode].
//
// The caller may change the value: it is a copy.
func (s *Session) Get(key string) (any, error) {
	var value any
	_, err := s.Decode(key, &value)
	return value, err
}

// Decode decodes the value under key into the variable that target points to. It
// reports whether there is a value. If the value does not fit the variable's type,
// Decode returns an error.
func (s *Session) Decode(key string, target any) (bool, error) {
	data := s.encoded(key)
	if data == nil {
		return false, nil
	}
	return true, s.decode(data, target)
}

// encoded returns the encoded value under key, nil if there is none.
func (s *Session) encoded(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return lookup(s.content.Fields, key)
}

// decode decodes data, an encoded value, into target.
func (s *Session) decode(data []byte, target any) error {
	if err := s.serializer().Unmarshal(data, target); err != nil {
		return fmt.Errorf("sessions: get: %w", err)
	}
	return nil
}

// Set stores value under key. The value is encoded at once: changing it later has
// no effect. Setting the value that is already there changes nothing.
//
// Set returns an error for a value that Get would not give back, and says which
// field is wrong; package serializer lists the exceptions.
func (s *Session) Set(key string, value any) error {
	data, err := s.serializer().Marshal(value)
	if err != nil {
		return fmt.Errorf("sessions: set: %w", err)
	}
	return s.change(change{kind: setKey, key: key, value: data})
}

// setScalar is Set for an encoded value, which it copies.
func (s *Session) setScalar(key string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if needed, err := s.check(setKey, key, data); !needed {
		return err
	}
	s.own()
	return s.carryOut(change{kind: setKey, key: key, value: s.draft.keep(data)})
}

// Delete removes the value under key, if there is one.
func (s *Session) Delete(key string) error { return s.change(change{kind: deleteKey, key: key}) }

// Clear removes all values, including values that another request adds before this
// one is saved. The session continues; use [Session.Destroy] to end it.
func (s *Session) Clear() error { return s.change(change{kind: clearKeys}) }

// Has reports whether there is a value under key.
func (s *Session) Has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return index(s.content.Fields, key) >= 0
}

// Keys returns the keys in the order of the record.
func (s *Session) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := make([]string, len(s.content.Fields))
	for i, f := range s.content.Fields {
		keys[i] = string(append([]byte(nil), f.Key...)) // keys may alias the record
	}
	return keys
}

// Len returns the number of keys.
func (s *Session) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.content.Fields)
}

// Take returns the value under key, nil if there is none, and removes it. If
// several requests take the same value at once, the commit of one succeeds and
// those of the others fail with ErrConflict. Backends that cannot swap, including
// the stateless ones, do not guarantee this.
func (s *Session) Take(key string) (any, error) {
	var value any
	_, err := s.take(key, &value)
	return value, err
}

func (s *Session) take(key string, target any) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := lookup(s.content.Fields, key)
	if data == nil {
		return false, nil
	}
	if err := s.serializer().Unmarshal(data, target); err != nil {
		return true, fmt.Errorf("sessions: take: %w", err)
	}
	return true, s.changeLocked(change{kind: takeKey, key: key, value: data})
}

// change applies c and appends it to the journal.
func (s *Session) change(c change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changeLocked(c)
}

// changeLocked is change while s.mu is held.
func (s *Session) changeLocked(c change) error {
	if needed, err := s.check(c.kind, c.key, c.value); !needed {
		return err
	}
	return s.carryOut(c)
}

// check reports whether a change has to be carried out: not if it changes nothing,
// nor if it is not allowed, as the error says. s.mu is held.
func (s *Session) check(kind changeKind, key string, value []byte) (needed bool, err error) {
	if s.closed {
		return false, ErrCommitted
	}
	if reserved := s.vault.primary.holds.ReservedKey; reserved != "" && key == reserved && value != nil {
		why := fmt.Errorf("the format %s keeps its own metadata under this key: choose another: %w", s.vault.primary.format.Name(), serializer.ErrType)
		return false, fmt.Errorf("sessions: set: %w", why)
	}
	switch {
	case s.unsure:
	case kind == setKey:
		old := lookup(s.content.Fields, key)
		return old == nil || !bytes.Equal(old, value), nil
	case kind == deleteKey:
		return index(s.content.Fields, key) >= 0, nil
	}
	return true, nil
}

// carryOut makes a change that was checked, and notes it in the journal. s.mu is
// held.
func (s *Session) carryOut(c change) error {
	s.own()
	if err := c.apply(s.content, s.serializer()); err != nil {
		return err
	}
	s.version++
	if c.kind == updateKey {
		c.value = nil // it was computed for this content only
	}
	if n := len(s.journal); c.kind == setKey && n > s.settled() && s.journal[n-1].kind == setKey && s.journal[n-1].key == c.key {
		s.journal[n-1].value = c.value
		return nil
	}
	s.journal = append(s.journal, c)
	return nil
}

// settled returns how many entries of the journal belong to a commit, so that they
// must not change. s.mu is held.
func (s *Session) settled() int {
	if s.doubt != nil {
		return max(s.inflight, s.doubt.entries)
	}
	return s.inflight
}

// draft is what a session needs to be changed, in one allocation: a copy of the
// content, and room for a few fields, a short journal and small values. No part of
// it is used twice, because commits and records may refer to it.
type draft struct {
	content serializer.Content
	fields  [4]serializer.Field
	journal [2]change
	used    int // of values
	values  [scalarSize]byte
}

// keep returns a copy of an encoded value, in d if there is room. d may be nil.
func (d *draft) keep(data []byte) []byte {
	if d == nil || len(data) > len(d.values)-d.used {
		return bytes.Clone(data)
	}
	room := d.values[d.used : d.used : d.used+len(data)]
	d.used += len(data)
	return append(room, data...)
}

// own makes content a copy that may be changed. s.mu is held.
func (s *Session) own() {
	if s.owned {
		return
	}
	d := &draft{content: *s.content}
	d.content.Fields = append(d.fields[:0], s.content.Fields...)
	s.content, s.draft, s.owned = &d.content, d, true
	if s.journal == nil {
		s.journal = d.journal[:0]
	}
}

// dirty reports whether there is something to save: the content differs from the
// record, or there is a new ID, a taken value, a move from a source or a commit to
// finish. s.mu is held.
func (s *Session) dirty() bool {
	if s.source != nil || s.doubt != nil || s.unsure && len(s.journal) > 0 {
		return true
	}
	if len(s.journal) == 0 && s.regenerate == 0 {
		return false
	}
	if s.stored.data == nil {
		return len(s.content.Fields) > 0 || s.content.Subject != ""
	}
	if s.regenerate > 0 {
		return true
	}
	for i := range s.journal {
		if s.journal[i].kind == takeKey {
			return true
		}
	}
	return !sameFields(s.content.Fields, s.stored.content.Fields) || !sameMeta(s.content, &s.stored.content)
}

// RegenerateID gives the session a new ID when it is saved. The old one then leads
// to no session. Call it whenever the visitor's rights change, above all at login.
// With a stateless backend the client gets a new token, but older tokens stay
// valid until they expire, unless the backend can end sessions (cookie.Revocable).
func (s *Session) RegenerateID() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrCommitted
	}
	s.regenerate++
	s.id = ""
	s.version++
	return nil
}
