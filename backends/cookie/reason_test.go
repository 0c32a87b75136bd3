package cookie_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

func TestReason(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{cookie.Expired, "expired"},
		{fmt.Errorf("loading: %w", cookie.BadSignature), "bad-signature"},
		{errors.Join(backends.ErrNotFound, cookie.TooLarge), "too-large"},
		{serializer.ErrCorrupt, "bad-payload"},
		{fmt.Errorf("sessions: %w", serializer.ErrNewer), "bad-payload"},
		{serializer.ErrNotDict, "not-a-dict"},
		{backends.ErrNotFound, ""},
		{errors.New("anything"), ""},
	} {
		if got := cookie.Reason(test.err); got != test.want {
			t.Errorf("Reason(%v) = %q, want %q", test.err, got, test.want)
		}
	}
	if got, want := cookie.Future.Error(), "cookie: token refused: future"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
	if !errors.Is(fmt.Errorf("x: %w", cookie.Future), cookie.Future) || errors.Is(cookie.Future, cookie.Expired) {
		t.Error("errors.Is does not tell refusals apart")
	}
}
