package sessions_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/serializer"
)

// plainJSON has a value of each type that plain JSON keeps.
func plainJSON() map[string]any {
	all := everyType()
	for _, key := range []string{"bytes", "markup", "uuid", "time", "tuple", "nested"} {
		delete(all, key)
	}
	return all
}

func TestLiveStarlette(t *testing.T) {
	p := pairOf(t, peers.Starlette(t, peers.StarletteOptions{Secret: "dev"}), cookie.New(cookie.Starlette("dev")), nil)
	var ops []peers.Op
	for key, value := range plainJSON() {
		ops = append(ops, peers.Set(key, value))
	}
	p.inPython(ops...)
	before := p.python.MustDo(p.browser, peers.All()).Results[0]
	p.inGo(func(s *sessions.Session) {
		for key, want := range plainJSON() {
			if got, err := s.Get(key); err != nil || !same(got, want) {
				t.Errorf("%s: got %#v, %v, want %#v", key, got, err, want)
			}
		}
		check(t, s.Set("go", 1.0))
	})
	if got := p.inPython(peers.Get("go"))[0]; got != 1.0 {
		t.Errorf("what Go wrote: got %#v, want 1.0", got)
	}
	p.inGo(func(s *sessions.Session) { check(t, s.Delete("go")) })
	if after := p.python.MustDo(p.browser, peers.All()).Results[0]; !after.Equal(before) {
		t.Errorf("after Go: %s, before: %s", after, before)
	}
	p.inPython(peers.Clear())
	p.inGo(func(s *sessions.Session) {
		if !s.IsNew() || s.Len() != 0 {
			t.Errorf("after Starlette cleared it: keys %v", s.Keys())
		}
	})
}

// TestLivePyJWT reads a session of the real PyJWT from the Authorization header, and
// PyJWT reads ours.
func TestLivePyJWT(t *testing.T) {
	const secret = "a secret of at least 32 bytes, for HS256"
	python := peers.Python(t)
	payload, err := neutral.Of(map[string]any{"user_id": int64(42), "name": "Zoë <b>", "x": 1.0, "big": int64(9007199254740993)})
	check(t, err)
	token, err := python.Encode(peers.Request{Format: "jwt", Secret: secret, Payload: payload})
	check(t, err)

	mw := newMiddleware(t, cookie.New(cookie.PyJWT(secret)), &sessions.Config{Transport: sessions.Bearer()})
	h := serve(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		for key, want := range map[string]any{"user_id": int64(42), "name": "Zoë <b>", "x": 1.0, "big": int64(9007199254740993)} {
			if got, err := s.Get(key); got != want || err != nil {
				t.Errorf("%s: got %#v, %v, want %#v", key, got, err, want)
			}
		}
		check(t, s.Set("go", true))
	}})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Header().Get("Authorization")
	if len(answer) < 8 {
		t.Fatalf("Authorization: got %q", answer)
	}
	result, err := python.Decode(peers.Request{Format: "jwt", Secret: secret, Token: answer[7:]})
	check(t, err)
	want, err := neutral.Of(map[string]any{"user_id": int64(42), "name": "Zoë <b>", "x": 1.0, "big": int64(9007199254740993), "go": true})
	check(t, err)
	if !result.Valid || !result.Payload.Equal(want) {
		t.Errorf("PyJWT got %+v, want %s", result, want)
	}
}

// TestLiveFlaskSession shares sessions in Redis with the real Flask-Session.
func TestLiveFlaskSession(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	options, err := goredis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.ContextTimeoutEnabled, options.MaxRetries = true, -1
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for _, records := range []string{"json", "msgpack"} {
		for _, secret := range []string{"", "dev"} {
			t.Run(records+" signed="+secret, func(t *testing.T) {
				flask := peers.Flask(t, peers.FlaskOptions{
					Secret: "dev", Redis: server.URL(), Records: records, Config: map[string]any{"SESSION_USE_SIGNER": secret != ""},
				})
				p := pairOf(t, flask, redis.FlaskSession(client, &redis.FlaskSessionOptions{JSON: records == "json", Secret: secret}), nil)
				p.inPython(peers.Set("n", 1), peers.Set("x", 1.0), peers.Set("list", []any{"a", int64(2)}))
				p.inGo(func(s *sessions.Session) {
					for key, want := range map[string]any{"n": int64(1), "x": 1.0, "list": []any{"a", int64(2)}, "_permanent": true} {
						if got, err := s.Get(key); err != nil || !reflect.DeepEqual(got, want) {
							t.Errorf("%s: got %#v, %v, want %#v", key, got, err, want)
						}
					}
					check(t, s.Set("go", "was here"))
				})
				if got := p.inPython(peers.Get("go"), peers.Get("x")); !reflect.DeepEqual(got, []any{"was here", 1.0}) {
					t.Errorf("Flask got %#v", got)
				}
				p.inGo(func(s *sessions.Session) { check(t, s.Destroy(t.Context())) })
				if got := p.inPython(peers.Has("go"))[0]; got != false {
					t.Errorf("after the logout in Go: Flask has it: %v", got)
				}
				p.inGo(func(s *sessions.Session) { check(t, s.Set("go", "first")) })
				if got := p.inPython(peers.Get("go"))[0]; got != "first" {
					t.Errorf("a session made in Go: Flask got %#v", got)
				}
			})
		}
	}
}

