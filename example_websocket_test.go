package sessions_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// chat upgrades to a websocket. A visitor without a session gets one first: the
// response to the upgrade is the last one that can carry a cookie.
func chat(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err == nil {
		err = session.Set("room", "tea")
	}
	if err == nil {
		err = session.Save(r.Context())
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	conn, err := upgrade(w, session.ResponseHeader())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	defer conn.Close()
	// From here on only Transact changes the session.
	err = session.Transact(r.Context(), func(s *sessions.Session) error { return s.Set("messages", 1) })
	fmt.Fprintln(conn, "saved:", err == nil)
}

// upgrade stands for the function of a websocket library that takes over the
// connection, and writes header into the response.
func upgrade(w http.ResponseWriter, header http.Header) (net.Conn, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n")
	_ = header.Write(conn)
	fmt.Fprint(conn, "\r\n")
	return conn, nil
}

// A websocket begins with a session of its visitor, and changes it later.
func Example_websocket() {
	mw, _ := sessions.New(memory.New(nil), nil)
	server := httptest.NewServer(mw.Handler(http.HandlerFunc(chat)))
	defer server.Close()

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.Status, response.Cookies()[0].Name)
	line, _ := reader.ReadString('\n')
	fmt.Print(line)
	// Output:
	// 101 Switching Protocols __Host-session
	// saved: true
}
