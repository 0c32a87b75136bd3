// Package interop tests package gorilla with gothic of github.com/markbates/goth, the
// library that most often asks for a store of gorilla's. It is a module of its own,
// so that nobody else needs it.
package interop_test

import (
	"crypto/rand"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	gorillasessions "github.com/gorilla/sessions"
	"github.com/markbates/goth"
	"github.com/markbates/goth/gothic"
	"github.com/markbates/goth/providers/gitea"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/gorilla"
	"github.com/gosessions/sessions/serializer"
)

// provider is a small OAuth2 provider: it gives out a code for each visit, and a
// token for each code, once.
type provider struct {
	t    *testing.T
	mu   sync.Mutex
	uris map[string]string // redirect URIs by code
	live map[string]bool   // access tokens
}

const clientID, clientSecret = "client", "hush"

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/authorize":
		q := r.URL.Query()
		back, err := url.Parse(q.Get("redirect_uri"))
		if err != nil || q.Get("client_id") != clientID || q.Get("response_type") != "code" || q.Get("state") == "" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		code := rand.Text()
		p.uris[code] = q.Get("redirect_uri")
		answer := back.Query()
		answer.Set("code", code)
		answer.Set("state", q.Get("state"))
		back.RawQuery = answer.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	case "/token":
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		uri, ok := p.uris[r.FormValue("code")]
		delete(p.uris, r.FormValue("code"))
		if !ok || id != clientID || secret != clientSecret || r.FormValue("redirect_uri") != uri || r.FormValue("grant_type") != "authorization_code" {
			http.Error(w, `{"error": "invalid_grant"}`, http.StatusBadRequest)
			return
		}
		// Real tokens are long, and may contain anything.
		token := rand.Text() + strings.Repeat("é\"<", 100)
		p.live[token] = true
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "expires_in": 3600, "refresh_token": rand.Text()})
	case "/user":
		if !p.live[r.FormValue("access_token")] {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"id": 7, "login": "ada", "full_name": "Ada Lovelace", "email": "ada@example.com", "extra": {"list": [1, "x", null]}}`)
	default:
		http.NotFound(w, r)
	}
}

// app is an application that logs its visitors in with gothic and keeps them in a
// session of gorilla's. Its handlers know only gorilla and gothic.
func app(t *testing.T, store gorillasessions.Store) http.Handler {
	check := func(w http.ResponseWriter, err error) bool {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return err == nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", gothic.BeginAuthHandler)
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		user, err := gothic.CompleteUserAuth(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		session, err := store.Get(r, "app")
		if !check(w, err) {
			return
		}
		session.Values["user"] = user
		session.AddFlash("welcome")
		if check(w, session.Save(r, w)) {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	})
	mux.HandleFunc("/cart", func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "app")
		if !check(w, err) {
			return
		}
		session.Values["cart"] = 3
		if check(w, session.Save(r, w)) {
			fmt.Fprint(w, "in the cart")
		}
	})
	mux.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "app")
		if !check(w, err) {
			return
		}
		session.Options.MaxAge = -1
		if check(w, session.Save(r, w)) {
			fmt.Fprint(w, "bye")
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "app")
		if !check(w, err) {
			return
		}
		user, ok := session.Values["user"].(goth.User)
		if !ok {
			fmt.Fprintf(w, "stranger, cart %v", session.Values["cart"])
			return
		}
		flashes := session.Flashes()
		if check(w, session.Save(r, w)) {
			fmt.Fprintf(w, "%s %s %s %v, cart %v %v", user.UserID, user.NickName, user.Email, user.RawData["extra"], session.Values["cart"], flashes)
		}
	})
	return mux
}

func TestGothic(t *testing.T) {
	gob.Register(goth.User{})
	gob.Register(map[string]any{})
	for name, setup := range map[string]struct {
		backend sessions.Backend
		config  *sessions.Config
	}{
		"memory":         {memory.New(nil), nil},
		"MessagePack":    {memory.New(nil), &sessions.Config{Format: serializer.Native(serializer.MsgPack)}},
		"a cookie":       {cookie.New(cookie.Encrypted(rand.Text() + rand.Text())), nil},
		"Flask's cookie": {cookie.New(cookie.Flask(rand.Text() + rand.Text())), nil},
	} {
		t.Run(name, func(t *testing.T) {
			mw, err := sessions.New(setup.backend, setup.config)
			if err != nil {
				t.Fatal(err)
			}
			store := gorilla.NewStore([]any{"user"}, nil)
			gothic.Store = store
			oauth := httptest.NewServer(&provider{t: t, uris: map[string]string{}, live: map[string]bool{}})
			defer oauth.Close()
			site := httptest.NewTLSServer(mw.Handler(app(t, store)))
			defer site.Close()
			goth.ClearProviders()
			goth.UseProviders(gitea.NewCustomisedURL(clientID, clientSecret, site.URL+"/callback?provider=gitea",
				oauth.URL+"/authorize", oauth.URL+"/token", oauth.URL+"/user"))

			var callback string // the last one
			browser := site.Client()
			if browser.Jar, err = cookiejar.New(nil); err != nil {
				t.Fatal(err)
			}
			browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
				if r.URL.Path == "/callback" {
					callback = r.URL.String()
				}
				return nil
			}
			get := func(page string, status int, want string) {
				t.Helper()
				response, err := browser.Get(page)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != status || !strings.Contains(string(body), want) {
					t.Errorf("%s: %d %q, %v, want %d %q", response.Request.URL.Path, response.StatusCode, body, err, status, want)
				}
			}
			token := func() string {
				address, _ := url.Parse(site.URL)
				for _, c := range browser.Jar.Cookies(address) {
					return c.Value
				}
				return ""
			}

			get(site.URL, 200, "stranger, cart <nil>")
			get(site.URL+"/cart", 200, "in the cart")
			before := token()
			get(site.URL+"/login?provider=gitea", 200, "7 ada ada@example.com map[list:[1 x <nil>]], cart 3 [welcome]")
			if token() == before {
				t.Error("the login left the session's ID as it was")
			}
			get(site.URL, 200, "7 ada ada@example.com map[list:[1 x <nil>]], cart 3 []")
			get(callback, http.StatusUnauthorized, "could not find a matching session") // a callback counts once
			get(site.URL+"/callback?provider=gitea&code=x&state=y", http.StatusUnauthorized, "could not find a matching session")
			get(site.URL+"/logout", 200, "bye")
			get(site.URL, 200, "stranger, cart <nil>")

			// A callback of someone else's flow.
			browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			get(site.URL+"/login?provider=gitea", http.StatusTemporaryRedirect, "")
			get(site.URL+"/callback?provider=gitea&code=x&state=y", http.StatusUnauthorized, "state token mismatch")
			get(site.URL, 200, "stranger, cart <nil>")
		})
	}
}
