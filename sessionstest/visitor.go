package sessionstest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/gosessions/sessions"
)

// Visitor is a simulated browser for testing handlers. It sends requests one
// after the other, keeps the cookies and other tokens of the responses, and
// lets the test prepare and inspect its session.
//
//	visitor := sessionstest.NewVisitor(mw)
//	err := visitor.Session(func(s *sessions.Session) error { return user.Set(s, "ada") })
//	response := visitor.Do(mw.Handler(app), httptest.NewRequest("GET", "/cart", nil))
//
// It honors a cookie's Max-Age and Expires, but sends it to every path and
// host, with and without TLS. It is safe for concurrent use.
type Visitor struct {
	mw *sessions.Middleware

	mu      sync.Mutex
	cookies map[string]kept
	headers http.Header // tokens other than cookies, by the name of the header
}

// kept is a cookie as a browser keeps it.
type kept struct {
	value   string
	expires time.Time // zero: when the browser is closed
}

// NewVisitor returns a visitor without any cookies. [Visitor.Session] uses the
// sessions of mw.
func NewVisitor(mw *sessions.Middleware) *Visitor {
	return &Visitor{mw: mw, cookies: make(map[string]kept), headers: make(http.Header)}
}

// Session calls f with the visitor's session as a request would load it, saves
// the changes, and keeps the token. If f returns an error, Session saves
// nothing and returns that error. Otherwise it returns the errors of loading
// and saving.
func (v *Visitor) Session(f func(*sessions.Session) error) error {
	ran := false
	var err error
	handler := v.mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ran = true
		err = edit(r, f)
	}))
	w := v.Do(handler, httptest.NewRequest(http.MethodGet, "/", nil))
	if !ran {
		return fmt.Errorf("sessionstest: the middleware did not load the session and answered %d", w.Code)
	}
	return err
}

func edit(r *http.Request, f func(*sessions.Session) error) error {
	session, err := sessions.Load(r.Context())
	if err != nil {
		return err
	}
	if err := f(session); err != nil {
		session.Discard()
		return err
	}
	return session.Save(r.Context())
}

// Do adds the visitor's tokens to the request, lets handler answer it, and
// keeps the tokens in the response. The middleware must wrap handler.
func (v *Visitor) Do(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	r = r.Clone(r.Context())
	v.send(r)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	v.keep(w.Result())
	return w
}

// Close simulates closing the browser: it forgets the cookies without an
// expiry.
func (v *Visitor) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, c := range v.cookies {
		if c.expires.IsZero() {
			delete(v.cookies, name)
		}
	}
}

func (v *Visitor) send(r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, c := range v.cookies {
		if !c.expires.IsZero() && !time.Now().Before(c.expires) {
			delete(v.cookies, name)
			continue
		}
		r.AddCookie(&http.Cookie{Name: name, Value: c.value})
	}
	for name, values := range v.headers {
		r.Header[name] = values
	}
}

func (v *Visitor) keep(response *http.Response) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range response.Cookies() {
		expires := c.Expires
		if c.MaxAge != 0 {
			expires = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		v.cookies[c.Name] = kept{c.Value, expires}
	}
	// A token in another header is found by the Vary header of the response.
	for _, line := range response.Header["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values := response.Header[name]; values != nil {
				v.headers[name] = values
			}
		}
	}
}
