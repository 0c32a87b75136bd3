package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestWebsockets: the response to the upgrade has the cookie of a new session, the
// next connection goes on counting, and a logout ends it.
func TestWebsockets(t *testing.T) {
	for _, path := range []string{"/gorilla", "/coder"} {
		t.Run(path, func(t *testing.T) {
			backend, err := redis.Open(services.Redis(t), &redis.Options{Prefix: t.Name() + ":"})
			if err != nil {
				t.Fatal(err)
			}
			mw, err := sessions.New(backend, nil)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(application(mw))
			t.Cleanup(server.Close)
			url := strings.Replace(server.URL, "http", "ws", 1) + path

			conn, response, err := gorilla.DefaultDialer.Dial(url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(response.Cookies()) != 1 {
				t.Fatalf("the upgrade set %d cookies, want 1", len(response.Cookies()))
			}
			say(t, conn, "1")
			say(t, conn, "2")
			_ = conn.Close()

			cookie := response.Cookies()[0]
			conn, response, err = gorilla.DefaultDialer.Dial(url, http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if len(response.Cookies()) != 0 {
				t.Errorf("the second upgrade set %d cookies, want none", len(response.Cookies()))
			}
			say(t, conn, "3")

			logout(t, mw, cookie)
			if err := conn.WriteMessage(gorilla.TextMessage, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, text, err := conn.ReadMessage(); err == nil {
				t.Errorf("after the logout the server answers %q", text)
			}
		})
	}
}

func say(t *testing.T, conn *gorilla.Conn, want string) {
	t.Helper()
	if err := conn.WriteMessage(gorilla.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := conn.ReadMessage(); string(got) != want {
		t.Fatalf("the answer is %q, %v, want %s", got, err, want)
	}
}

func logout(t *testing.T, mw *sessions.Middleware, cookie *http.Cookie) {
	t.Helper()
	r := httptest.NewRequest("POST", "/", nil)
	r.AddCookie(cookie)
	mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = session.Destroy(r.Context())
		}
		if err != nil {
			t.Error(err)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}
