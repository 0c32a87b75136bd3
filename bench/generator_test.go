package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// TestGenerator: the load generator counts the requests that a server has answered,
// with each visitor's cookie, and follows new ones if it should.
func TestGenerator(t *testing.T) {
	for _, follow := range []bool{false, true} {
		var mu sync.Mutex
		requests, visitors := 0, map[string]int{} // by the visitor's cookie
		count := func(cookie string) (next string) {
			mu.Lock()
			defer mu.Unlock()
			requests++
			visitors[cookie]++
			return fmt.Sprintf("id=%c%d", cookie[len("id=")], requests)
		}
		handlers := []contestant{
			{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Set-Cookie", count(r.Header.Get("Cookie"))+"; Path=/")
			})},
			{fast: func(ctx *fasthttp.RequestCtx) {
				ctx.SetStatusCode(http.StatusNoContent)
				ctx.Response.Header.Set("Set-Cookie", count(string(ctx.Request.Header.Peek("Cookie")))+"; Path=/")
			}},
		}
		g := startGenerator(t)
		for i := range handlers {
			c := &handlers[i]
			entered := 0
			c.enter = func() string { entered++; return fmt.Sprintf("id=%c", 'a'+entered-1) }
			server := g.join(t, c, 3, follow)
			r := g.do(order{Server: server, Connections: 2, Length: 20 * time.Millisecond})
			if r.Answers != requests || r.Answers < 4 || r.Took < 20*time.Millisecond {
				t.Errorf("server %d: %d answers to %d requests, in %v", i, r.Answers, requests, r.Took)
			}
			if visitors["id=a"] == 0 || visitors["id=b"] == 0 || visitors["id=c"] != 0 {
				t.Errorf("server %d: the first two of three visitors should ask: %v", i, visitors)
			}
			if got := len(visitors); follow != (got == requests) || !follow && got != 2 {
				t.Errorf("server %d, follow %v: %d different cookies in %d requests", i, follow, got, requests)
			}
			requests, visitors = 0, map[string]int{}
		}
		g.leave()
	}
}

// TestGeneratorFails: an answer other than the expected one is an error.
func TestGeneratorFails(t *testing.T) {
	c := contestant{answers: true, enter: func() string { return "" }, handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	})}
	var orders, results bytes.Buffer
	encoder := json.NewEncoder(&orders)
	for _, o := range []order{
		{Address: serve(t, &c), Cookies: []string{""}},
		{Connections: 1, Length: time.Minute},
		{Leave: true},
	} {
		if err := encoder.Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := generate(&orders, &results); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(results.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "503") || strings.Contains(lines[0]+lines[2], "Error") {
		t.Errorf("replied %q", lines)
	}
}
