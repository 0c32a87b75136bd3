package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends/memory"
)

// TestC6_R6_LostResponses: the response is lost after the commit. No visitor ends up
// with another visitor's session, or with a cookie that locks them out for ever.
func TestC6_R6_LostResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		mw := newMiddleware(t, b, nil)
		lost := func(c *client, path string) {
			w := httptest.NewRecorder()
			if c.handler.ServeHTTP(w, c.request(path)); w.Code != http.StatusOK {
				t.Errorf("%s: status %d", path, w.Code)
			}
		}
		visitor := newClient(t, serve(t, mw, basics))
		lost(visitor, "/same") // the first cookie is lost too
		if got := body(visitor.get("/who")); got != "" || len(visitor.cookies) != 0 {
			t.Errorf("without a cookie: got %q, cookies %v", got, visitor.cookies)
		}

		c := start(t, mw, nil)
		lost(c, "/other") // changes the record and not the token
		if got := body(c.get("/who")); got != "bob" {
			t.Errorf("after a lost change: got %q, want bob", got)
		}
		lost(c, "/login")
		if got := body(c.get("/who")); got != "" {
			t.Errorf("the token from before a login leads to %q", got)
		}
		if status := c.get("/same").StatusCode; status != http.StatusConflict {
			t.Errorf("the token from before a login stores something: status %d, want 409", status)
		}
		time.Sleep(time.Minute + time.Second) // until the tombstone of the old token has expired
		if status := c.get("/login").StatusCode; status != http.StatusOK || body(c.get("/who")) != "ada" {
			t.Errorf("the next login: status %d", status)
		}
		old := c.request("/who")
		lost(c, "/destroy")
		for range 2 {
			w := httptest.NewRecorder()
			if c.handler.ServeHTTP(w, old.Clone(t.Context())); w.Body.Len() != 0 {
				t.Errorf("after a lost logout the token leads to %q", w.Body)
			}
		}
		if c.get("/login"); body(c.get("/who")) != "ada" {
			t.Error("the visitor cannot log in after a lost logout")
		}
	})
}
