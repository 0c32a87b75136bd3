// Command websockets keeps count of a visitor's messages over a websocket, with each
// of two libraries. docs/recipes.md explains it.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", application(mw)))
}

func application(mw *sessions.Middleware) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gorilla", withGorilla)
	mux.HandleFunc("GET /coder", withCoder)
	return mw.Handler(mux)
}

const messages sessions.Key[int] = "messages"

// begin makes sure that there is a session, and that it is stored.
func begin(r *http.Request) (*sessions.Session, error) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		return nil, err
	}
	if !messages.Has(session) {
		if err := messages.Set(session, 0); err != nil {
			return nil, err
		}
	}
	return session, session.Save(r.Context())
}

// count counts one message. It fails if the session has ended.
func count(ctx context.Context, session *sessions.Session) (n int, err error) {
	err = session.Transact(ctx, func(s *sessions.Session) error {
		n, err = messages.Update(s, func(n int) (int, error) { return n + 1, nil })
		return err
	})
	return n, err
}

func withGorilla(w http.ResponseWriter, r *http.Request) {
	session, err := begin(r)
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	conn, err := new(gorilla.Upgrader).Upgrade(w, r, session.ResponseHeader())
	if err != nil {
		return // Upgrade has answered
	}
	defer conn.Close()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
		n, err := count(r.Context(), session)
		if err != nil {
			return
		}
		if err := conn.WriteMessage(gorilla.TextMessage, []byte(fmt.Sprint(n))); err != nil {
			return
		}
	}
}

func withCoder(w http.ResponseWriter, r *http.Request) {
	session, err := begin(r)
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	conn, err := coder.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		if _, _, err := conn.Read(r.Context()); err != nil {
			return
		}
		n, err := count(r.Context(), session)
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), coder.MessageText, []byte(fmt.Sprint(n))); err != nil {
			return
		}
	}
}
