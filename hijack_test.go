package sessions_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func TestR20_C4_Hijack(t *testing.T) {
	var upgrade func(w http.ResponseWriter, s *sessions.Session)
	server := listen(t, memory.New(nil), func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		upgrade(w, s)
	})
	hijack := func(w http.ResponseWriter, h http.Header) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer conn.Close()
		fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n")
		_ = h.Write(buf)
		fmt.Fprint(buf, "\r\n")
		_ = buf.Flush()
	}
	ask := func() *http.Response {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}

	upgrade = func(w http.ResponseWriter, s *sessions.Session) { hijack(w, nil) }
	if response := ask(); response.StatusCode != 101 {
		t.Errorf("an untouched session: status %d", response.StatusCode)
	}
	upgrade = func(w http.ResponseWriter, s *sessions.Session) {
		check(t, user.Set(s, "ada"))
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("a hijack that loses a token: no error")
		}
	}
	if response := ask(); len(response.Cookies()) != 1 {
		t.Errorf("after a refused hijack: cookies %v, want one", response.Cookies())
	}
	upgrade = func(w http.ResponseWriter, s *sessions.Session) {
		check(t, user.Set(s, "ada"))
		check(t, s.Save(t.Context()))
		hijack(w, s.ResponseHeader())
	}
	if response := ask(); response.StatusCode != 101 || len(response.Cookies()) != 1 {
		t.Errorf("with ResponseHeader: status %d, cookies %v", response.StatusCode, response.Cookies())
	}
	upgrade = func(w http.ResponseWriter, s *sessions.Session) {
		check(t, user.Set(s, "ada"))
		check(t, http.NewResponseController(w).Flush())
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack of a response that has begun: %v", err)
			return
		}
		check(t, conn.Close())
	}
	if response := ask(); response.StatusCode != 200 || len(response.Cookies()) != 1 {
		t.Errorf("after a flush: status %d, cookies %v", response.StatusCode, response.Cookies())
	}
}
