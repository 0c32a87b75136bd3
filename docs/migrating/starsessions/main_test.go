package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/services"
)

const secret = "b2f1c06e1f4c4d0e8a7b5d9c3e6f7a81" // of nothing

// ask makes a request and returns the answer and the cookies it sets.
func ask(t *testing.T, backend sessions.Backend, cookies ...*http.Cookie) (string, []*http.Cookie) {
	t.Helper()
	mw, err := shared(backend)
	if err != nil {
		t.Fatal(err)
	}
	return askOf(t, mw, cookies...)
}

func askOf(t *testing.T, mw *sessions.Middleware, cookies ...*http.Cookie) (string, []*http.Cookie) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "https://localhost/", nil)
	for _, c := range cookies {
		if c.MaxAge >= 0 {
			r.AddCookie(c)
		}
	}
	w := httptest.NewRecorder()
	mw.Handler(http.HandlerFunc(visit)).ServeHTTP(w, r)
	return w.Body.String(), w.Result().Cookies()
}

// made is a cookie of Python's, of a minute ago.
func made(t *testing.T) (*peers.Codec, peers.Request, *http.Cookie) {
	python := peers.Python(t)
	ago := time.Now().Add(-time.Minute).Unix()
	request := peers.Request{
		Format: "starsessions2", Secret: secret, Now: &ago, MaxAge: peers.Seconds(int64(lifetime / time.Second)),
		Payload:  neutral.Form(`{"t":"dict","v":[["user",{"t":"str","v":"ada"}],["visits",{"t":"int","v":"41"}]]}`),
		Metadata: metadata(t, ago),
	}
	token, err := python.Encode(request)
	if err != nil {
		t.Fatal(err)
	}
	return python, request, &http.Cookie{Name: "session", Value: token}
}

// metadata is what starsessions writes beside the session.
func metadata(t *testing.T, at int64) neutral.Form {
	form, err := neutral.Of(map[string]any{"lifetime": int64(lifetime / time.Second), "created": float64(at), "last_access": float64(at)})
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// TestCookie: the cookie goes back and forth.
func TestCookie(t *testing.T) {
	python, request, cookie := made(t)
	backend, err := store("", secret)
	if err != nil {
		t.Fatal(err)
	}
	got, cookies := ask(t, backend, cookie)
	if got != "visit 42\n" || len(cookies) != 1 {
		t.Fatalf("%s, %v, want visit 42 and a cookie", got, cookies)
	}
	request.Token, request.Now = cookies[0].Value, nil
	result, err := python.Decode(request)
	want := neutral.Form(strings.Replace(request.Payload.String(), "41", "42", 1))
	if err != nil || !result.Valid || !result.Payload.Equal(want) {
		t.Errorf("Python reads %s, %s %v, want %s", result.Payload, result.Reason, err, want)
	}
}

// TestRedis: the record in Redis goes back and forth.
func TestRedis(t *testing.T) {
	backend, err := store(services.Redis(t), "")
	if err != nil {
		t.Fatal(err)
	}
	got, cookies := ask(t, backend)
	if got != "visit 1\n" || len(cookies) != 1 {
		t.Fatalf("%s, %v, want visit 1 and a cookie", got, cookies)
	}
	if got, _ := ask(t, backend, cookies...); got != "visit 2\n" {
		t.Errorf("%s, want visit 2", got)
	}
	client, err := redis.Client(services.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	key := "starsessions." + cookies[0].Value
	record := client.Get(t.Context(), key).Val()
	if !strings.HasPrefix(record, `{"visits": 2, "__metadata__": {"lifetime": 1209600, "created": `) {
		t.Errorf("the record is %s", record)
	}

	mw, err := left(memory.New(nil), backend)
	if err != nil {
		t.Fatal(err)
	}
	got, after := askOf(t, mw, cookies...)
	if got != "visit 3\n" {
		t.Errorf("after the move: %s, want visit 3", got)
	}
	if got, _ := askOf(t, mw, after...); got != "visit 4\n" {
		t.Errorf("after the move, again: %s, want visit 4", got)
	}
	if n := client.Exists(context.Background(), key).Val(); n != 0 {
		t.Error("the record of starsessions is still there")
	}
}
