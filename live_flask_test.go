package sessions_test

import (
	"fmt"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/serializer"
)

// pair is a real Python application and a Go application with one origin, and a
// browser that visits both.
type pair struct {
	t       *testing.T
	python  *peers.App
	mw      *sessions.Middleware
	server  *httptest.Server
	browser *http.Client
	handler func(r *http.Request, s *sessions.Session)
}

func newPair(t *testing.T, options peers.FlaskOptions, primary string, older ...string) *pair {
	t.Helper()
	return pairOf(t, peers.Flask(t, options), cookie.New(cookie.Flask(primary, older...)), nil)
}

// pairOf returns a pair with the given backend in Go. A nil config means a cookie for
// plain http.
func pairOf(t *testing.T, python *peers.App, b sessions.Backend, config *sessions.Config) *pair {
	t.Helper()
	jar, err := cookiejar.New(nil) // which ignores ports, as browsers do
	if err != nil {
		t.Fatal(err)
	}
	if config == nil {
		config = &sessions.Config{Transport: sessions.Cookie{Insecure: true}}
	}
	p := &pair{t: t, python: python, mw: newMiddleware(t, b, config), browser: &http.Client{Jar: jar, Timeout: 10 * time.Second}}
	p.server = httptest.NewServer(p.mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		p.handler(r, s)
	})))
	t.Cleanup(p.server.Close)
	return p
}

// inGo runs f on the session of one request to the Go application.
func (p *pair) inGo(f func(s *sessions.Session)) {
	p.t.Helper()
	p.handler = func(_ *http.Request, s *sessions.Session) { f(s) }
	response, err := p.browser.Get(p.server.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != 200 {
		p.t.Fatalf("status %d, %v", response.StatusCode, err)
	}
}

// inPython runs operations in one request to the Python application and returns
// their results as Go values.
func (p *pair) inPython(ops ...peers.Op) []any {
	p.t.Helper()
	answer := p.python.MustDo(p.browser, ops...)
	values := make([]any, len(ops))
	for i := range ops {
		v, err := answer.Value(i)
		if err != nil {
			p.t.Errorf("result %d: %v", i, err)
		}
		values[i] = v
	}
	return values
}

// eachFlask runs a test with every Flask on this machine.
func eachFlask(t *testing.T, test func(t *testing.T, python string)) {
	t.Helper()
	pythons, err := peers.Pythons("flask")
	if err != nil {
		peers.Flask(t, peers.FlaskOptions{}) // skips the test, or fails it in CI
	}
	for i, python := range pythons {
		t.Run(fmt.Sprint("Flask ", i+1), func(t *testing.T) { test(t, python) })
	}
}

// everyType has a value of each type that Flask distinguishes.
func everyType() map[string]any {
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	return map[string]any{
		"null": nil, "true": true, "int": int64(1), "float": 1.0, "tiny": 1e-7, "huge": huge, "long": int64(9007199254740993),
		"text": "é \x00 <&> \u2028 😀", "bytes": []byte{0, 255}, "markup": serializer.Markup("<b>&"),
		"uuid":   uuid.MustParse("12345678-9abc-4def-8123-456789abcdef"),
		"time":   time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC),
		"tuple":  serializer.Tuple{int64(1), serializer.Tuple{}, []any{"x", 1.0}},
		"nested": map[string]any{" t": []any{int64(1)}, "o": map[string]any{"deep": serializer.Tuple{[]byte("b")}}},
		"tag":    map[string]any{" t": []any{int64(1)}},
		"theirs": map[string]any{" x": []any{int64(1)}}, // a tag that only one Flask application knows
		"list":   []any{int64(1), 1.5, "two", nil, false},
	}
}

func same(a, b any) bool {
	if t, ok := a.(time.Time); ok {
		u, ok := b.(time.Time)
		return ok && t.Equal(u)
	}
	return reflect.DeepEqual(a, b)
}

