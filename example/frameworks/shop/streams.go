package shop

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"

	"github.com/gosessions/sessions"
)

// EventCount is how many events a stream has.
const EventCount = 3

// Events streams the cart's size, each time after the visitor's other requests have
// changed it. It changes the session with Transact, because the response has begun.
func Events(w http.ResponseWriter, r *http.Request) {
	s, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	if _, err := Add(s, "stream"); err != nil {
		sessions.Error(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK) // saves the session
	flush := http.NewResponseController(w).Flush
	if flush() == nil {
		Stream(r.Context(), s, w, flush)
	}
}

// Stream writes the events of a session.
func Stream(ctx context.Context, s *sessions.Session, w io.Writer, flush func() error) {
	for range EventCount {
		text, err := Order(ctx, s, "event")
		if err != nil {
			return
		}
		fmt.Fprintf(w, "data: %s\n\n", text)
		if flush() != nil {
			return
		}
	}
}

// Order adds an item although the response has begun, and returns how many of it are in
// the cart.
func Order(ctx context.Context, s *sessions.Session, item string) (string, error) {
	n := 0
	err := s.Transact(ctx, func(s *sessions.Session) error {
		items, err := Add(s, item)
		n = items[item]
		return err
	})
	return fmt.Sprint(item, " ", n), err
}

// Socket is a websocket: each message is an item for the cart. The session is saved
// before the upgrade, and its cookie sent with it.
func Socket(w http.ResponseWriter, r *http.Request) {
	s, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	if err := s.Save(r.Context()); err != nil {
		sessions.Error(w, r, err)
		return
	}
	for name, values := range s.ResponseHeader() {
		w.Header()[name] = values
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		_, item, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		text, err := Order(r.Context(), s, string(item))
		if err != nil {
			text = err.Error()
		}
		if conn.Write(r.Context(), websocket.MessageText, []byte(text)) != nil {
			return
		}
	}
}
