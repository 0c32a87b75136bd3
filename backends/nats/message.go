package nats

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/gosessions/sessions/backends"
)

// The headers of messages.
const (
	headerExpires   = "Sessions-Expires"
	headerID        = "Sessions-Id"
	headerTTL       = "Nats-TTL"
	headerExpect    = "Nats-Expected-Last-Subject-Sequence"
	headerOperation = "KV-Operation"
	headerMarker    = "Nats-Marker-Reason"

	removed = "DEL"
)

// maxKey is up to how many bytes an ID is a key itself.
const maxKey = 128

// keyOf returns the key for an ID.
func keyOf(id string) string {
	if isKey(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "=" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func isKey(id string) bool {
	if id == "" || len(id) > maxKey {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// entry is what is stored under a key.
type entry struct {
	seq     uint64 // 0 if nothing is
	gone    bool   // it is a marker
	id      string // "" if the key is the ID
	expires time.Time
	data    []byte
}

var errForeign = errors.New("nats: the bucket contains a value that this package has not written: give the sessions a bucket of their own")

// entryOf returns the entry of a message.
func entryOf(seq uint64, header natsgo.Header, data []byte) (entry, error) {
	e := entry{seq: seq, data: data, id: header.Get(headerID)}
	if header.Get(headerOperation) != "" || header.Get(headerMarker) != "" {
		e.gone = true
		return e, nil
	}
	ms, err := strconv.ParseInt(header.Get(headerExpires), 10, 64)
	if err != nil {
		return entry{}, errForeign
	}
	e.expires = time.UnixMilli(ms)
	return e, nil
}

// live returns the record under id, and false if there is none, or it has expired.
func (e *entry) live(id string, now time.Time) (backends.Record, bool) {
	if e.seq == 0 || e.gone || !e.expires.After(now) || e.id != "" && e.id != id {
		return backends.Record{}, false
	}
	return backends.Record{Data: e.data, TTL: e.expires.Sub(now)}, true
}

// The errors for records that cannot be stored.
var (
	errNoData  = backends.NotApplied(errors.New("nats: a record needs data"))
	errNoTTL   = backends.NotApplied(errors.New("nats: a record needs a TTL of more than 0"))
	errNothing = backends.NotApplied(errors.New("nats: Swap of nothing for nothing"))
)

// message returns the message that stores record under id, or the marker that
// removes it if the record has no data.
func (o *bucket) message(id string, record backends.Record) *natsgo.Msg {
	m := natsgo.NewMsg(o.publish + keyOf(id))
	ttl := time.Minute // of a marker
	if record.Data == nil {
		m.Header.Set(headerOperation, removed)
	} else {
		ttl = record.TTL
		expires := time.Now().Add(ttl + time.Millisecond - 1)
		m.Header.Set(headerExpires, strconv.FormatInt(expires.UnixMilli(), 10))
		if !isKey(id) {
			m.Header.Set(headerID, id)
		}
		m.Data = record.Data
	}
	if o.expires {
		m.Header.Set(headerTTL, strconv.FormatInt(int64((ttl+2*time.Second-1)/time.Second), 10))
	}
	return m
}

// accepts returns why record cannot be stored.
func (o *bucket) accepts(record backends.Record) error {
	switch {
	case len(record.Data) == 0:
		return errNoData
	case record.TTL <= 0:
		return errNoTTL
	case o.maxAge > 0 && record.TTL > o.maxAge:
		return backends.NotApplied(fmt.Errorf("nats: the bucket keeps messages for %v, and a session is to live for %v: raise the bucket's TTL, or remove it", o.maxAge, record.TTL.Round(time.Second)))
	}
	return nil
}

// tooLarge returns an error if the server, or the bucket, takes no message of that
// size.
func (o *bucket) tooLarge(m *natsgo.Msg, maxPayload int) error {
	limit := maxPayload
	if o.maxSize > 0 {
		limit = min(limit, o.maxSize)
	}
	if size := m.Size() - len(m.Subject) - len(m.Reply) + 64; size > limit {
		return backends.NotApplied(fmt.Errorf("%w: the message has %d bytes, and the server takes %d: store less, or raise max_payload", backends.ErrTooLarge, size, limit))
	}
	return nil
}