func TestLiveFlaskWritesGoChangesFlaskReads(t *testing.T) {
	eachFlask(t, liveFlaskWritesGoChangesFlaskReads)
}

func liveFlaskWritesGoChangesFlaskReads(t *testing.T, python string) {
	p := newPair(t, peers.FlaskOptions{Python: python, Secret: "dev"}, "dev")
	var ops []peers.Op
	for key, value := range everyType() {
		ops = append(ops, peers.Set(key, value))
	}
	p.inPython(ops...)
	before := p.python.MustDo(p.browser, peers.All()).Results[0]
	p.inGo(func(s *sessions.Session) {
		for key, want := range everyType() {
			if got, err := s.Get(key); err != nil || !same(got, want) {
				t.Errorf("%s: got %#v, %v, want %#v", key, got, err, want)
			}
		}
		check(t, s.Set("go", true))
	})
	if got := p.inPython(peers.Get("go"))[0]; got != true {
		t.Errorf("what Go wrote: got %v", got)
	}
	p.inGo(func(s *sessions.Session) { check(t, s.Delete("go")) })
	if after := p.python.MustDo(p.browser, peers.All()).Results[0]; !after.Equal(before) {
		t.Errorf("after Go: %s, before: %s", after, before)
	}
}

func TestLiveGoWritesFlaskChangesGoReads(t *testing.T) { eachFlask(t, liveGoWritesFlaskChangesGoReads) }

func liveGoWritesFlaskChangesGoReads(t *testing.T, python string) {
	p := newPair(t, peers.FlaskOptions{Python: python, Secret: "dev"}, "dev")
	p.inGo(func(s *sessions.Session) {
		for key, value := range everyType() {
			check(t, s.Set(key, value))
		}
	})
	for key, want := range everyType() {
		form, err := neutral.Of(want)
		check(t, err)
		if got := p.python.MustDo(p.browser, peers.Get(key)).Results[0]; !got.Equal(form) {
			t.Errorf("%s: Flask got %s, want %s", key, got, form)
		}
	}
	p.inPython(peers.Set("flask", "was here"))
	p.inGo(func(s *sessions.Session) {
		for key, want := range everyType() {
			if got, err := s.Get(key); err != nil || !same(got, want) {
				t.Errorf("%s: got %#v, %v, want %#v", key, got, err, want)
			}
		}
		if got, err := s.Get("flask"); got != "was here" || err != nil {
			t.Errorf("what Flask wrote: got %v, %v", got, err)
		}
	})
}

func TestLiveFlashesCross(t *testing.T) { eachFlask(t, liveFlashesCross) }

