// Command flask is a server in front of a Flask application. It answers the
// routes that have moved to Go and forwards all others; both sides share one
// session. README.md explains it.
//
//	FLASK_URL=http://127.0.0.1:5000 SECRET_KEY=… go run .
package main

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

func main() {
	flask, err := url.Parse(os.Getenv("FLASK_URL"))
	if err != nil {
		log.Fatal(err)
	}
	older := strings.Fields(os.Getenv("SECRET_KEY_FALLBACKS"))
	mw, err := shared(os.Getenv("SECRET_KEY"), older...)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", routes(mw, flask)))
}

// shared reads and writes Flask's session cookie.
func shared(secretKey string, older ...string) (*sessions.Middleware, error) {
	return sessions.New(cookie.New(cookie.Flask(secretKey, older...)), &sessions.Config{
		ClockSkew: 2 * time.Second, // Flask refuses a cookie that is a second ahead of its clock
	})
}

// routes answers the routes that have moved, and forwards all others to Flask.
func routes(mw *sessions.Middleware, flask *url.URL) http.Handler {
	moved := http.NewServeMux()
	moved.HandleFunc("GET /cart", showCart)
	moved.HandleFunc("POST /cart", addToCart)
	moved.HandleFunc("POST /logout", logOut)

	mux := http.NewServeMux()
	mux.Handle("/cart", mw.Handler(moved))
	mux.Handle("POST /logout", mw.Handler(moved))
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(flask)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}})
	return mux
}

const (
	cart   sessions.Key[map[string]int] = "cart"     // session["cart"] in Flask
	userID sessions.Key[string]         = "_user_id" // Flask-Login's
)

func addToCart(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	if !userID.Has(session) {
		http.Redirect(w, r, "/login?next=/cart", http.StatusSeeOther) // still in Flask
		return
	}
	item := r.FormValue("item")
	_, err = cart.Update(session, func(items map[string]int) (map[string]int, error) {
		if items == nil {
			items = map[string]int{}
		}
		items[item]++
		return items, nil
	})
	if err == nil {
		err = session.Flash("success", item+" is in your cart") // get_flashed_messages() shows it
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func showCart(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	items, err := cart.Get(session)
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	for item, n := range items {
		w.Write([]byte(item + ": " + strings.Repeat("*", n) + "\n"))
	}
}

// logIn does what Flask-Login's login_user does, for when the login moves to
// Go. Without _id Flask-Login treats the session as stolen.
func logIn(s *sessions.Session, r *http.Request, id string) error {
	if err := s.RegenerateID(); err != nil {
		return err
	}
	address, _, _ := net.SplitHostPort(r.RemoteAddr) // what Flask finds in X-Forwarded-For
	browser := "None"
	if header := r.Header["User-Agent"]; len(header) > 0 {
		browser = bytesInPython(header[0])
	}
	who := sha512.Sum512([]byte(bytesInPython(address) + "|" + browser))
	return errors.Join(userID.Set(s, id), s.Set("_fresh", true), s.Set("_id", hex.EncodeToString(who[:])))
}

// bytesInPython returns what Python prints for the bytes of a header: WSGI takes
// each byte for a character of Latin-1, which Flask-Login encodes as UTF-8.
func bytesInPython(header string) string {
	quote := byte('\'')
	if strings.Contains(header, "'") && !strings.Contains(header, `"`) {
		quote = '"'
	}
	text := []byte{'b', quote}
	for _, c := range []byte(header) {
		switch {
		case c == quote || c == '\\':
			text = append(text, '\\', c)
		case c == '\t':
			text = append(text, `\t`...)
		case c < ' ' || c == 0x7f:
			text = fmt.Appendf(text, `\x%02x`, c)
		case c < 0x7f:
			text = append(text, c)
		default:
			for _, b := range []byte(string(rune(c))) {
				text = fmt.Appendf(text, `\x%02x`, b)
			}
		}
	}
	return string(append(text, quote))
}

// logOut ends the session, and what Flask-Login remembers besides.
func logOut(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err == nil {
		err = session.Destroy(r.Context())
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "remember_token", Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// leaving is the release before left: it still writes Flask's cookies, and knows
// the sessions that instances of the next release have moved.
func leaving(store sessions.Backend, secretKey string, older ...string) (*sessions.Middleware, error) {
	return sessions.New(cookie.New(cookie.Flask(secretKey, older...)), &sessions.Config{
		ClockSkew: 2 * time.Second,
		Sources:   []sessions.Source{{Backend: store, Format: format}},
	})
}

// left is the last step: sessions are in a store of Go's own, and Flask's
// cookies are still accepted.
func left(store sessions.Backend, secretKey string, older ...string) (*sessions.Middleware, error) {
	return sessions.New(store, &sessions.Config{
		Format:  format,
		Sources: []sessions.Source{{Backend: cookie.New(cookie.Flask(secretKey, older...))}},
	})
}

// format keeps tuples, bytes and times what they were in Flask.
var format = serializer.Native(serializer.Flask)
