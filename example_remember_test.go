package sessions_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

// remembering is for a site with a checkbox "remember me". Without it the session
// ends with the browser and after 30 idle minutes; with it, after 30 days.
var remembering = &sessions.Config{
	BrowserSession:   true,
	IdleTimeout:      30 * time.Minute,
	ExemptPersistent: true,
}

func enter(session *sessions.Session, userID string, remember bool) error {
	if err := session.RegenerateID(); err != nil {
		return err
	}
	if remember {
		if err := session.SetLifetime(30 * 24 * time.Hour); err != nil {
			return err
		}
	}
	if err := session.SetPersistent(remember); err != nil {
		return err
	}
	return session.SetSubject(userID)
}

// "Remember me" needs three settings: the cookie must outlive the browser, the
// session must outlive the idle timeout, and its lifetime must be long enough.
func Example_rememberMe() {
	mw, _ := sessions.New(memory.New(nil), remembering)
	for _, remember := range []bool{false, true} {
		cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error {
			return enter(s, "ada", remember)
		})
		fmt.Println("remember:", remember, "- days of the cookie:", (cookies[0].MaxAge+1)/86400)
	}
	// Output:
	// remember: false - days of the cookie: 0
	// remember: true - days of the cookie: 30
}

// TestRememberMe: of two logins, the remembered one outlives an idle hour and the
// browser, but not its lifetime. A session without a login ends with the browser, too.
func TestRememberMe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mw := newMiddleware(t, memory.New(nil), remembering)
		anonymous := sessionstest.NewVisitor(mw)
		check(t, anonymous.Session(func(s *sessions.Session) error { return s.Set("cart", "tea") }))
		anonymous.Close()
		check(t, anonymous.Session(func(s *sessions.Session) error {
			if s.Has("cart") {
				t.Error("a session without a login outlives the browser")
			}
			return nil
		}))
		for _, remember := range []bool{false, true} {
			for _, step := range []struct {
				name string
				wait time.Duration
				want bool
			}{
				{"an hour", time.Hour, remember},
				{"29 days", 29 * 24 * time.Hour, remember},
				{"31 days", 31 * 24 * time.Hour, false},
			} {
				visitor := sessionstest.NewVisitor(mw)
				check(t, visitor.Session(func(s *sessions.Session) error { return enter(s, "ada", remember) }))
				time.Sleep(step.wait)
				check(t, visitor.Session(func(s *sessions.Session) error {
					if got := s.Subject() != ""; got != step.want {
						t.Errorf("remember %v, after %s: logged in %v, want %v", remember, step.name, got, step.want)
					}
					return nil
				}))
			}
			visitor := sessionstest.NewVisitor(mw)
			check(t, visitor.Session(func(s *sessions.Session) error { return enter(s, "ada", remember) }))
			visitor.Close()
			check(t, visitor.Session(func(s *sessions.Session) error {
				if got := s.Subject() != ""; got != remember {
					t.Errorf("remember %v, after the browser was closed: logged in %v", remember, got)
				}
				return nil
			}))
		}
	})
}
