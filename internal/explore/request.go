package explore

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/gosessions/sessions"
)

// Program is what one request does.
type Program struct {
	Name string

	// Carries names the sessions whose cookies the request sends, the planted
	// ones first; Junk is a cookie that was never issued. Empty: none.
	Carries []string

	// Run is the handler. The request is answered with the error's status, by
	// [sessions.Error], or with 200.
	Run func(q *Caller) error

	// Locks says that goroutines of this request wait for each other's locks.
	Locks bool
}

// Junk is a token of the right form that was never issued.
const Junk = "junk"

// request is one run of a program.
type request struct {
	run     *run
	index   int
	name    string
	program Program
	process *process

	units   []*unit
	status  int
	left    bool // it has been answered
	cookies jar
	sent    jar  // what the response sets, nil for nothing
	hollow  bool // it got a success with a cookie that led nowhere at that moment
	circles bool // a function that it gave to Update was called again and again
	made    int  // sessions that it created
}

// ends reports whether the request has itself ended sessions.
func (r *request) ends() bool {
	return slices.ContainsFunc(r.units, func(u *unit) bool {
		return u.kind == destroy || u.kind == revoke || u.kind == revokeAll
	})
}

// serve runs the request from its first byte to its last.
func (r *request) serve(ctx context.Context) {
	th := ctx.Value(threadKey{}).(*thread)
	hr := httptest.NewRequest(http.MethodPost, "https://host/", nil).WithContext(ctx)
	r.cookies.send(hr)
	w := httptest.NewRecorder()
	var last *unit
	r.process.mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		q := &Caller{request: r, ctx: hr.Context(), thread: th, pending: new([]*effect)}
		if err := r.program.Run(q); err != nil {
			sessions.Error(w, hr, err)
		}
		last = q.note(&unit{kind: commit, effects: *q.pending, name: q.named})
	})).ServeHTTP(w, hr)
	sent := r.cookies.keep(w.Result().Cookies())
	hollow := false
	if sent != nil && w.Code < 300 {
		v, status := r.run.find(sent)
		hollow = v == nil && status == http.StatusOK && !r.ends()
	}
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	r.left, r.status, r.sent, r.hollow = true, w.Code, sent, hollow
	if last != nil {
		last.verdict = verdictOfStatus(w.Code)
	}
}
