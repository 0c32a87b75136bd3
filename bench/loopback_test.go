package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// visitors is how many connections ask at a time.
const visitors = 8

// loopback is a contestant behind a real server, and the bytes that its visitor
// sends.
type loopback struct {
	connections []net.Conn
	ask         []byte
}

func serve(tb testing.TB, c *contestant) *loopback {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.handler.ServeHTTP(w, r)
		w.WriteHeader(http.StatusNoContent)
	}))
	tb.Cleanup(server.Close)
	l := &loopback{}
	var ask bytes.Buffer
	fmt.Fprintf(&ask, "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", c.request.Header.Get("Cookie"))
	l.ask = ask.Bytes()
	for range visitors {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { conn.Close() })
		l.connections = append(l.connections, conn)
	}
	return l
}

// turn asks on all connections for so long and returns how many answers came.
func (l *loopback) turn(tb testing.TB, length time.Duration) int64 {
	tb.Helper()
	var answers atomic.Int64
	var wait sync.WaitGroup
	end := time.Now().Add(length)
	for _, conn := range l.connections {
		wait.Go(func() {
			in := bufio.NewReader(conn)
			for time.Now().Before(end) {
				if _, err := conn.Write(l.ask); err != nil {
					tb.Error(err)
					return
				}
				line, err := in.ReadSlice('\n')
				if err != nil || !bytes.Contains(line, []byte(" 204 ")) {
					tb.Errorf("answered %q, %v", line, err)
					return
				}
				for len(line) > 2 {
					if line, err = in.ReadSlice('\n'); err != nil {
						tb.Error(err)
						return
					}
				}
				answers.Add(1)
			}
		})
	}
	wait.Wait()
	return answers.Load()
}

// TestLoopback is budget B8: through a real server on loopback, with all that
// net/http does, the floor's handler answers hardly more requests than ours.
func TestLoopback(t *testing.T) {
	turns, length := 20, 200*time.Millisecond
	if testing.Short() {
		turns, length = 2, 20*time.Millisecond
	}
	for _, row := range []row{
		memoryRow(t, "read", ", 3 keys", values(3), 0),
		memoryRow(t, "write", ", 3 keys", values(3), 0),
		flaskRow(t, "read", 20, 0),
	} {
		floor, ours := serve(t, &row.contestants[0]), serve(t, &row.contestants[1])
		var most, answered int64
		for range turns {
			most += floor.turn(t, length)
			answered += ours.turn(t, length)
		}
		seconds := (time.Duration(turns) * length).Seconds()
		share := float64(answered) / float64(most)
		t.Logf("loopback, %s: %.0f requests a second of the floor's %.0f: %.2f", row.name, float64(answered)/seconds, float64(most)/seconds, share)
		if share < 0.90 && os.Getenv("BUDGETS") != "" {
			t.Errorf("%s: %.2f of the floor's requests, the budget is 0.90", row.name, share)
		}
	}
}
