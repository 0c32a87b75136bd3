// Command starlette is a server in front of a Starlette or FastAPI application.
// It answers the routes that have moved to Go and forwards all others; both
// sides share one session. README.md explains it.
//
//	STARLETTE_URL=http://127.0.0.1:8000 SECRET_KEY=… go run .
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
)

func main() {
	starlette, err := url.Parse(os.Getenv("STARLETTE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	mw, err := shared(os.Getenv("SECRET_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", routes(mw, starlette)))
}

// shared reads and writes the cookie of SessionMiddleware.
func shared(secretKey string) (*sessions.Middleware, error) {
	return sessions.New(cookie.New(cookie.Starlette(secretKey)), &sessions.Config{
		Lifetime:  14 * 24 * time.Hour, // max_age of SessionMiddleware
		ClockSkew: 2 * time.Second,     // it refuses a cookie that is a second ahead of its clock
	})
}

// routes answers the routes that have moved, and forwards all others to
// Starlette.
func routes(mw *sessions.Middleware, starlette *url.URL) http.Handler {
	moved := http.NewServeMux()
	moved.HandleFunc("GET /api/settings", showSettings)
	moved.HandleFunc("PUT /api/settings", changeSettings)

	mux := http.NewServeMux()
	mux.Handle("/api/settings", mw.Handler(moved))
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(starlette)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}})
	return mux
}

// Settings are a dict in Python: {"language": "en", "dark": False}.
type Settings struct {
	Language string `json:"language"`
	Dark     bool   `json:"dark"`
}

const settings sessions.Key[Settings] = "settings" // request.session["settings"]

func showSettings(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	s, err := settings.Get(session)
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s)
}

func changeSettings(w http.ResponseWriter, r *http.Request) {
	var s Settings
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&s); err != nil {
		http.Error(w, "not settings", http.StatusBadRequest)
		return
	}
	session, err := sessions.Load(r.Context())
	if err == nil {
		err = settings.Set(session, s)
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// left is the last step: sessions are in a store of Go's own, and Starlette's
// cookies are still accepted.
func left(store sessions.Backend, secretKey string) (*sessions.Middleware, error) {
	return sessions.New(store, &sessions.Config{
		Sources: []sessions.Source{
			{Backend: cookie.New(cookie.Starlette(secretKey))},
		},
	})
}
