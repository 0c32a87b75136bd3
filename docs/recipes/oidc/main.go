// Command oidc is an application whose visitors log in with OpenID Connect.
// docs/recipes.md explains it.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
)

func main() {
	backend, err := redis.Open(os.Getenv("REDIS_URL"), nil)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := application(context.Background(), backend, oauth2.Config{
		ClientID:     os.Getenv("OIDC_CLIENT_ID"),
		ClientSecret: os.Getenv("OIDC_CLIENT_SECRET"),
		RedirectURL:  "https://example.com/login/callback",
		Scopes:       []string{oidc.ScopeOpenID},
	}, os.Getenv("OIDC_ISSUER"), oauth2.SetAuthURLParam("response_mode", "form_post"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", handler))
}

// A site is the application.
type site struct {
	sessions *sessions.Middleware
	attempts *sessions.Middleware
	oauth    oauth2.Config
	options  []oauth2.AuthCodeOption
	verifier *oidc.IDTokenVerifier
}

// An attempt is a login that is under way at the identity provider.
type attempt struct {
	State, Nonce, Verifier string
	Next                   string // where the visitor wanted to go
}

// An identity is what the provider has said about the visitor.
type identity struct {
	Subject, Next string
}

const (
	pending  sessions.Key[attempt]  = "pending"
	verified sessions.Key[identity] = "verified"
)

// application returns the whole site for the provider with the URL issuer. The
// options are added to the request that the provider gets.
func application(ctx context.Context, backend sessions.Backend, config oauth2.Config, issuer string, options ...oauth2.AuthCodeOption) (http.Handler, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	config.Endpoint = provider.Endpoint()
	mw, err := sessions.New(backend, nil)
	if err != nil {
		return nil, err
	}
	// The provider may send the visitor back by a POST from its own site.
	attempts, err := sessions.New(backend, &sessions.Config{
		Lifetime:  10 * time.Minute,
		Transport: sessions.Cookie{Name: "__Host-login", SameSite: http.SameSiteNoneMode},
	})
	if err != nil {
		return nil, err
	}
	s := &site{mw, attempts, config, options, provider.Verifier(&oidc.Config{ClientID: config.ClientID})}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.Handle("GET /login", attempts.Handler(http.HandlerFunc(s.begin)))
	mux.Handle("/login/callback", attempts.Handler(http.HandlerFunc(s.callback)))
	mux.Handle("GET /login/done", attempts.Handler(http.HandlerFunc(s.done)))

	protection := http.NewCrossOriginProtection()
	protection.AddInsecureBypassPattern("POST /login/callback") // the state protects it
	return protection.Handler(mw.Handler(mux)), nil
}

// begin sends the visitor to the provider.
func (s *site) begin(w http.ResponseWriter, r *http.Request) {
	a := attempt{
		State:    rand.Text(),
		Nonce:    rand.Text(),
		Verifier: oauth2.GenerateVerifier(),
		Next:     localPath(r.FormValue("next")),
	}
	session, err := s.attempts.Load(r.Context())
	if err == nil {
		err = pending.Set(session, a)
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	options := append([]oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}, s.options...)
	http.Redirect(w, r, s.oauth.AuthCodeURL(a.State, options...), http.StatusSeeOther)
}

// callback is where the provider sends the visitor back to, by GET or by POST.
func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	session, err := s.attempts.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	a, err := pending.Take(session)
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	if a.State == "" || r.FormValue("state") != a.State {
		session.Discard() // a forged callback must not use up the visitor's attempt
		http.Error(w, "This login was not begun here, or it is over. Begin again.", http.StatusBadRequest)
		return
	}
	// From here on the attempt is used up. Of two requests only one gets further.
	if err := session.Save(r.Context()); err != nil {
		sessions.Error(w, r, err)
		return
	}
	subject, err := s.redeem(r.Context(), r.FormValue("code"), a)
	if err != nil {
		http.Error(w, "The identity provider did not confirm who you are. Begin again.", http.StatusForbidden)
		return
	}
	if err := verified.Set(session, identity{subject, a.Next}); err != nil {
		sessions.Error(w, r, err)
		return
	}
	http.Redirect(w, r, "/login/done", http.StatusSeeOther)
}

// redeem exchanges the provider's code for what it says about the visitor.
func (s *site) redeem(ctx context.Context, code string, a attempt) (subject string, err error) {
	token, err := s.oauth.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return "", err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := s.verifier.Verify(ctx, raw)
	if err != nil {
		return "", err
	}
	if id.Nonce != a.Nonce {
		return "", fmt.Errorf("oidc: the ID token is for another login")
	}
	return id.Subject, nil
}

// done logs in. It is a page of its own, because a POST from another site does not
// bring the cookie of the visitor's session, and so would lose what is in it.
func (s *site) done(w http.ResponseWriter, r *http.Request) {
	attempt, err := s.attempts.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	id, err := verified.Take(attempt)
	if err == nil && id.Subject == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	if err == nil {
		err = attempt.Save(r.Context())
	}
	if err == nil {
		err = s.login(r.Context(), id.Subject)
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	http.Redirect(w, r, id.Next, http.StatusSeeOther)
}

func (s *site) login(ctx context.Context, subject string) error {
	session, err := s.sessions.Load(ctx)
	if err != nil {
		return err
	}
	if err := session.RegenerateID(); err != nil {
		return err
	}
	return session.SetSubject(subject)
}

const cart sessions.Key[string] = "cart"

// home shows who the visitor is, and puts something into the cart.
func (s *site) home(w http.ResponseWriter, r *http.Request) {
	session, err := s.sessions.Load(r.Context())
	if err == nil && r.FormValue("buy") != "" {
		err = cart.Set(session, r.FormValue("buy"))
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	wanted, _ := cart.Get(session)
	fmt.Fprintf(w, "subject %q, cart %q\n", session.Subject(), wanted)
}

// localPath returns path if it is one of this site, and the home page otherwise.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return path
}
