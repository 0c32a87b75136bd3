package sessions_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const nonce sessions.Key[string] = "nonce"

// pay carries out the form with the given nonce, at most once: Save fails for all
// requests but one that took it.
func pay(r *http.Request, session *sessions.Session, sent string, carryOut func()) error {
	expected, err := nonce.Take(session)
	if err != nil {
		return err
	}
	if expected == "" || sent != expected {
		session.Discard()
		return nil // the form is used up, or not from here: show it again
	}
	if err := session.Save(r.Context()); err != nil {
		return err
	}
	carryOut()
	return nil
}

// A form is sent four times at once, and carried out once.
func ExampleKey_Take() {
	mw, _ := sessions.New(memory.New(nil), nil)
	sent := rand.Text()
	cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error { return nonce.Set(s, sent) })

	var payments atomic.Int32
	var clicks, arrived sync.WaitGroup
	arrived.Add(4)
	for range 4 {
		clicks.Go(func() {
			visit(mw, cookies, func(r *http.Request, s *sessions.Session) error {
				arrived.Done()
				arrived.Wait()
				return pay(r, s, sent, func() { payments.Add(1) })
			})
		})
	}
	clicks.Wait()
	fmt.Println("payments:", payments.Load())
	// Output: payments: 1
}
