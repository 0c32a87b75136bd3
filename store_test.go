package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// odd is a backend whose methods a test can replace.
type odd struct {
	*memory.Backend
	read func(ctx context.Context, id string) (sessions.Record, error)
	swap func(ctx context.Context, id string, old []byte, r sessions.Record) error
}

func (o *odd) Read(ctx context.Context, id string) (sessions.Record, error) {
	if o.read != nil {
		return o.read(ctx, id)
	}
	return o.Backend.Read(ctx, id)
}

func (o *odd) Swap(ctx context.Context, id string, old []byte, r sessions.Record) error {
	if o.swap != nil {
		return o.swap(ctx, id, old, r)
	}
	return o.Backend.Swap(ctx, id, old, r)
}

// TestOddBackends: whatever a backend answers, the request ends without a panic, and
// without a success for changes that were not saved.
func TestOddBackends(t *testing.T) {
	conflict := func(context.Context, string, []byte, sessions.Record) error { return sessions.ErrConflict }
	fails := func(err error) func(context.Context, string, []byte, sessions.Record) error {
		return func(context.Context, string, []byte, sessions.Record) error { return err }
	}
	reads := func(r sessions.Record, err error) func(context.Context, string) (sessions.Record, error) {
		return func(context.Context, string) (sessions.Record, error) { return r, err }
	}
	for _, tt := range []struct {
		name  string
		odd   odd
		fresh bool // the visitor has no session yet
		want  int
	}{
		{"says of every ID that it is taken", odd{swap: conflict}, true, 409},
		{"sees conflicts where there are none", odd{swap: conflict}, false, 409},
		{"refuses the size of a new record", odd{swap: fails(sessions.ErrTooLarge)}, true, 500},
		{"refuses the size of a changed record", odd{swap: fails(fmt.Errorf("odd: %w", sessions.ErrTooLarge))}, false, 500},
		{"is full", odd{swap: fails(memory.ErrFull)}, true, 503},
		{"has an error that is nil inside", odd{swap: fails(&sessions.BackendError{Op: backends.OpSwap})}, false, 503},
		{"returns no data", odd{read: reads(sessions.Record{}, nil)}, false, 200},
		{"returns junk", odd{read: reads(sessions.Record{Data: []byte{0xff}, TTL: -time.Hour}, nil)}, false, 200},
		{"returns a newer version", odd{read: reads(sessions.Record{Data: []byte{0x1f, 0}}, nil)}, false, 503},
		{"reads ErrGone", odd{read: reads(sessions.Record{}, sessions.ErrGone)}, false, 409},
		{"cannot read", odd{read: reads(sessions.Record{}, errors.ErrUnsupported)}, false, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &odd{Backend: memory.New(nil)}
			mw := newMiddleware(t, o, &sessions.Config{Timeout: 100 * time.Millisecond})
			c := start(t, mw, nil)
			token := c.cookies["__Host-session"]
			if tt.fresh {
				clear(c.cookies)
			}
			o.read, o.swap = tt.odd.read, tt.odd.swap
			within(t, func() {
				response := c.get("/other")
				if response.StatusCode != tt.want || (tt.want != 200) != (len(response.Cookies()) == 0) {
					t.Errorf("got %d, cookies %v, want %d", response.StatusCode, response.Cookies(), tt.want)
				}
			})
			if tt.want == 200 && c.cookies["__Host-session"] == token {
				t.Error("what could not be read was overwritten under its own ID")
			}
		})
	}
}

// TestErrorOfAFourMethodBackend: a backend that cannot swap is read again at commit.
// If that fails nothing was written: the error names the read, and the outcome is
// known.
func TestErrorOfAFourMethodBackend(t *testing.T) {
	down := false
	broken := errors.New("down")
	var calls []backends.Op
	b := backends.Intercept(new(Map), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		calls = append(calls, op)
		if down && op == backends.OpRead {
			return broken
		}
		return next(ctx)
	})
	var refused error
	mw := newMiddleware(t, b, &sessions.Config{DisableBreaker: true, ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		refused = err
		sessions.Error(w, r, err)
	}})
	c := start(t, mw, routes{"/set": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
		check(t, s.Set("k", 1))
		down, calls = true, nil
	}})
	response := c.get("/set")
	var failure *sessions.BackendError
	if !errors.As(refused, &failure) || failure.Op != backends.OpRead || !errors.Is(refused, broken) {
		t.Errorf("got %v, want the error of the read", refused)
	}
	if errors.Is(refused, sessions.ErrUnknownOutcome) {
		t.Errorf("got %v, but nothing was written", refused)
	}
	if response.StatusCode != 503 || slices.Contains(calls, backends.OpWrite) {
		t.Errorf("status %d after %q", response.StatusCode, calls)
	}
}
