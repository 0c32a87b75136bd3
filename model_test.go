package sessions_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// model is what a session should be: values and their changes, without tokens,
// records and journals.
type model struct {
	now, base, stored values // as the request sees them, as it read or last saved them, and as they are stored

	cleared    bool // since base; then values that others add are removed too
	taken      bool
	regenerate bool
	moved      bool // the session has a token that the browser does not have
}

// values are numbers by key, and flash messages.
type values struct {
	numbers map[string]int64
	said    []string
}

func (v values) clone() values { return values{maps.Clone(v.numbers), slices.Clone(v.said)} }

func (v values) equal(w values) bool {
	return maps.Equal(v.numbers, w.numbers) && slices.Equal(v.said, w.said)
}

func empty() values { return values{numbers: map[string]int64{}} }

func (m *model) begin() { *m = model{now: m.stored.clone(), base: m.stored.clone(), stored: m.stored} }

// other is the key that a concurrent request of the same visitor sets.
const other = "x"

func (m *model) save() {
	if m.now.equal(m.base) && !m.taken && !m.regenerate {
		return
	}
	delete(m.now.numbers, other)
	if n, ok := m.stored.numbers[other]; ok && !m.cleared {
		m.now.numbers[other] = n
	}
	m.base, m.stored = m.now.clone(), m.now.clone()
	m.moved = m.moved || m.regenerate
	m.cleared, m.taken, m.regenerate = false, false, false
}

func (m *model) discard() {
	m.now, m.cleared, m.taken, m.regenerate = m.base.clone(), false, false, false
}

func (m *model) clear() { m.now, m.cleared = empty(), true }

func (m *model) destroy() {
	*m = model{now: empty(), base: empty(), stored: empty(), moved: true}
}

// keys returns the keys of now, including that of the messages.
func (m *model) keys() []string {
	keys := slices.Collect(maps.Keys(m.now.numbers))
	if len(m.now.said) > 0 {
		keys = append(keys, "_flashes")
	}
	slices.Sort(keys)
	return keys
}

// errTold is what a handler of the model panics with.
const errTold = "told to"

// visitor sends requests whose handlers follow the bytes of a script. They apply each
// step to a session and to its model.
type visitor struct {
	t         *testing.T
	mw        *sessions.Middleware
	stateless bool
	*client
	model  *model
	script []byte
	past   []string // the steps, for an error message
	dead   []string // tokens that must lead to no session
}

func (v *visitor) next(n int) int {
	if len(v.script) == 0 {
		return 0
	}
	b := v.script[0]
	v.script = v.script[1:]
	return int(b) % n
}

func (v *visitor) errorf(format string, args ...any) {
	v.t.Helper()
	v.t.Fatalf("%s\nafter %s", fmt.Sprintf(format, args...), strings.Join(v.past, " "))
}

// live runs the script.
func (v *visitor) live() {
	for len(v.script) > 0 {
		v.past = append(v.past, "|")
		before := v.cookies[modelCookie]
		ended, told := false, v.next(8) == 0
		w := httptest.NewRecorder()
		recovering(v.mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s, err := sessions.Load(r.Context())
			if err != nil {
				v.errorf("Load: %v", err)
			}
			v.model.begin()
			v.model.moved = s.IsNew() || v.stateless
			v.compare(s)
			for range v.next(6) {
				ended = v.step(r, s) || ended
				v.compare(s)
			}
			if told {
				v.past = append(v.past, "panic")
				panic(errTold)
			}
			v.model.save()
		}))).ServeHTTP(w, v.request("/"))
		if want := map[bool]int{false: 200, true: 500}[told]; w.Code != want {
			v.errorf("status %d, want %d", w.Code, want)
		}
		v.keep(w.Result())
		if after := v.cookies[modelCookie]; before != "" && !v.stateless && (after != before || ended) {
			if after == before {
				v.errorf("the browser keeps a token that is worthless")
			}
			v.dead = append(v.dead, before)
		}
	}
	for _, token := range v.dead {
		other := newClient(v.t, nil)
		other.cookies[modelCookie] = token
		in(other, v.mw, func(r *http.Request, s *sessions.Session) {
			if s.Len() > 0 || !s.IsNew() {
				v.errorf("an old token leads to %v", s.Keys())
			}
		})
	}
}

const modelCookie = "model"

