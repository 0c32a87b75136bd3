package cookie_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/race"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

const counter sessions.Key[int] = "n"

// sized is a session of so many keys, one of them the counter, as Flask writes
// it.
func sized(keys int) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i := 1; i < keys; i++ {
		fmt.Fprintf(&b, `"key%02d":"some value %d",`, i, i)
	}
	return []byte(b.String() + `"n":1}`)
}

// flaskRequest is a request with a Flask cookie of so many keys.
func flaskRequest(t testing.TB, keys int) *http.Request {
	t.Helper()
	token, err := cookie.Flask("dev").Seal(sized(keys), cookie.Terms{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "session="+token)
	return r
}

func flaskHandler(t testing.TB, f func(*sessions.Session) error) http.Handler {
	t.Helper()
	mw, err := sessions.New(cookie.New(cookie.Flask("dev")), quiet)
	if err != nil {
		t.Fatal(err)
	}
	return mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err == nil {
			err = f(s)
		}
		if err != nil {
			t.Error(err)
		}
	}))
}

func readCounter(s *sessions.Session) error {
	n, err := counter.Get(s)
	if err == nil && n != 1 {
		return fmt.Errorf("the counter is %d", n)
	}
	return err
}

func writeCounter(s *sessions.Session) error {
	n, err := counter.Get(s)
	if err != nil {
		return err
	}
	return counter.Set(s, n+1)
}

func TestB2_B3_Allocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector drops pooled objects at random")
	}
	for _, keys := range []int{3, 20} {
		r, w := flaskRequest(t, keys), discard{make(http.Header)}
		for _, test := range []struct {
			name string
			do   func(*sessions.Session) error
			most float64
		}{
			{"reading", readCounter, 4},
			{"writing", writeCounter, 9},
		} {
			h := flaskHandler(t, test.do)
			got := testing.AllocsPerRun(100, func() { clear(w.header); h.ServeHTTP(w, r) })
			if got > test.most {
				t.Errorf("%s one of %d keys makes %v allocations, want at most %v", test.name, keys, got, test.most)
			}
		}
	}
}

// BenchmarkB2_B3 compares the whole middleware with a handler that does by hand
// what has to be done, and nothing else.
func BenchmarkB2_B3(b *testing.B) {
	for _, keys := range []int{3, 20} {
		r, w := flaskRequest(b, keys), discard{make(http.Header)}
		serve := func(name string, h http.Handler) {
			b.Run(fmt.Sprintf("%s/%d", name, keys), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					clear(w.header)
					h.ServeHTTP(w, r)
				}
			})
		}
		serve("read/floor", http.HandlerFunc(newFloor().read))
		serve("read/ours", flaskHandler(b, readCounter))
		serve("write/floor", http.HandlerFunc(newFloor().write))
		serve("write/ours", flaskHandler(b, writeCounter))
	}
}

// floor is the least that a Flask cookie costs.
type floor struct {
	mac interface {
		Write([]byte) (int, error)
		Sum([]byte) []byte
		Reset()
	}
}

func newFloor() *floor {
	key := hmac.New(sha1.New, []byte("dev"))
	key.Write([]byte("cookie-session"))
	return &floor{hmac.New(sha1.New, key.Sum(nil))}
}

// open returns the document in r's cookie and where the counter is.
func (f *floor) open(r *http.Request) (document []byte, number int) {
	value := strings.TrimPrefix(r.Header["Cookie"][0], "session=")
	dot := strings.LastIndexByte(value, '.')
	f.mac.Reset()
	f.mac.Write([]byte(value[:dot]))
	var sum [20]byte
	signature, _ := base64.RawURLEncoding.DecodeString(value[dot+1:])
	if !hmac.Equal(f.mac.Sum(sum[:0]), signature) {
		return nil, 0
	}
	payload := value[:strings.LastIndexByte(value[:dot], '.')]
	document, _ = base64.RawURLEncoding.DecodeString(payload)
	return document, bytes.Index(document, []byte(`"n":`)) + len(`"n":`)
}

func (f *floor) read(_ http.ResponseWriter, r *http.Request) {
	document, at := f.open(r)
	n, err := strconv.Atoi(string(document[at:bytes.IndexByte(document, '}')]))
	if n != 1 || err != nil {
		f.mac = nil
	}
}

func (f *floor) write(w http.ResponseWriter, r *http.Request) {
	document, at := f.open(r)
	end := bytes.IndexByte(document, '}')
	n, _ := strconv.Atoi(string(document[at:end]))
	document = append(strconv.AppendInt(document[:at:at], int64(n+1), 10), '}')
	var seconds [8]byte
	binary.BigEndian.PutUint64(seconds[:], uint64(time.Now().Unix()))
	token := make([]byte, 0, 2*len(document)+64)
	token = base64.RawURLEncoding.AppendEncode(token, document)
	token = base64.RawURLEncoding.AppendEncode(append(token, '.'), seconds[4:])
	f.mac.Reset()
	f.mac.Write(token)
	var sum [20]byte
	token = base64.RawURLEncoding.AppendEncode(append(token, '.'), f.mac.Sum(sum[:0]))
	w.Header()["Set-Cookie"] = []string{"session=" + string(token) + "; Path=/; HttpOnly; Secure; SameSite=Lax"}
	w.Header()["Vary"] = []string{"Cookie"}
}
