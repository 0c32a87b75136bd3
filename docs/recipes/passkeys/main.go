// Command passkeys is an application whose visitors log in with passkeys.
// docs/recipes.md explains it.
package main

import (
	"crypto/rand"
	"encoding/json"
	"log"
	"net/http"
	"slices"
	"sync"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func main() {
	handler, err := application(memory.New(nil), &webauthn.Config{
		RPID:          "localhost",
		RPDisplayName: "The shop",
		RPOrigins:     []string{"http://localhost:8080"},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", handler))
}

// A site is the application.
type site struct {
	webauthn *webauthn.WebAuthn
	users    users
}

// What a ceremony has to remember from its first request to its second. Each kind of
// ceremony has a key of its own, so that neither can finish the other.
const (
	registering sessions.Key[webauthn.SessionData] = "registering"
	loggingIn   sessions.Key[webauthn.SessionData] = "logging in"
)

func application(backend sessions.Backend, config *webauthn.Config) (http.Handler, error) {
	w, err := webauthn.New(config)
	if err != nil {
		return nil, err
	}
	mw, err := sessions.New(backend, nil)
	if err != nil {
		return nil, err
	}
	s := &site{webauthn: w}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signup", handle(s.signUp))
	mux.HandleFunc("POST /passkey/register/begin", handle(s.beginRegistration))
	mux.HandleFunc("POST /passkey/register/finish", handle(s.finishRegistration))
	mux.HandleFunc("POST /passkey/login/begin", handle(s.beginLogin))
	mux.HandleFunc("POST /passkey/login/finish", handle(s.finishLogin))
	mux.HandleFunc("POST /logout", handle(func(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
		return session.Destroy(r.Context())
	}))
	mux.HandleFunc("GET /{$}", handle(func(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
		return reply(w, map[string]string{"subject": session.Subject()})
	}))
	return http.NewCrossOriginProtection().Handler(mw.Handler(mux)), nil
}

// handle loads the session, and answers if that or f fails.
func handle(f func(http.ResponseWriter, *http.Request, *sessions.Session) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = f(w, r, session)
		}
		if _, refused := err.(*protocol.Error); refused {
			http.Error(w, "The passkey was not accepted. Begin again.", http.StatusForbidden)
			return
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	}
}

func (s *site) beginRegistration(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	user := s.users.named(session.Subject())
	if user == nil {
		http.Error(w, "Log in first.", http.StatusUnauthorized)
		return nil
	}
	options, data, err := s.webauthn.BeginRegistration(user,
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired))
	if err != nil {
		return err
	}
	if err := registering.Set(session, *data); err != nil {
		return err
	}
	return reply(w, options)
}

func (s *site) finishRegistration(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	user := s.users.named(session.Subject())
	data, err := registering.Take(session)
	if err != nil {
		return err
	}
	if user == nil || data.Challenge == "" {
		http.Error(w, "No registration is under way. Begin again.", http.StatusBadRequest)
		return nil
	}
	credential, err := s.webauthn.FinishRegistration(user, data, r)
	if err != nil {
		return err
	}
	s.users.add(user, credential)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *site) beginLogin(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	options, data, err := s.webauthn.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	if err := loggingIn.Set(session, *data); err != nil {
		return err
	}
	return reply(w, options)
}

func (s *site) finishLogin(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	data, err := loggingIn.Take(session)
	if err != nil {
		return err
	}
	if data.Challenge == "" {
		http.Error(w, "No login is under way. Begin again.", http.StatusBadRequest)
		return nil
	}
	found, credential, err := s.webauthn.FinishPasskeyLogin(s.users.owner, data, r)
	if err != nil {
		return err
	}
	s.users.update(credential) // it has a new counter
	if err := session.RegenerateID(); err != nil {
		return err
	}
	if err := session.SetSubject(found.WebAuthnName()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signUp makes a user, and logs in.
func (s *site) signUp(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	name := r.FormValue("name")
	if !s.users.make(name) {
		http.Error(w, "Choose another name.", http.StatusConflict)
		return nil
	}
	if err := session.RegenerateID(); err != nil {
		return err
	}
	return session.SetSubject(name)
}

func reply(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// users are the application's accounts. Yours are in a database.
type users struct {
	mu  sync.Mutex
	all []*user
}

// A user implements [webauthn.User].
type user struct {
	handle      []byte
	name        string
	credentials []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.handle }
func (u *user) WebAuthnName() string                       { return u.name }
func (u *user) WebAuthnDisplayName() string                { return u.name }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// make adds a user, unless the name is taken.
func (us *users) make(name string) bool {
	us.mu.Lock()
	defer us.mu.Unlock()
	taken := slices.ContainsFunc(us.all, func(u *user) bool { return u.name == name })
	if taken || name == "" {
		return false
	}
	us.all = append(us.all, &user{handle: []byte(rand.Text()), name: name})
	return true
}

func (us *users) named(name string) *user {
	return us.find(func(u *user) bool { return name != "" && u.name == name })
}

// owner implements [webauthn.DiscoverableUserHandler].
func (us *users) owner(_, handle []byte) (webauthn.User, error) {
	u := us.find(func(u *user) bool { return string(u.handle) == string(handle) })
	if u == nil {
		return nil, protocol.ErrBadRequest
	}
	return u, nil
}

// find returns a copy of the user that match accepts, nil if there is none.
func (us *users) find(match func(*user) bool) *user {
	us.mu.Lock()
	defer us.mu.Unlock()
	for _, u := range us.all {
		if match(u) {
			found := *u
			return &found
		}
	}
	return nil
}

// add gives the user another credential.
func (us *users) add(owner *user, credential *webauthn.Credential) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for _, u := range us.all {
		if u.name == owner.name {
			u.credentials = append(u.credentials[:len(u.credentials):len(u.credentials)], *credential)
		}
	}
}

// update stores what a login has changed in the credential.
func (us *users) update(credential *webauthn.Credential) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for _, u := range us.all {
		for i := range u.credentials {
			if string(u.credentials[i].ID) == string(credential.ID) {
				changed := append([]webauthn.Credential(nil), u.credentials...)
				changed[i] = *credential
				u.credentials = changed
			}
		}
	}
}
