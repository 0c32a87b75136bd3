package bench

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	ours "github.com/gosessions/sessions"
)

// contestant is one way to do a row's work: a handler, and a way to let visitors in.
type contestant struct {
	name    string
	handler http.Handler
	fast    fasthttp.RequestHandler // Fiber's, instead of handler
	answers bool                    // handler writes the response's status itself
	enter   func() string           // lets a new visitor in; returns the visitor's cookie, "" for none
	request *http.Request           // of one visitor who has entered
}

// ready returns c with the request of a visitor. Who comes for the first time has
// no session.
func (c contestant) ready(what string) contestant {
	if what == "create" {
		c.enter = func() string { return "" }
	}
	c.request = httptest.NewRequest("GET", "/", nil)
	if cookie := c.enter(); cookie != "" {
		c.request.Header.Set("Cookie", cookie)
	}
	return c
}

// visitor is one more visitor of c, in process. It returns a function that sends a
// request. With follow the visitor takes the cookie that an answer sets.
func (c *contestant) visitor(follow bool) func() {
	cookie := c.enter()
	if c.fast != nil {
		return c.fastVisitor(cookie, follow)
	}
	first, request := httptest.NewRequest("GET", "/", nil), new(http.Request)
	if cookie != "" {
		first.Header.Set("Cookie", cookie)
	}
	w := discard{make(http.Header)}
	return func() {
		*request = *first // some keep a session in the request's context
		clear(w.header)
		c.handler.ServeHTTP(w, request)
		if set := w.header["Set-Cookie"]; follow && set != nil {
			pair, _, _ := strings.Cut(set[0], ";")
			first.Header.Set("Cookie", pair)
		}
	}
}

func (c *contestant) fastVisitor(cookie string, follow bool) func() {
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("GET")
	ctx.Request.Header.SetHost("localhost")
	ctx.Request.SetRequestURI("/")
	return func() {
		ctx.Request.Header.DelAllCookies()
		if cookie != "" {
			ctx.Request.Header.Set("Cookie", cookie) // which parses it
		}
		ctx.Response.Reset()
		ctx.ResetUserValues()
		c.fast(&ctx)
		if follow {
			for _, line := range ctx.Response.Header.Cookies() {
				cookie, _, _ = strings.Cut(string(line), ";")
			}
		}
	}
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// entering returns a function that runs fill for a new visitor, and returns the
// cookie that it sets.
func entering(tb testing.TB, fill http.Handler) func() string {
	return func() string {
		w := httptest.NewRecorder()
		fill.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			tb.Fatalf("the visitor got %d cookies: %q", len(cookies), w.Body)
		}
		return cookies[0].Name + "=" + cookies[0].Value
	}
}

// fastEntering is entering for Fiber.
func fastEntering(tb testing.TB, fill fasthttp.RequestHandler, uri string) func() string {
	return func() string {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI(uri)
		fill(&ctx)
		cookie := ""
		for _, line := range ctx.Response.Header.Cookies() {
			cookie, _, _ = strings.Cut(string(line), ";")
		}
		if cookie == "" {
			tb.Fatalf("the visitor got no cookie: %v", &ctx.Response)
		}
		return cookie
	}
}

// sink has the value that a handler has read, so that it is read.
var sink int

func must(err error) {
	if err != nil {
		panic(err)
	}
}

const n ours.Key[int] = "n"

// values are a session of so many keys, "n" among them.
func values(keys int) map[string]any {
	m := map[string]any{"n": 1}
	for i := len(m); i < keys; i++ {
		m[fmt.Sprintf("key_%02d", i)] = fmt.Sprintf("some value of key %d", i)
	}
	return m
}

// big is a session of 16 KB.
func big() map[string]any {
	m := map[string]any{"n": 1}
	for i := range 16 {
		m[fmt.Sprintf("blob_%02d", i)] = strings.Repeat("x", 1000)
	}
	return m
}

// objectOf returns values as an object in JSON, for a floor.
func objectOf(m map[string]any) []byte {
	b := []byte{'{'}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, k), ':')
		switch v := m[k].(type) {
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		case string:
			b = strconv.AppendQuote(b, v)
		}
	}
	return append(b, '}')
}
