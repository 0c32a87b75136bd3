package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// A provider is an OpenID provider that takes every visitor for the subject 7. It
// insists on PKCE, and sends the visitor back as the request asks.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu     sync.Mutex
	grants map[string]url.Values // a code to the request that it answers
	nonce  string                // of ID tokens, instead of what the request asks for
}

const (
	clientID     = "shop"
	clientSecret = "the client's secret"
)

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, grants: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /keys", p.keys)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer":                                p.URL,
		"authorization_endpoint":                p.URL + "/authorize",
		"token_endpoint":                        p.URL + "/token",
		"jwks_uri":                              p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

// authorize answers with a redirect, or with the form that a browser would send at
// once.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	request := r.URL.Query()
	if request.Get("client_id") != clientID || request.Get("code_challenge_method") != "S256" {
		http.Error(w, "no such client, or no PKCE", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.grants[code] = request
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {request.Get("state")}}
	if request.Get("response_mode") == "form_post" {
		answer(w, back)
		return
	}
	http.Redirect(w, r, request.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

// token answers each code once.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	code := r.FormValue("code")
	request, known := p.grants[code]
	delete(p.grants, code)
	nonce := p.nonce
	p.mu.Unlock()
	if nonce == "" {
		nonce = request.Get("nonce")
	}
	id, secret, _ := r.BasicAuth()
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case !known, id != clientID, secret != url.QueryEscape(clientSecret),
		request.Get("redirect_uri") != r.FormValue("redirect_uri"),
		request.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]):
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	now := time.Now().Unix()
	answer(w, map[string]any{
		"access_token": rand.Text(), "token_type": "Bearer",
		"id_token": p.sign(map[string]any{"iss": p.URL, "sub": "7", "aud": clientID, "iat": now, "exp": now + 60, "nonce": nonce}),
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": base64.RawURLEncoding.EncodeToString(p.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

func (p *provider) sign(claims map[string]any) string {
	text := encode(map[string]string{"alg": "RS256", "kid": "1"}) + "." + encode(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, digest[:])
	if err != nil {
		return ""
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		fmt.Fprintln(w, err)
	}
}
