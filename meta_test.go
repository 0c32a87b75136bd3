package sessions_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func TestRememberMeAndLifetime(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{BrowserSession: true})
	c := newClient(t, nil)
	maxAge := func(f func(s *sessions.Session)) int {
		cookies := in(c, mw, func(r *http.Request, s *sessions.Session) { f(s) }).Cookies()
		if len(cookies) == 0 {
			return -1
		}
		return cookies[0].MaxAge
	}
	for _, tt := range []struct {
		name string
		f    func(s *sessions.Session)
		want int // 0: a cookie without Max-Age, -1: no cookie
	}{
		{"nothing but metadata", func(s *sessions.Session) { check(t, s.SetPersistent(true)) }, -1},
		{"browser session", func(s *sessions.Session) { check(t, s.Set("a", 1)) }, 0},
		{"change", func(s *sessions.Session) { check(t, s.Set("a", 2)) }, -1},
		{"remember", func(s *sessions.Session) { check(t, s.SetPersistent(true)) }, 14 * 24 * 3600},
		{"remember again", func(s *sessions.Session) { check(t, s.SetPersistent(true)) }, -1},
		{"lifetime", func(s *sessions.Session) { check(t, s.SetLifetime(time.Hour)) }, 3600},
		{"forget", func(s *sessions.Session) { check(t, s.SetPersistent(false)) }, 0},
	} {
		got := maxAge(tt.f)
		if got != tt.want && (got != tt.want-1 || tt.want <= 0) {
			t.Errorf("%s: Max-Age got %d, want %d", tt.name, got, tt.want)
		}
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		for _, d := range []time.Duration{0, -time.Hour, time.Millisecond, 1 << 62} {
			if err := s.SetLifetime(d); err == nil {
				t.Errorf("SetLifetime(%v): accepted", d)
			}
		}
		if left := time.Until(s.Expires()); left > time.Hour || left < 59*time.Minute {
			t.Errorf("Expires: in %v, want an hour", left)
		}
	})
}
