package peers_test

import (
	"errors"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/serializer"
)

// browser returns a client with a cookie jar.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 10 * time.Second}
}

// sessionCookie returns the value of the session's cookie in a client's jar.
func sessionCookie(t *testing.T, c *http.Client, app *peers.App) string {
	t.Helper()
	u, err := url.Parse(app.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range c.Jar.Cookies(u) {
		if cookie.Name == "session" {
			return cookie.Value
		}
	}
	return ""
}

func number(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

// values of every type that Flask keeps apart.
var values = map[string]any{
	"null": nil, "bool": true, "int": int64(1), "float": 1.0, "huge": number("-123456789012345678901234567890"),
	"text": "é \x00 <&>", "bytes": []byte{0, 255}, "markup": serializer.Markup("<b>"),
	"uuid":   uuid.MustParse("12345678-9abc-4def-8123-456789abcdef"),
	"tuple":  serializer.Tuple{int64(1), serializer.Tuple{}, []any{"x"}},
	"nested": map[string]any{" t": []any{int64(1)}, "o": map[string]any{}},
	"tag":    map[string]any{" t": []any{int64(1)}},
}

func TestFlaskKeepsEveryType(t *testing.T) {
	t.Parallel()
	app := peers.Flask(t, peers.FlaskOptions{Secret: "dev"})
	c := browser(t)
	var set, get []peers.Op
	var names []string
	for name, v := range values {
		set, get, names = append(set, peers.Set(name, v)), append(get, peers.Get(name)), append(names, name)
	}
	app.MustDo(c, set...)
	answer := app.MustDo(c, get...)
	for i, name := range names {
		if got, err := answer.Value(i); err != nil || !reflect.DeepEqual(got, values[name]) {
			t.Errorf("%s: got %#v, %v, want %#v", name, got, err, values[name])
		}
	}
	if app.Versions()["flask"] == "" {
		t.Errorf("no version of Flask among %v", app.Versions())
	}
}

func TestFlaskSession(t *testing.T) {
	t.Parallel()
	app := peers.Flask(t, peers.FlaskOptions{Secret: "dev", Login: true})
	c := browser(t)
	none, missing := any(nil), errors.New("missing")
	steps := []struct {
		ops  []peers.Op
		want []any
	}{
		{[]peers.Op{peers.Get("a"), peers.Has("a")}, []any{missing, false}},
		{[]peers.Op{peers.Set("a", "x"), peers.Get("a")}, []any{none, "x"}},
		{[]peers.Op{peers.Delete("a"), peers.Delete("a"), peers.All()}, []any{true, false, map[string]any{}}},
		{[]peers.Op{peers.Flash("info", "hi"), peers.Flash("warn", serializer.Markup("<i>"))}, []any{none, none}},
		{[]peers.Op{peers.Flashes()}, []any{[]any{serializer.Tuple{"info", "hi"}, serializer.Tuple{"warn", serializer.Markup("<i>")}}}},
		{[]peers.Op{peers.Flashes()}, []any{[]any{}}},
		{[]peers.Op{peers.User(), peers.Login("7"), peers.User()}, []any{nil, true, "7"}},
		{[]peers.Op{peers.User(), peers.Get("_user_id")}, []any{"7", "7"}},
		{[]peers.Op{peers.Logout(), peers.User()}, []any{true, nil}},
		{[]peers.Op{peers.Set("d", map[string]any{}), peers.SetNested("d", "x", 1), peers.Modified(), peers.Get("d")},
			[]any{none, none, none, map[string]any{"x": int64(1)}}},
		{[]peers.Op{peers.SetPermanent(true), peers.IsPermanent(), peers.Get("_permanent")}, []any{none, true, true}},
		{[]peers.Op{peers.Clear(), peers.All()}, []any{none, map[string]any{}}},
	}
	for i, step := range steps {
		answer := app.MustDo(c, step.ops...)
		for j, want := range step.want {
			got, err := answer.Value(j)
			if errors.Is(err, peers.ErrMissing) {
				got, err = missing, nil
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("step %d, result %d: got %#v, %v, want %#v", i, j, got, err, want)
			}
		}
	}
	if cookie := sessionCookie(t, c, app); cookie != "" {
		t.Errorf("the emptied session left the cookie %q", cookie)
	}
	if answer, err := app.Do(c, peers.Fail()); err != nil || answer.Status != 500 {
		t.Errorf("got %v, %v, want status 500", answer, err)
	}
}

func TestFlaskRotatesKeys(t *testing.T) {
	t.Parallel()
	codec := peers.Python(t)
	app := peers.Flask(t, peers.FlaskOptions{Secret: "new", Fallbacks: []string{"old", "older"}})
	payload := neutral.Form(`{"t":"dict","v":[["a",{"t":"int","v":"1"}]]}`)
	for _, secret := range []string{"new", "old", "older", "foreign"} {
		want := secret != "foreign"
		token, err := codec.Encode(peers.Request{Format: "flask", Secret: peers.Secret(secret), Payload: payload})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := app.Send("session="+token, peers.Has("a"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := answer.Value(0); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %t", secret, got, err, want)
		}
	}
	// What it writes is signed with the new key.
	answer, err := app.Send("", peers.Set("a", int64(1)))
	if err != nil {
		t.Fatal(err)
	}
	cookie, err := http.ParseSetCookie(answer.Header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if result, err := codec.Decode(peers.Request{Format: "flask", Secret: "new", Token: cookie.Value}); err != nil || !result.Valid {
		t.Errorf("got %+v, %v, want a cookie signed with the new key", result, err)
	}
}

func TestFlaskCompressesAndPermanentCookiesExpire(t *testing.T) {
	t.Parallel()
	app := peers.Flask(t, peers.FlaskOptions{Secret: "dev", Config: map[string]any{"PERMANENT_SESSION_LIFETIME": 100}})
	app.SetClock(1700000000)
	answer, err := app.Send("", peers.SetPermanent(true), peers.Set("big", strings.Repeat("a", 2000)))
	if err != nil {
		t.Fatal(err)
	}
	cookie, err := http.ParseSetCookie(answer.Header.Get("Set-Cookie"))
	if err != nil || !strings.HasPrefix(cookie.Value, ".eJ") || cookie.Expires.IsZero() {
		t.Fatalf("got %v, %v, want a compressed cookie that expires", cookie, err)
	}
	for clock, want := range map[int64]bool{1700000100: true, 1700000101: false} {
		app.SetClock(clock)
		answer, err := app.Send("session="+cookie.Value, peers.Has("big"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := answer.Value(0); err != nil || got != want {
			t.Errorf("at %d: got %v, %v, want %t", clock, got, err, want)
		}
	}
	app.ResetClock()
}

func TestFlaskSessionOverRedis(t *testing.T) {
	t.Parallel()
	server := services.RedisServer(t, services.RedisOptions{})
	app := peers.Flask(t, peers.FlaskOptions{Secret: "dev", Redis: server.URL(), Config: map[string]any{"SESSION_USE_SIGNER": true}})
	c := browser(t)
	app.MustDo(c, peers.Set("a", "x"))
	if got, _ := app.MustDo(c, peers.Get("a")).Value(0); got != "x" {
		t.Errorf("got %v, want x", got)
	}
	id, _, _ := strings.Cut(sessionCookie(t, c, app), ".")
	if ttl, err := server.Do("TTL", "session:"+id); err != nil || ttl.(int64) < 1000 {
		t.Errorf("TTL of the record: got %v, %v", ttl, err)
	}
}

func TestStarlette(t *testing.T) {
	t.Parallel()
	app := peers.Starlette(t, peers.StarletteOptions{Secret: "dev", Config: map[string]any{"max_age": 60}})
	c := browser(t)
	app.MustDo(c, peers.Set("a", serializer.Tuple{1.0, int64(1)}))
	got, err := app.MustDo(c, peers.Get("a")).Value(0)
	if want := []any{1.0, int64(1)}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v, want %#v", got, err, want)
	}
	result, err := peers.Python(t).Decode(peers.Request{Format: "starlette", Secret: "dev", Token: sessionCookie(t, c, app)})
	if err != nil || !result.Valid {
		t.Errorf("got %+v, %v, want a valid cookie", result, err)
	}
	app.MustDo(c, peers.Clear())
	if cookie := sessionCookie(t, c, app); cookie != "" {
		t.Errorf("the emptied session left the cookie %q", cookie)
	}
}

func TestApplicationComesBack(t *testing.T) {
	t.Parallel()
	app := peers.Flask(t, peers.FlaskOptions{Secret: "dev"})
	c := browser(t)
	app.MustDo(c, peers.Set("a", "x"))
	if err := app.Restart(); err != nil {
		t.Fatal(err)
	}
	if got, _ := app.MustDo(c, peers.Get("a")).Value(0); got != "x" {
		t.Errorf("got %v, want x", got)
	}
}

// TestInstalledModulesAreFound asks an interpreter before and after it gets a
// module: a fresh machine is asked what it lacks, and then installs that.
func TestInstalledModulesAreFound(t *testing.T) {
	dir := t.TempDir()
	lacking, python := filepath.Join(dir, "lacking"), filepath.Join(dir, "python3")
	script := "#!/bin/sh\ncat " + lacking + "\n"
	if err := errors.Join(os.WriteFile(python, []byte(script), 0o700), os.WriteFile(lacking, []byte("some_module\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SESSIONS_PYTHON", python)
	if got, err := peers.FindPython("some_module"); err == nil || !strings.Contains(err.Error(), "lacks some_module") {
		t.Errorf("before the install: got %q, %v, want that the module is missing", got, err)
	}
	if err := os.WriteFile(lacking, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := peers.FindPython("some_module"); err != nil || got != python {
		t.Errorf("after the install: got %q, %v, want %s", got, err, python)
	}
}

func TestMissingPythonIsSaid(t *testing.T) {
	_, err := peers.FindPython("flask", "no_such_module")
	if err == nil || !strings.Contains(err.Error(), "no_such_module") {
		t.Errorf("got %v, want an error that names the module", err)
	}
	t.Setenv("SESSIONS_PYTHON", os.Args[0]) // no Python: passed over
	t.Setenv("PATH", "")
	if path, err := peers.FindPython(); err == nil && path == os.Args[0] {
		t.Errorf("took %s for an interpreter", path)
	}
}