// TestLivePickleIsRefused: records of Flask-Session before 0.8 are not executed, not
// adopted and not overwritten.
func TestLivePickleIsRefused(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	options, err := goredis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.ContextTimeoutEnabled, options.MaxRetries = true, -1
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	p := pairOf(t, peers.Flask(t, peers.FlaskOptions{Secret: "dev", Redis: server.URL()}), redis.FlaskSession(client, nil), nil)
	p.inPython(peers.Set("n", 1))
	keep := p.browser.Jar
	p.inGo(func(s *sessions.Session) {
		if !s.IsNew() || s.Len() != 0 {
			t.Errorf("a pickled record was read: %v", s.Keys())
		}
	})
	p.browser.Jar = keep
	if got := p.inPython(peers.Get("n"))[0]; got != int64(1) {
		t.Errorf("Flask's record: got %v", got)
	}
}

// TestLiveLadder moves a session of the real Flask to encrypted cookies, to Redis and
// to Postgres. The visitor stays logged in, and all values keep their types.
func TestLiveLadder(t *testing.T) {
	key, err := cookieKey()
	check(t, err)
	format := serializer.Native(serializer.Flask)
	inRedis, err := redis.Open(services.Redis(t), &redis.Options{Prefix: "ladder:" + t.Name() + ":"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inRedis.Close() })
	url := services.Postgres(t)
	inPostgres, err := postgres.Open(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inPostgres.Close() })
	check(t, postgresMigrate(t, url))

	plain := func(name string) sessions.Cookie { return sessions.Cookie{Name: name, Insecure: true} }
	homes := []sessions.Source{
		{Backend: cookie.New(cookie.Flask("dev")), Transport: plain("session")},
		{Backend: cookie.New(cookie.Encrypted(key)), Format: format, Transport: plain("sealed")},
		{Backend: inRedis, Format: format, Transport: plain("redis")},
		{Backend: inPostgres, Format: format, Transport: plain("postgres")},
		{Backend: memory.New(nil), Format: format, Transport: plain("memory")},
	}
	flask := peers.Flask(t, peers.FlaskOptions{Secret: "dev", Login: true})
	var jar http.CookieJar
	for i := 1; i < len(homes); i++ {
		home := homes[i]
		p := pairOf(t, flask, home.Backend, &sessions.Config{Format: home.Format, Transport: home.Transport, Sources: homes[:i]})
		if jar == nil {
			ops := []peers.Op{peers.Login("42")}
			for key, value := range everyType() {
				ops = append(ops, peers.Set(key, value))
			}
			p.inPython(ops...)
			jar = p.browser.Jar
		}
		p.browser.Jar = jar
		for range 2 { // the first request moves the session, the second finds it
			p.inGo(func(s *sessions.Session) {
				for key, want := range everyType() {
					if got, err := s.Get(key); err != nil || !same(got, want) {
						t.Errorf("in home %d: %s: got %#v, %v, want %#v", i, key, got, err, want)
					}
				}
				if got, err := s.Get("_user_id"); got != "42" || err != nil {
					t.Errorf("in home %d: logged out: %v, %v", i, got, err)
				}
			})
		}
		check(t, onlyCookie(p, home.Transport.(sessions.Cookie).Name))
	}
}

// onlyCookie fails the test if the browser has other cookies.
func onlyCookie(p *pair, name string) error {
	r, err := http.NewRequest("GET", p.server.URL, nil)
	if err != nil {
		return err
	}
	for _, c := range p.browser.Jar.Cookies(r.URL) {
		if c.Name != name {
			return errors.New("the browser still has the cookie " + c.Name)
		}
	}
	return nil
}

// cookieKey returns a key for encrypted cookies.
func cookieKey() (string, error) {
	raw := make([]byte, 32)
	_, err := rand.Read(raw)
	return string(raw), err
}

// postgresMigrate creates the table.
func postgresMigrate(t *testing.T, url string) error {
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return postgres.Migrate(t.Context(), pool, nil)
}
