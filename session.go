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

// Session is a visitor's session, loaded by [Load]. Values stay encoded: Get
// decodes one, Set encodes one at once, and what a handler does not touch goes
// back byte for byte. Changes are saved when the response begins; after that
// they return [ErrCommitted].
//
// All methods are safe for use by several goroutines.
type Session struct {
	vault  *vault
	client client // nil inside Transact

	committing turnstile // held during I/O; taken before mu

	mu       sync.Mutex
	stored   snapshot
	content  *serializer.Content // what is loaded, or our copy with the journal applied
	journal  []change
	inflight int    // entries of journal that a commit is saving
	failed   error  // a change that cannot be done again on what was stored meanwhile
	saveErr  error  // why the last Save failed, if nothing was saved since
	version  uint32 // counts changes

	source     *sourceRecord // where the session was kept so far
	rivals     rivals        // what else the client's tokens lead to
	doubt      *doubt        // a commit of unknown outcome
	id         string        // token of the next ID, if one was drawn already
	regenerate int           // how often a new ID was asked for since the last commit
	owned      bool          // content is our copy
	retired    bool          // the token is from before a regeneration
	worthless  bool          // the client sent tokens that lead to no session
	destroyed  bool
	ends       uint32 // how often the session was ended
	discarded  bool   // Discard was called while a commit was under way
	unsure     bool   // stored may be behind what this request has stored itself
	closed     bool   // the response has begun
	reply      reply
	heartbeat  *time.Timer // of keepAlive; nil if there is none, or the request has ended

	inline [3]serializer.Field // room for the fields of a small session
}

// rivals are tokens that lead to other sessions than the one that was loaded, or
// that were not tried.
type rivals struct {
	store   *store
	tokens  []string
	tooMany bool // for the transport to return them
}

// doubt is a commit of unknown outcome. The next one finishes it, under the same
// name, before it saves what came later.
type doubt struct {
	writeToken    uint64
	newToken      string
	regenerations int
	entries       int // of the journal
	err           error
}

func (s *Session) serializer() serializer.Serializer { return s.vault.primary.values }

// PublicID returns the session's public ID, which is safe in a list of devices or
// a log: nothing can be loaded with it. It is empty for sessions that a stateless
// backend keeps, and changes with RegenerateID.
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

// Format keeps token, keys and values out of whatever prints the session.
func (s *Session) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "sessions.Session") }

// nextToken returns the token that the session gets when it is stored anew.
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

// IsNew tells whether the session is not stored yet.
func (s *Session) IsNew() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored.data == nil && s.source == nil
}

// Changed tells whether there is something to save.
func (s *Session) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirty()
}

// Get returns the value under key, nil where there is none: one of bool, int64,
// *[math/big.Int], float64, string, []byte, [time.Time],
// [github.com/google/uuid.UUID], [serializer.Tuple], [serializer.Markup], []any
// and map[string]any. The value is the caller's own. See [Key] for typed values.
func (s *Session) Get(key string) (any, error) {
	var value any
	_, err := s.Decode(key, &value)
	return value, err
}

// Decode decodes the value under key into what target points to and tells
// whether there is one. A value of another type is an error.
func (s *Session) Decode(key string, target any) (bool, error) {
	s.mu.Lock()
	data := lookup(s.content.Fields, key)
	s.mu.Unlock()
	if data == nil {
		return false, nil
	}
	if err := s.serializer().Unmarshal(data, target); err != nil {
		return true, fmt.Errorf("sessions: get: %w", err)
	}
	return true, nil
}

// Set stores value under key. It is encoded here and now, so that what cannot
// be encoded fails here; changing it later has no effect. Setting what is
// already there is no change.
func (s *Session) Set(key string, value any) error {
	data, err := s.serializer().Marshal(value)
	if err != nil {
		return fmt.Errorf("sessions: set: %w", err)
	}
	return s.change(change{kind: setKey, key: key, value: data})
}

// Delete removes the value under key, if there is one.
func (s *Session) Delete(key string) error { return s.change(change{kind: deleteKey, key: key}) }

// Clear removes all values, those that another request is adding at this moment
// included. The session itself goes on; see [Session.Destroy] for its end.
func (s *Session) Clear() error { return s.change(change{kind: clearKeys}) }

// Has tells whether there is a value under key.
func (s *Session) Has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return index(s.content.Fields, key) >= 0
}

// Keys returns the keys in the order in which they are stored.
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

// Take returns the value under key, nil where there is none, and removes it. Of
// several requests that take the same value at once, one gets through; the
// commit of the others fails with ErrConflict. On backends that cannot swap, the
// stateless ones among them, nothing can promise that.
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

// change carries c out and notes it in the journal.
func (s *Session) change(c change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changeLocked(c)
}

func (s *Session) changeLocked(c change) error {
	if s.closed {
		return ErrCommitted
	}
	switch {
	case s.unsure:
	case c.kind == setKey:
		if old := lookup(s.content.Fields, c.key); old != nil && bytes.Equal(old, c.value) {
			return nil
		}
	case c.kind == deleteKey:
		if index(s.content.Fields, c.key) < 0 {
			return nil
		}
	}
	s.own()
	if err := c.apply(s.content, s.serializer()); err != nil {
		return err
	}
	s.version++
	if c.kind == updateKey {
		c.value = nil // was computed for this content only
	}
	if n := len(s.journal); c.kind == setKey && n > s.settled() && s.journal[n-1].kind == setKey && s.journal[n-1].key == c.key {
		s.journal[n-1].value = c.value
		return nil
	}
	s.journal = append(s.journal, c)
	return nil
}

// settled returns how many entries of the journal a commit has taken, and must
// find unchanged.
func (s *Session) settled() int {
	if s.doubt != nil {
		return max(s.inflight, s.doubt.entries)
	}
	return s.inflight
}

// own makes content a copy that may be changed, with room for a short journal in
// the same allocation.
func (s *Session) own() {
	if s.owned {
		return
	}
	draft := &struct {
		content serializer.Content
		journal [2]change
	}{content: *s.content}
	draft.content.Fields = cloneFields(draft.content.Fields)
	s.content, s.owned = &draft.content, true
	if s.journal == nil {
		s.journal = draft.journal[:0]
	}
}

// dirty tells whether the content differs from what is stored, or a change
// matters by itself.
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

// RegenerateID gives the session a new ID when it is saved, and makes the old
// one worthless. Call it whenever the visitor's rights change: at login, above
// all. Stateless backends issue a new token; older ones stay valid there.
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
