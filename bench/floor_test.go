package bench

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The floor: what has to be done, by hand.

// cookieValue finds a cookie by a scan of the header.
func cookieValue(r *http.Request, name string) string {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if k, v, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && k == name {
				return v
			}
		}
	}
	return ""
}

// scan finds the value of key in a flat JSON object.
func scan(data []byte, key string) (start, end int) {
	for i := 1; i < len(data); {
		from := i + 1
		to := from + bytes.IndexByte(data[from:], '"')
		i = to + 2
		begin, depth, text := i, 0, false
		for ; i < len(data); i++ {
			switch b := data[i]; {
			case text:
				if b == '\\' {
					i++
				} else if b == '"' {
					text = false
				}
				continue
			case b == '"':
				text = true
				continue
			case b == '{' || b == '[':
				depth++
				continue
			case (b == '}' || b == ']') && depth > 0:
				depth--
				continue
			case b != ',' && b != '}' || depth > 0:
				continue
			}
			break
		}
		if string(data[from:to]) == key {
			return begin, i
		}
		i++
	}
	return 0, 0
}

// signer is HMAC-SHA1 with its key in place.
type signer struct{ pool sync.Pool }

func newSigner(secret string) *signer {
	h := hmac.New(sha1.New, []byte(secret))
	h.Write([]byte("cookie-session"))
	key := h.Sum(nil)
	return &signer{sync.Pool{New: func() any { return hmac.New(sha1.New, key) }}}
}

func (s *signer) sum(dst []byte, message []byte) []byte {
	h := s.pool.Get().(hash.Hash)
	h.Reset()
	h.Write(message)
	dst = h.Sum(dst)
	s.pool.Put(h)
	return dst
}

// open verifies a Flask cookie and returns its JSON.
func (s *signer) open(token string) []byte {
	dot := strings.LastIndexByte(token, '.')
	message := []byte(token[:dot])
	var mac, sum [20]byte
	if _, err := base64.RawURLEncoding.Decode(mac[:], []byte(token[dot+1:])); err != nil {
		return nil
	}
	if !hmac.Equal(mac[:], s.sum(sum[:0], message)) {
		return nil
	}
	dot = bytes.LastIndexByte(message, '.')
	var stamp [8]byte
	n, _ := base64.RawURLEncoding.Decode(stamp[:], message[dot+1:])
	var at uint64
	for _, b := range stamp[:n] {
		at = at<<8 | uint64(b)
	}
	if age := time.Now().Unix() - int64(at); age < 0 || age > 31*24*3600 {
		return nil
	}
	n, err := base64.RawURLEncoding.Decode(message, message[:dot])
	if err != nil {
		return nil
	}
	return message[:n]
}

// seal signs JSON as a Flask cookie.
func (s *signer) seal(json []byte) string {
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(time.Now().Unix()))
	b := make([]byte, 0, len(json)*4/3+48)
	b = base64.RawURLEncoding.AppendEncode(b, json)
	b = append(b, '.')
	b = base64.RawURLEncoding.AppendEncode(b, bytes.TrimLeft(stamp[:], "\x00"))
	var sum [20]byte
	mac := s.sum(sum[:0], b)
	b = append(b, '.')
	return string(base64.RawURLEncoding.AppendEncode(b, mac))
}

func setCookie(w http.ResponseWriter, name, token string) {
	w.Header()["Set-Cookie"] = []string{name + "=" + token + "; Path=/; HttpOnly; Secure; SameSite=Lax"}
}

func floorFlask(secret, what string, m map[string]any) contestant {
	s := newSigner(secret)
	c := contestant{name: "floor"}
	c.enter = func() string { return "session=" + s.seal(objectOf(m)) }
	c.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Cookie"}
		if what == "create" {
			setCookie(w, "session", s.seal([]byte(`{"n":1}`)))
			return
		}
		var out []byte
		out, sink = increment(s.open(cookieValue(r, "session")), what == "write")
		if what == "write" {
			setCookie(w, "session", s.seal(out))
		}
	})
	return c.ready(what)
}

// table is a map with a lock.
type table struct {
	mu   sync.RWMutex
	rows map[string][]byte
}

func (t *table) get(id string) []byte {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows[id]
}

func (t *table) put(id string, data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[id] = data
}

func newToken() string {
	var raw [32]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func floorMemory(t *table, what string, m map[string]any) contestant {
	c := contestant{name: "floor"}
	c.enter = func() string {
		id := newToken()
		t.put(id, objectOf(m))
		return "session=" + id
	}
	c.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Cookie"}
		if what == "create" {
			id := newToken()
			t.put(id, []byte(`{"n":1}`))
			setCookie(w, "session", id)
			return
		}
		id := cookieValue(r, "session")
		data := t.get(id)
		switch what {
		case "read":
			_, sink = increment(data, false)
		case "write", "login":
			var out []byte
			out, sink = increment(data, true)
			if what == "login" {
				next := newToken()
				t.put(next, out)
				t.put(id, nil)
				setCookie(w, "session", next)
				return
			}
			t.put(id, out)
		}
	})
	return c.ready(what)
}

// increment returns the value of n in data, and if it is to write also data with the
// next one.
func increment(data []byte, write bool) (out []byte, value int) {
	start, end := scan(data, "n")
	value, _ = strconv.Atoi(string(data[start:end]))
	if write {
		out = make([]byte, 0, len(data)+8)
		out = append(out, data[:start]...)
		out = strconv.AppendInt(out, int64(value+1), 10)
		out = append(out, data[end:]...)
	}
	return out, value
}