func liveFlashesCross(t *testing.T, python string) {
	p := newPair(t, peers.FlaskOptions{Python: python, Secret: "dev"}, "dev")
	p.inPython(peers.Flash("message", "from Flask"), peers.Flash("error", serializer.Markup("<b>")))
	p.inGo(func(s *sessions.Session) {
		check(t, s.Flash("info", "from Go"))
		got, err := s.Flashes("error")
		check(t, err)
		if want := []sessions.Flash{{Category: "error", Message: "<b>"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("Go shows %v, want %v", got, want)
		}
	})
	want := []any{serializer.Tuple{"message", "from Flask"}, serializer.Tuple{"info", "from Go"}}
	if got := p.inPython(peers.Flashes())[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("Flask shows %v, want %v", got, want)
	}
	p.inGo(func(s *sessions.Session) {
		if got, err := s.Flashes(); len(got) != 0 || err != nil {
			t.Errorf("shown again: %v, %v", got, err)
		}
	})
}

func TestLiveFlaskLogin(t *testing.T) {
	p := newPair(t, peers.FlaskOptions{Secret: "dev", Login: true}, "dev")
	p.inPython(peers.Login("42"))
	p.inGo(func(s *sessions.Session) {
		for key, want := range map[string]any{"_user_id": "42", "_fresh": true} {
			if got, err := s.Get(key); got != want || err != nil {
				t.Errorf("%s: got %v, %v, want %v", key, got, err, want)
			}
		}
		check(t, s.Set("cart", []string{"tea"}))
	})
	if got := p.inPython(peers.User(), peers.Get("cart")); !reflect.DeepEqual(got, []any{"42", []any{"tea"}}) {
		t.Errorf("after Go: got %v", got)
	}
	p.inPython(peers.Logout())
	p.inGo(func(s *sessions.Session) {
		if s.Has("_user_id") || !s.Has("cart") {
			t.Errorf("after the logout in Flask: keys %v", s.Keys())
		}
		check(t, s.Destroy(t.Context()))
	})
	if got := p.inPython(peers.User(), peers.All()); !reflect.DeepEqual(got, []any{nil, map[string]any{}}) {
		t.Errorf("after the logout in Go: got %v", got)
	}
}

func TestLiveKeyRotation(t *testing.T) { eachFlask(t, liveKeyRotation) }

func liveKeyRotation(t *testing.T, python string) {
	old := newPair(t, peers.FlaskOptions{Python: python, Secret: "old"}, "old")
	current := newPair(t, peers.FlaskOptions{Python: python, Secret: "new", Fallbacks: []string{"old"}}, "new", "old")
	retired := newPair(t, peers.FlaskOptions{Python: python, Secret: "new"}, "new")
	for _, first := range []string{"Flask", "Go"} {
		jar, err := cookiejar.New(nil)
		check(t, err)
		for _, p := range []*pair{old, current, retired} {
			p.browser.Jar = jar
		}
		if first == "Flask" {
			old.inPython(peers.Set("n", 1))
		} else {
			old.inGo(func(s *sessions.Session) { check(t, s.Set("n", 1)) })
		}
		if got := current.inPython(peers.Get("n"))[0]; got != int64(1) {
			t.Errorf("%s first: Flask with the old key as fallback: got %v", first, got)
		}
		current.inGo(func(s *sessions.Session) {
			if got, err := s.Get("n"); got != int64(1) || err != nil {
				t.Errorf("%s first: Go with the old key behind: got %v, %v", first, got, err)
			}
		})
		retired.inGo(func(s *sessions.Session) {
			if !s.IsNew() {
				t.Errorf("%s first: the old key is still good without being listed", first)
			}
		})
		current.inGo(func(s *sessions.Session) { check(t, s.Set("n", 2)) })
		if got := retired.inPython(peers.Get("n"))[0]; got != int64(2) {
			t.Errorf("%s first: Go did not sign with the new key: Flask got %v", first, got)
		}
	}
}

func TestLiveCompressedAndPermanent(t *testing.T) { eachFlask(t, liveCompressedAndPermanent) }

func liveCompressedAndPermanent(t *testing.T, python string) {
	p := newPair(t, peers.FlaskOptions{Python: python, Secret: "dev"}, "dev")
	long := strings.Repeat("many words ", 400)
	p.inPython(peers.Set("long", long), peers.SetPermanent(true))
	p.inGo(func(s *sessions.Session) {
		if got, err := s.Get("long"); got != long || err != nil {
			t.Errorf("Go got %d characters, %v", len(fmt.Sprint(got)), err)
		}
		check(t, s.Set("longer", long+long))
		if got, err := s.Get("_permanent"); got != true || err != nil {
			t.Errorf("_permanent: got %v, %v", got, err)
		}
	})
	if got := p.inPython(peers.Get("longer"), peers.IsPermanent()); !reflect.DeepEqual(got, []any{long + long, true}) {
		t.Error("Flask did not get back what Go compressed")
	}
	p.inGo(func(s *sessions.Session) { check(t, s.SetPersistent(false)) })
	if got := p.inPython(peers.IsPermanent())[0]; got != false {
		t.Errorf("permanent after Go: got %v", got)
	}
}
