// Package web is what the two demonstrations have in common: how a handler
// answers people and programs, how session values look, and the stylesheet.
package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gosessions/sessions"
)

// An Action does one thing with a visitor's session and returns what a program
// gets as the answer; nil stands for {"ok":true}.
type Action func(s *sessions.Session, r *http.Request) (answer any, err error)

// Site answers requests. A program that asks for JSON gets JSON; a person who
// sent a form is led back to the page, and shown what went wrong.
type Site struct {
	// Home is the path of the page.
	Home string

	// Again, if not nil, shows a person the form once more, with what was typed and
	// with the problem, and reports whether it has.
	Again func(w http.ResponseWriter, r *http.Request, problem *Problem) bool

	// Trouble shows a person what went wrong.
	Trouble func(w http.ResponseWriter, status int, problem string)
}

// Do returns the handler that carries out an action.
func (site *Site) Do(action Action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := run(action, r)
		var problem *Problem
		switch {
		case errors.As(err, &problem) && site.Again != nil && !site.AnswersJSON(r) && site.Again(w, r, problem):
		case err != nil:
			site.Fail(w, r, err)
		case site.AnswersJSON(r):
			writeJSON(w, http.StatusOK, answer)
		default:
			http.Redirect(w, r, site.Home, http.StatusSeeOther)
		}
	})
}

func run(action Action, r *http.Request) (any, error) {
	if err := parseForm(r); err != nil {
		return nil, err
	}
	session, err := sessions.Load(r.Context())
	if err != nil {
		return nil, err
	}
	answer, err := action(session, r)
	if answer == nil {
		answer = ok
	}
	return answer, err
}

var ok = map[string]bool{"ok": true}

// Healthz answers without a look at any session.
func Healthz(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, ok) }

// Fail answers with an error. It is a [sessions.Config.ErrorHandler], too.
func (site *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	status, problem := explain(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	if site.AnswersJSON(r) {
		writeJSON(w, status, map[string]string{"error": problem})
		return
	}
	site.Trouble(w, status, problem)
}

// Tell leaves a message for the next page, if there is going to be one: a
// program gets its answer at once.
func (site *Site) Tell(s *sessions.Session, r *http.Request, format string, args ...any) error {
	if site.AnswersJSON(r) {
		return nil
	}
	return s.Flash("success", fmt.Sprintf(format, args...))
}

// AnswersJSON reports whether the answer is for a program: always, but for the
// page and for the forms on it.
func (site *Site) AnswersJSON(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return r.URL.Path != site.Home
	}
	wanted := quality(r, "application/json")
	return wanted > 0 && wanted >= quality(r, "text/html")
}

// quality returns how much a client wants a media type (RFC 9110, 12.5.1); a
// wildcard names none.
func quality(r *http.Request, mediaType string) (best float64) {
	for _, line := range r.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			name, params, err := mime.ParseMediaType(part)
			if err != nil || name != mediaType {
				continue
			}
			q, err := strconv.ParseFloat(params["q"], 64)
			if params["q"] == "" || err != nil {
				q = 1
			}
			best = max(best, q)
		}
	}
	return best
}

func writeJSON(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(answer) // the client is gone, or the commit has failed and was answered
}
