package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// A browser is one with an authenticator.
type browser struct {
	t      *testing.T
	server *httptest.Server
	party  virtualwebauthn.RelyingParty
}

func open(t *testing.T) *browser {
	t.Helper()
	backend, err := redis.Open(services.Redis(t), &redis.Options{Prefix: t.Name() + ":"})
	if err != nil {
		t.Fatal(err)
	}
	var app http.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	origin := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	app, err = application(backend, &webauthn.Config{RPID: "localhost", RPDisplayName: "The shop", RPOrigins: []string{origin}})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, server, virtualwebauthn.RelyingParty{ID: "localhost", Name: "The shop", Origin: origin}}
	b.forget()
	return b
}

// forget gives the browser an empty jar.
func (b *browser) forget() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.server.Client().Jar = jar
}

func (b *browser) do(method, path, body string) (int, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := b.server.Client().Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// attest returns what the browser sends after the answer to a beginning of a
// registration.
func (b *browser) attest(a virtualwebauthn.Authenticator, c virtualwebauthn.Credential, options string) string {
	b.t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		b.t.Fatalf("%v: %s", err, options)
	}
	return virtualwebauthn.CreateAttestationResponse(b.party, a, c, *parsed)
}

// assert returns what the browser sends after the answer to a beginning of a login.
func (b *browser) assert(a virtualwebauthn.Authenticator, c virtualwebauthn.Credential, options string) string {
	b.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		b.t.Fatalf("%v: %s", err, options)
	}
	return virtualwebauthn.CreateAssertionResponse(b.party, a, c, *parsed)
}

func (b *browser) want(step string, status int, text string, want int) {
	b.t.Helper()
	if status != want {
		b.t.Fatalf("%s: status %d, %s, want %d", step, status, text, want)
	}
}

// TestPasskey: a passkey is registered, logs in from another browser, and neither
// ceremony can be repeated.
func TestPasskey(t *testing.T) {
	b := open(t)
	status, text := b.do("POST", "/signup?name=ada", "")
	b.want("signup", status, text, http.StatusOK)

	status, options := b.do("POST", "/passkey/register/begin", "")
	b.want("begin the registration", status, options, http.StatusOK)
	authenticator := virtualwebauthn.NewAuthenticator()
	credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	attestation := b.attest(authenticator, credential, options)
	status, text = b.do("POST", "/passkey/register/finish", attestation)
	b.want("finish the registration", status, text, http.StatusNoContent)
	status, text = b.do("POST", "/passkey/register/finish", attestation)
	b.want("finish it again", status, text, http.StatusBadRequest)

	authenticator.Options.UserHandle = handleOf(t, options)
	authenticator.AddCredential(credential)
	b.forget()
	status, options = b.do("POST", "/passkey/login/begin", "")
	b.want("begin the login", status, options, http.StatusOK)
	assertion := b.assert(authenticator, credential, options)
	status, text = b.do("POST", "/passkey/login/finish", assertion)
	b.want("finish the login", status, text, http.StatusNoContent)
	if _, text = b.do("GET", "/", ""); !strings.Contains(text, `"ada"`) {
		t.Errorf("logged in as %s, want ada", text)
	}
	status, text = b.do("POST", "/passkey/login/finish", assertion)
	b.want("finish it again", status, text, http.StatusBadRequest)

	b.forget() // another session has another challenge, which the assertion does not answer
	b.do("POST", "/passkey/login/begin", "")
	status, text = b.do("POST", "/passkey/login/finish", assertion)
	b.want("an assertion for another session", status, text, http.StatusForbidden)
	status, text = b.do("POST", "/passkey/register/begin", "")
	b.want("a registration without a user", status, text, http.StatusUnauthorized)
}

// handleOf returns the user's handle in the options of a registration.
func handleOf(t *testing.T, options string) []byte {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(parsed.UserID)
}
