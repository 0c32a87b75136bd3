package sessions_test

import (
	"net/http"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func TestSubjectLimitRefuses(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{MaxPerSubject: 1})
	for i, want := range []int{200, 409} {
		response := in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) })
		if response.StatusCode != want {
			t.Errorf("login %d: status %d, want %d", i, response.StatusCode, want)
		}
	}
}
