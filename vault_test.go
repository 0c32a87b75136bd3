package sessions_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

// TestDOS5_StatelessTokensAreBounded: a stateless backend is asked to verify only a few
// tokens of a request.
func TestDOS5_StatelessTokensAreBounded(t *testing.T) {
	b := &countingStateless{}
	h := serve(t, newMiddleware(t, b, &sessions.Config{Transport: carrier{tokens: strings.Fields(strings.Repeat("a b c ", 1000))}}), basics)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/read", nil))
	if b.reads > 4 {
		t.Errorf("%d tokens were verified, want at most 4", b.reads)
	}
}

type countingStateless struct{ reads int }

func (b *countingStateless) Read(context.Context, string) (sessions.Record, error) {
	b.reads++
	return sessions.Record{}, sessions.ErrNotFound
}
func (b *countingStateless) Write(context.Context, string, sessions.Record) (string, error) {
	return "token", nil
}
func (b *countingStateless) Remove(context.Context, string) error         { return nil }
func (b *countingStateless) Exists(context.Context, string) (bool, error) { return false, nil }
func (b *countingStateless) Describe() backends.Facts                     { return backends.Facts{Stateless: true} }
