// Package fibersessions gives the handlers of Fiber (v3) their sessions. Fiber does not
// use net/http, and its adaptor for net/http middleware does not pass on a context.
//
//	mw, err := sessions.New(memory.New(nil), nil)
//	// …
//	app := fiber.New()
//	app.Use(fibersessions.New(mw))
//	app.Get("/", func(c fiber.Ctx) error {
//		session, err := sessions.Load(c.Context())
//		if err != nil {
//			return err
//		}
//		// …
//	})
//
// Fiber sends a response when the handlers have returned. So the session is saved then,
// and not with the first byte. A function given to SendStreamWriter runs in parallel:
// it may start before the session is saved, and it continues afterward. Call
// Session.Save first if there is something to save, and change the session in the
// stream, or in a websocket, with Session.Transact. The idle timeout does not count a
// stream as use.
package fibersessions

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v3"

	"github.com/gosessions/sessions"
)

// New returns Fiber middleware that does for Fiber's handlers what mw.Handler does for
// those of net/http. Handlers get the session from sessions.Load(c.Context()), or with
// a context derived from that one. An error that a handler returns is first answered by
// the app's ErrorHandler; then the session is saved, if [sessions.Config.SaveOn]
// accepts the status of this response. If that fails, the error handler of mw answers
// instead, with the headers that were set before this middleware. The functions in the
// Config of mw get a request without a body. The middleware is safe for concurrent use.
func New(mw *sessions.Middleware) fiber.Handler {
	h := mw.Handler(http.HandlerFunc(serve))
	return func(c fiber.Ctx) error {
		x := &exchange{c: c, header: make(http.Header)}
		x.readHeader()
		defer x.finish()
		h.ServeHTTP(x, requestOf(c))
		return x.err
	}
}

// exchange is Fiber's response to the session's middleware, which decides about the
// header and answers if the session could not be saved.
type exchange struct {
	c      fiber.Ctx
	header http.Header
	before http.Header // header as it was read from Fiber's response
	status int         // of the answer that replaces Fiber's response; 0 for none
	body   []byte
	err    error
}

// serve runs the rest of Fiber's chain.
func serve(w http.ResponseWriter, r *http.Request) {
	x := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*exchange)
	c := x.c
	c.SetContext(r.Context())
	err := c.Next()
	if x.Written() {
		x.err = err
		return
	}
	if err != nil {
		if c.App().ErrorHandler(c, err) != nil {
			_ = c.SendStatus(http.StatusInternalServerError)
		}
	}
	x.readHeader()
	w.WriteHeader(c.Response().StatusCode())
	if _, err := w.Write(nil); err == nil {
		x.status = 0 // saved: Fiber's response stays
	}
}

// Written reports whether Fiber's timeout middleware has sent the response already: a
// cookie would be lost. The handler may still be running and use the response.
func (x *exchange) Written() bool {
	return x.c.RequestCtx().LastTimeoutErrorResponse() != nil
}

func (x *exchange) Header() http.Header { return x.header }

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 || status == http.StatusSwitchingProtocols {
		x.status = status
	}
}

func (x *exchange) Write(b []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	x.body = append(x.body, b...)
	return len(b), nil
}

// readHeader makes header the one of Fiber's response.
func (x *exchange) readHeader() {
	clear(x.header)
	for name, value := range x.c.Response().Header.All() {
		x.header.Add(string(name), string(value))
	}
	x.before = x.header.Clone()
}

// finish puts what the session's middleware has decided into Fiber's response.
func (x *exchange) finish() {
	if x.Written() {
		return
	}
	response := x.c.Response()
	if x.status != 0 {
		response.Reset()
		x.c.RequestCtx().Hijack(nil)
		response.SetStatusCode(x.status)
		response.SetBody(x.body)
		x.before = nil
	}
	for name, values := range x.header {
		if !slices.Equal(values, x.before[name]) {
			response.Header.Del(name)
			for _, value := range values {
				response.Header.Add(name, value)
			}
		}
	}
	for name := range x.before {
		if len(x.header[name]) == 0 {
			response.Header.Del(name)
		}
	}
}

// requestOf returns the request for the session's middleware. It shares no memory with
// Fiber's, which is used again for the next request.
func requestOf(c fiber.Ctx) *http.Request {
	in := c.RequestCtx()
	r := &http.Request{
		Method:     string(in.Method()),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     make(http.Header),
		Body:       http.NoBody,
		Host:       string(in.Host()),
		RemoteAddr: in.RemoteAddr().String(),
		RequestURI: string(in.RequestURI()),
		TLS:        in.TLSConnectionState(),
	}
	var err error
	if r.URL, err = url.ParseRequestURI(r.RequestURI); err != nil {
		r.URL = &url.URL{Path: string(in.Path())}
	}
	for name, value := range in.Request.Header.All() {
		r.Header.Add(string(name), string(value))
	}
	r.Header.Del("Host") // as net/http does
	return r.WithContext(c.Context())
}
