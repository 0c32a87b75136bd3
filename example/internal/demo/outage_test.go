package demo

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

// TestOutage kills Redis under a visitor, and lets it come back.
func TestOutage(t *testing.T) {
	for _, extra := range [][]string{nil, {"-autoload"}} {
		redis := services.RedisServer(t, services.RedisOptions{Config: []string{"appendonly yes", "appendfsync always"}})
		v := program(t, start(t, append(extra, "-backend", "redis", "-redis", redis.URL())...))
		v.post("/set", "key", "k", "value", "1").want(t, 200, done)
		redis.Kill()
		for _, got := range []answer{v.get("/session"), v.get("/get?key=k"), v.post("/set", "key", "k", "value", "2"), v.post("/incr", "key", "k"), v.post("/login", "user", "ada"), v.post("/logout")} {
			got.want(t, 503, `{"error":"sessions are not available at the moment: try again"}`)
			if got.header.Get("Retry-After") == "" || got.header["Set-Cookie"] != nil {
				t.Errorf("got %v", got.header)
			}
		}
		v.get("/healthz").want(t, 200, done)
		v.accept = "text/html"
		if got := v.get("/"); got.status != 503 || !strings.Contains(got.body, "not available") || !strings.Contains(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("a person is told: %d %s", got.status, got.body)
		}
		if err := redis.Restart(); err != nil {
			t.Fatal(err)
		}
		v.accept = "application/json"
		for deadline := time.Now().Add(20 * time.Second); v.get("/session").status != 200; <-time.After(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("Redis is back, and nobody has noticed")
			}
		}
		v.get("/get?key=k").want(t, 200, `{"value":1}`)
	}
}

// TestLost lets the commit fail where the load succeeded.
func TestLost(t *testing.T) {
	url := startWith(t, nil, func(backend sessions.Backend) sessions.Backend {
		return backends.Intercept(backend, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
			if op == backends.OpSwap || op == backends.OpWrite {
				return context.DeadlineExceeded
			}
			return next(ctx)
		})
	})
	got := program(t, url).post("/set", "key", "k", "value", "1")
	got.want(t, 503, `{"error":"sessions are not available at the moment: try again"}`)
	got = person(t, url).post("/set", "key", "k", "value", "1")
	if got.status != 503 || got.header["Location"] != nil || !strings.Contains(got.body, "not available") {
		t.Errorf("a person is told: %d %v %s", got.status, got.header, got.body)
	}
}

// TestStartWithoutBackend starts although nothing is there.
func TestStartWithoutBackend(t *testing.T) {
	nowhere := process.Address(process.Port(t))
	for _, args := range [][]string{
		{"-backend", "redis", "-redis", "redis://" + nowhere},
		{"-backend", "postgres", "-postgres", "postgres://postgres@" + nowhere + "/x"},
	} {
		s := compile(t).serve(t, nil, args...)
		// A visitor without a token costs no look into the store, storing does.
		for path, want := range map[string]int{"/healthz": 200, "/session": 200, "/set-session": 503} {
			response, err := http.Get(s.url + path)
			if err != nil || response.StatusCode != want {
				t.Errorf("%v: %s: got %v %v", args, path, response, err)
			}
		}
		if code := s.stop(t); code != 0 {
			t.Errorf("%v: got exit code %d", args, code)
		}
		warning, events, _ := strings.Cut(s.stderr.String(), "\n")
		if !strings.Contains(warning, "is not ready") || !strings.Contains(events, "event=failed") {
			t.Errorf("%v: got\n%s", args, &s.stderr)
		}
	}
}
