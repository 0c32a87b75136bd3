package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends/memory"
	sessionsredis "github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/services"
)

// old is a Flask application with pickled sessions, and a visitor with some.
type old struct {
	url    string
	prefix string
	client redis.UniversalClient
	cookie *http.Cookie
}

func start(t *testing.T) *old {
	o := &old{url: services.Redis(t), prefix: "migrating:" + t.Name() + time.Now().Format(time.RFC3339Nano) + ":"}
	var err error
	if o.client, err = sessionsredis.Client(o.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.client.Close() })
	app := peers.Flask(t, peers.FlaskOptions{Secret: "dev", Redis: o.url, Config: map[string]any{"SESSION_KEY_PREFIX": o.prefix}})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	app.MustDo(&http.Client{Jar: jar}, peers.Set("visits", 41), peers.Set("raw", []byte{0, 255}),
		peers.Set("at", neutral.Form(`{"t":"datetime","v":"2024-02-29T12:34:56"}`)))
	address, _ := url.Parse(app.URL)
	o.cookie = jar.Cookies(address)[0]
	t.Cleanup(func() {
		for _, key := range o.client.Keys(context.Background(), o.prefix+"*").Val() {
			o.client.Del(context.Background(), key)
		}
	})
	return o
}

func (o *old) key() string { return o.prefix + o.cookie.Value }

func (o *old) options() *sessionsredis.FlaskSessionOptions {
	return &sessionsredis.FlaskSessionOptions{Prefix: o.prefix}
}

// convert runs the script. Besides the visitor's session there is that of the
// test which waited for the application: it stores a session for everybody.
func (o *old) convert(t *testing.T, want string) {
	t.Helper()
	python, err := peers.FindPython("redis", "msgpack")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	output, err := exec.Command(python, "convert.py", o.url, o.prefix).CombinedOutput()
	if err != nil || string(output) != want {
		t.Errorf("convert.py: %s, %v, want %s", output, err, want)
	}
}

// visit asks with the old cookie and returns the answer.
func (o *old) visit(t *testing.T, handler http.Handler, cookies ...*http.Cookie) (string, []*http.Cookie) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "https://localhost/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	return string(body), w.Result().Cookies()
}

// TestConvert: pickles are no sessions; once converted they are, with their
// types and until the time they had.
func TestConvert(t *testing.T) {
	o := start(t)
	mw, err := shared(o.client, o.options())
	if err != nil {
		t.Fatal(err)
	}
	handler := mw.Handler(http.HandlerFunc(visit))
	if got, _ := o.visit(t, handler, o.cookie); got != "visit 1\n" {
		t.Errorf("before the conversion: %s, want a new session", got)
	}
	before := o.client.PTTL(t.Context(), o.key()).Val()
	o.convert(t, "2 sessions converted\n")
	o.convert(t, "0 sessions converted\n")
	after := o.client.PTTL(t.Context(), o.key()).Val()
	if after <= 0 || after > before {
		t.Errorf("the record lives for %v, after %v before", after, before)
	}
	record := o.client.Get(t.Context(), o.key()).Val()
	if !strings.Contains(record, "\xc4\x02\x00\xff") || !strings.Contains(record, "2024-02-29T12:34:56") {
		t.Errorf("the record is %q, want the bytes and the time in it", record)
	}
	if got, _ := o.visit(t, handler, o.cookie); got != "visit 42\n" {
		t.Errorf("after the conversion: %s, want visit 42", got)
	}
}

// TestLeft: sessions leave Flask-Session's records, and nothing of them stays.
func TestLeft(t *testing.T) {
	o := start(t)
	o.convert(t, "2 sessions converted\n")
	mw, err := left(memory.New(nil), o.client, o.options())
	if err != nil {
		t.Fatal(err)
	}
	handler := mw.Handler(http.HandlerFunc(visit))
	got, cookies := o.visit(t, handler, o.cookie)
	if got != "visit 42\n" {
		t.Errorf("the first visit: %s, want 42", got)
	}
	if n := o.client.Exists(t.Context(), o.key()).Val(); n != 0 {
		t.Error("the record of Flask-Session is still there")
	}
	if got, _ := o.visit(t, handler, cookies...); got != "visit 43\n" {
		t.Errorf("the second visit: %s, want 43", got)
	}
}
