package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// outage is a store of which an operation can be made to fail.
type outage struct {
	sessions.Backend // itself
	fail             map[backends.Op]bool
	lose             bool // the answer only: the operation is carried out
}

func newOutage(b sessions.Backend) *outage {
	o := &outage{fail: map[backends.Op]bool{}}
	o.Backend = backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if !o.fail[op] {
			return next(ctx)
		}
		if o.lose {
			_ = next(ctx)
		}
		return errors.New("connection reset")
	})
	return o
}

// TestRevocableOutage: while the store is down a request fails instead of
// trusting a token, and nothing that ends a session is said to have succeeded.
func TestRevocableOutage(t *testing.T) {
	o := newOutage(memory.New(nil))
	f := newFleet(t, cookie.Encrypted(secret), o.Backend, alwaysAsk)
	c := f.visitor(t)
	cookies := c.copies()
	o.fail[backends.OpRead], o.fail[backends.OpSwap] = true, true
	for _, path := range []string{"/who", "/visit", "/logout", "/regenerate", "/everywhere", "/clear"} {
		response := c.get(path)
		if response.StatusCode != http.StatusServiceUnavailable || len(response.Cookies()) > 0 {
			t.Errorf("%s: status %d, cookies %v, want 503 and none", path, response.StatusCode, response.Cookies())
		}
	}
	clear(o.fail)
	f.want(t, "ada", "after the outage", cookies)

	// An owner is bound to nothing while nobody can say when.
	o.fail[backends.OpRead] = true
	if response := newClient(t, f.handlers[0]).get("/bind"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("login: status %d, want 503", response.StatusCode)
	}
}

// TestRevocableEndingFails: if the old session cannot be ended, the client
// keeps its token, and no other one is sent.
func TestRevocableEndingFails(t *testing.T) {
	o := newOutage(memory.New(nil))
	f := newFleet(t, cookie.Encrypted(secret), o.Backend, nil)
	nobodys := newClient(t, f.handlers[0])
	nobodys.get("/same")
	c := f.visitor(t)
	for path, c := range map[string]*client{"/logout": c, "/regenerate": c, "/everywhere": c, "/clear": nobodys} {
		cookies := c.copies()
		f.want(t, "ada", "before", cookies)
		o.fail[backends.OpSwap] = true
		response := c.get(path)
		if response.StatusCode != http.StatusServiceUnavailable || len(response.Cookies()) > 0 {
			t.Errorf("%s: status %d, cookies %v, want 503 and none", path, response.StatusCode, response.Cookies())
		}
		clear(o.fail)
		f.want(t, "ada", "after "+path, cookies)
	}
	if response := c.get("/regenerate"); response.StatusCode != 200 {
		t.Errorf("after the outage: status %d", response.StatusCode)
	}
	f.want(t, "ada", "after the outage", c.copies())
}

// TestRevocableLostAnswer: an answer that was lost is looked for.
func TestRevocableLostAnswer(t *testing.T) {
	o := newOutage(memory.New(nil))
	o.lose = true
	f := newFleet(t, cookie.Encrypted(secret), o.Backend, alwaysAsk)
	c := f.visitor(t)
	old := c.copies()
	o.fail[backends.OpSwap] = true
	if response := c.get("/regenerate"); response.StatusCode != 200 {
		t.Errorf("regenerate: status %d", response.StatusCode)
	}
	f.want(t, "", "the old token", old)
	f.want(t, "ada", "the new token", c.copies())
	last := c.copies()
	if response := c.get("/logout"); response.StatusCode != 200 || len(c.cookies) > 0 {
		t.Errorf("logout: status %d, cookies %v", response.StatusCode, c.cookies)
	}
	f.want(t, "", "after the logout", last)
}

// TestRevocableAsLastKnown: if the application asks for it, the last answer counts
// while the store is down.
func TestRevocableAsLastKnown(t *testing.T) {
	o := newOutage(memory.New(nil))
	f := newFleet(t, cookie.Encrypted(secret), o.Backend, &cookie.RevocationOptions{CacheFor: -1, InsecureAsLastKnown: true})
	ended, alive := f.visitor(t), f.visitor(t)
	copies := ended.copies()
	ended.get("/logout")
	o.fail[backends.OpRead], o.fail[backends.OpSwap] = true, true
	if got := f.who(t, 0, copies); got != "" {
		t.Errorf("what this process has ended: %q", got)
	}
	f.want(t, "ada", "what lived, or was never asked for", alive.copies())
	if got := f.who(t, 1, copies); got != "ada" {
		t.Errorf("what another process has ended: %q, want ada: nobody told this one", got)
	}
	if response := alive.get("/logout"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("logout: status %d, want 503", response.StatusCode)
	}
	clear(o.fail)
	f.want(t, "", "after the outage", copies)
}

// TestRevocableUntagged: tokens from before are no sessions, unless they are
// accepted for a while.
func TestRevocableUntagged(t *testing.T) {
	for name, codec := range revocableCodecs {
		before := newMiddleware(t, cookie.New(codec), nil)
		old := start(t, before, nil).copies()

		strict := newFleet(t, codec, memory.New(nil), alwaysAsk)
		strict.want(t, "", name+": a token from before", old)

		f := newFleet(t, codec, memory.New(nil), &cookie.RevocationOptions{CacheFor: -1, InsecureAcceptUntagged: true})
		f.want(t, "ada", name+": an accepted token from before", old)
		c := newClient(t, f.handlers[0])
		c.cookies = old
		copied := c.copies()
		c.get("/regenerate")
		f.want(t, "", name+": when it got a new ID", copied)
		f.want(t, "ada", name+": the new token", c.copies())

		// Switched off again, the tokens still open.
		after := newClient(t, serve(t, before, account))
		if got := body(after.do("/who", c.copies())); got != "ada" {
			t.Errorf("%s: without the store: %q, want ada", name, got)
		}
	}
}

// TestRevocableEmptied: a session of which nothing is left has ended, too.
func TestRevocableEmptied(t *testing.T) {
	f := newFleet(t, cookie.Encrypted(secret), memory.New(nil), alwaysAsk)
	c := newClient(t, f.handlers[0])
	c.get("/same")
	cookies := c.copies()
	if c.get("/clear"); len(c.cookies) > 0 {
		t.Errorf("cookies: %v, want none", c.cookies)
	}
	f.want(t, "", "what was emptied", cookies)
}

// TestRevocableLifetime: a session that would outlive the store's memory is an
// error that says so.
func TestRevocableLifetime(t *testing.T) {
	const longer = 30 * 24 * time.Hour
	for _, longest := range []time.Duration{0, longer} {
		var failure error
		mw := newMiddleware(t, cookie.Revocable(cookie.Encrypted(secret), memory.New(nil), &cookie.RevocationOptions{MaxLifetime: longest}), &sessions.Config{
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				failure = err
				sessions.Error(w, r, err)
			},
		})
		c := newClient(t, serve(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "ada"))
			check(t, s.SetLifetime(longer))
		}}))
		response := c.get("/")
		if longest == 0 && (failure == nil || !strings.Contains(failure.Error(), "raise RevocationOptions.MaxLifetime")) || longest > 0 && failure != nil {
			t.Errorf("longest %v: status %d, %v", longest, response.StatusCode, failure)
		}
	}
}
