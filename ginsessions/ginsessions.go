// Package ginsessions gives the handlers of gin their sessions. gin has a response
// writer of its own, so a wrapper for net/http middleware is not enough.
//
//	mw, err := sessions.New(memory.New(nil), nil)
//	// …
//	router := gin.Default()
//	router.Use(ginsessions.New(mw))
//	router.GET("/", func(c *gin.Context) {
//		session, err := sessions.Load(c.Request.Context())
//		// …
//	})
package ginsessions

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gosessions/sessions"
)

// New returns gin middleware that does for gin's handlers what mw.Handler does for
// those of net/http. Handlers get the session from
// sessions.Load(c.Request.Context()), or with a context derived from that one. The
// session is saved before gin sends the header. If that fails, the error handler of
// mw answers, and the writes of gin's handlers return the error. If mw answers
// before the handlers run, because loading failed, the chain is aborted. The
// middleware is safe for concurrent use.
func New(mw *sessions.Middleware) gin.HandlerFunc {
	h := mw.Handler(http.HandlerFunc(serve))
	return func(c *gin.Context) {
		r := &request{ResponseWriter: c.Writer, c: c}
		defer func() { c.Writer = r.ResponseWriter }()
		h.ServeHTTP(r, c.Request)
		if !r.served {
			c.Abort()
		}
	}
}

// request is one request. It is gin's writer to the session's middleware, which keeps
// it below the writer for the handlers: so serve finds it again.
type request struct {
	gin.ResponseWriter
	c      *gin.Context
	served bool
}

// Unwrap lets http.ResponseController find the methods of the writer below.
func (r *request) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// serve runs the rest of gin's chain.
func serve(w http.ResponseWriter, r *http.Request) {
	req := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*request)
	req.served = true
	c := req.c
	c.Request, c.Writer = r, &writer{req.ResponseWriter, w}
	c.Next()
	if !req.Written() {
		// gin sends the header later, with this status.
		w.WriteHeader(req.Status())
	}
}

// writer is the writer of gin's handlers. What gin keeps (Status, Size, Written) is
// gin's own; what begins the response goes through the session's writer.
type writer struct {
	gin.ResponseWriter
	session http.ResponseWriter
}

// WriteHeaderNow saves the session with the status that gin has noted, and sends the
// header.
func (w *writer) WriteHeaderNow() {
	if !w.Written() {
		w.session.WriteHeader(w.Status())
		w.ResponseWriter.WriteHeaderNow()
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeaderNow()
	return w.session.Write(b)
}

func (w *writer) WriteString(s string) (int, error) {
	w.WriteHeaderNow()
	return io.WriteString(w.session, s)
}

// FlushError is what http.ResponseController calls.
func (w *writer) FlushError() error {
	w.WriteHeaderNow()
	return http.NewResponseController(w.session).Flush()
}

func (w *writer) Flush() { _ = w.FlushError() }

// Hijack hands the connection over. It fails if a cookie is still to be set: see
// [sessions.Session.ResponseHeader].
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.session).Hijack()
}

// Unwrap lets http.ResponseController find the methods of the writers below.
func (w *writer) Unwrap() http.ResponseWriter { return w.session }
