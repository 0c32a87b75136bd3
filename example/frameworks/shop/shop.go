// Package shop is a small shop, written once for net/http, that every framework serves.
package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gosessions/sessions"
)

// Cart is how many of each good the visitor wants.
const Cart sessions.Key[map[string]int] = "cart"

// Uploaded is the size of the file that the visitor has sent.
const Uploaded sessions.Key[int64] = "uploaded"

// Route is a path of the shop, and what answers there.
type Route struct {
	Method, Path string
	Handler      http.HandlerFunc
}

// Routes returns the routes of the shop, except those of streams: see [Events] and
// [Socket]. mw lists devices.
func Routes(mw *sessions.Middleware) []Route {
	return []Route{
		{http.MethodPost, "/login", handle(login)},
		{http.MethodPost, "/logout", handle(logout)},
		{http.MethodPost, "/cart", handle(add)},
		{http.MethodGet, "/cart", handle(cart)},
		{http.MethodGet, "/flash", handle(flash)},
		{http.MethodGet, "/devices", handle(devices(mw))},
		{http.MethodPost, "/upload", handle(upload)},
		{http.MethodPost, "/fail", handle(fail)},
		{http.MethodPost, "/panic", handle(crash)},
	}
}

// Streams returns the routes that a framework without net/http cannot serve by an
// adaptor.
func Streams() []Route {
	return []Route{
		{http.MethodGet, "/events", Events},
		{http.MethodGet, "/socket", Socket},
	}
}

// handle returns a handler that loads the session, and answers with what f returns.
func handle(f func(s *sessions.Session, r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		answer, err := f(s, r)
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func login(s *sessions.Session, r *http.Request) (any, error) {
	user := r.FormValue("user")
	err := errors.Join(s.RegenerateID(), s.SetSubject(user), s.Flash("", "Welcome, "+user))
	return user, err
}

func logout(s *sessions.Session, r *http.Request) (any, error) {
	return "goodbye", s.Destroy(r.Context())
}

func cart(s *sessions.Session, _ *http.Request) (any, error) { return Cart.Get(s) }

func add(s *sessions.Session, r *http.Request) (any, error) {
	return Add(s, r.FormValue("item"))
}

// Add puts one item into the cart.
func Add(s *sessions.Session, item string) (map[string]int, error) {
	return Cart.Update(s, func(items map[string]int) (map[string]int, error) {
		if items == nil {
			items = map[string]int{}
		}
		items[item]++
		return items, nil
	})
}

func flash(s *sessions.Session, _ *http.Request) (any, error) {
	messages, err := s.Flashes()
	texts := []string{}
	for _, m := range messages {
		texts = append(texts, fmt.Sprint(m.Message))
	}
	return texts, err
}

func devices(mw *sessions.Middleware) func(*sessions.Session, *http.Request) (any, error) {
	return func(s *sessions.Session, r *http.Request) (any, error) {
		if s.Subject() == "" {
			return 0, nil
		}
		list, err := mw.List(r.Context(), s.Subject())
		return len(list), err
	}
}

func upload(s *sessions.Session, r *http.Request) (any, error) {
	file, _, err := r.FormFile("file")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := io.Copy(io.Discard, file)
	if err != nil {
		return nil, err
	}
	return size, Uploaded.Set(s, size)
}

// fail is a login that fails after it has named the owner.
func fail(s *sessions.Session, r *http.Request) (any, error) {
	_, err := login(s, r)
	return nil, errors.Join(err, errors.New("shop: no profile"))
}

// crash is a login that panics after it has named the owner.
func crash(s *sessions.Session, r *http.Request) (any, error) {
	_, _ = login(s, r)
	panic("shop: crash") //rules:allow because it shows what a panic does
}