// step applies one step to the session and the model, and reports whether the
// session's token leads to no session from now on.
func (v *visitor) step(r *http.Request, s *sessions.Session) (ended bool) {
	m := v.model
	key := string(rune('a' + v.next(3)))
	number := sessions.Key[int64](key)
	stored := !s.IsNew()
	note := func(name string, err error) {
		v.past = append(v.past, name)
		if err != nil {
			v.errorf("%s: %v", name, err)
		}
	}
	switch v.next(14) {
	case 0, 1:
		n := int64(v.next(3))
		note(fmt.Sprintf("%s=%d", key, n), number.Set(s, n))
		m.now.numbers[key] = n
	case 2:
		note("-"+key, number.Delete(s))
		delete(m.now.numbers, key)
	case 3, 4:
		n, err := number.Update(s, func(n int64) (int64, error) { return n + 1, nil })
		note(key+"++", err)
		if m.now.numbers[key]++; n != m.now.numbers[key] {
			v.errorf("Update: got %d, want %d", n, m.now.numbers[key])
		}
	case 5:
		n, err := number.Take(s)
		note("take "+key, err)
		_, had := m.now.numbers[key]
		m.taken = m.taken || had
		if n != m.now.numbers[key] {
			v.errorf("Take: got %d, want %d", n, m.now.numbers[key])
		}
		delete(m.now.numbers, key)
	case 6:
		note("flash", s.Flash("", key))
		m.now.said = append(m.now.said, key)
	case 7:
		shown, err := s.Flashes()
		note("flashes", err)
		var got []string
		for _, f := range shown {
			got = append(got, f.Message)
		}
		if !slices.Equal(got, m.now.said) {
			v.errorf("Flashes: got %v, want %v", got, m.now.said)
		}
		m.now.said = nil
	case 8:
		note("clear", s.Clear())
		m.clear()
	case 9:
		if v.next(2) == 0 {
			note("destroy", s.Destroy(r.Context()))
			m.destroy()
			if !s.IsNew() {
				v.errorf("a destroyed session is not new")
			}
			return stored
		}
		note("regenerate", s.RegenerateID())
		m.regenerate = true
	case 10:
		note("save", s.Save(r.Context()))
		m.save()
	case 11:
		s.Discard()
		note("discard", nil)
		m.discard()
	case 12, 13:
		if m.moved {
			break
		}
		n := int64(v.next(100))
		note(fmt.Sprintf("meanwhile %s=%d", other, n), nil)
		tab := newClient(v.t, nil)
		tab.cookies = v.copies()
		if response := in(tab, v.mw, func(_ *http.Request, s *sessions.Session) { check(v.t, s.Set(other, n)) }); response.StatusCode != 200 {
			v.errorf("status %d", response.StatusCode)
		}
		m.stored.numbers[other] = n
	}
	return false
}

// compare compares the session with its model.
func (v *visitor) compare(s *sessions.Session) {
	keys := s.Keys()
	slices.Sort(keys)
	if want := v.model.keys(); !slices.Equal(keys, want) || s.Len() != len(want) {
		v.errorf("keys: got %v, want %v", keys, want)
	}
	for _, key := range []string{"a", "b", "c", other} {
		n, err := sessions.Key[int64](key).Get(s)
		if want, has := v.model.now.numbers[key]; n != want || s.Has(key) != has || err != nil {
			v.errorf("%s: got %d, %v, want %d", key, n, err, want)
		}
	}
}

func liveBy(t *testing.T, b sessions.Backend, format serializer.Format, script []byte) {
	t.Helper()
	mw := newMiddleware(t, b, &sessions.Config{Format: format, Transport: sessions.Cookie{Name: modelCookie}})
	v := &visitor{t: t, mw: mw, client: newClient(t, nil), model: &model{stored: empty()}, script: script}
	v.stateless = slices.Contains(backends.Abilities(b), backends.IsStateless)
	v.live()
}

// TestS3_SessionsAreAsTheirModel: on every backend and in every format, a session
// behaves like a map, whatever a visitor's requests do one after the other.
func TestS3_SessionsAreAsTheirModel(t *testing.T) {
	scripts := 100
	if testing.Short() {
		scripts = 10
	}
	run := func(t *testing.T, b sessions.Backend, format serializer.Format) {
		for seed := range scripts {
			random := rand.New(rand.NewPCG(3, uint64(seed)))
			script := make([]byte, 200)
			for i := range script {
				script[i] = byte(random.Uint32())
			}
			liveBy(t, b, format, script)
		}
	}
	onServers(t, func(t *testing.T, b sessions.Backend) { run(t, b, nil) })
	for name, codec := range map[string]cookie.Codec{
		"encrypted": cookie.Encrypted(secret), "jwt": cookie.JWT(secret), "pyjwt": cookie.PyJWT(secret), "flask": cookie.Flask(secret),
		"starlette": cookie.Starlette(secret), "starsessions": cookie.Starsessions(0, secret), "starlette-flask": cookie.StarletteFlask(secret),
	} {
		t.Run(name, func(t *testing.T) { run(t, cookie.New(codec), nil) })
	}
	for _, format := range []serializer.Format{
		serializer.Native(serializer.MsgPack), serializer.FlaskFormat, serializer.StarsessionsFormat, serializer.ClaimsFormat,
	} {
		t.Run(format.Name(), func(t *testing.T) { run(t, memory.New(nil), format) })
	}
}

// TestR7_S3_SessionsInACluster: the same in a Redis Cluster, where an old ID and its
// new ID are on different servers, so that no command can change both.
func TestR7_S3_SessionsInACluster(t *testing.T) {
	b := openRedis(redisCluster)(t)(t)
	for seed := range 10 {
		random := rand.New(rand.NewPCG(7, uint64(seed)))
		script := make([]byte, 200)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		liveBy(t, b, nil, script)
	}
}

// FuzzS3_SessionsAreAsTheirModel: the same for arbitrary requests.
func FuzzS3_SessionsAreAsTheirModel(f *testing.F) {
	f.Add([]byte{1, 5, 0, 0, 1, 1, 6, 2, 11, 9, 1, 3, 3, 9, 0, 2, 10, 1, 8})
	f.Add([]byte("the quick brown fox jumps over the lazy dog, and over the other one"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 500 {
			return
		}
		for _, b := range []sessions.Backend{memory.New(nil), swapOnly{memory.New(nil)}, cookie.New(cookie.Flask(secret))} {
			liveBy(t, b, nil, script)
		}
	})
}
