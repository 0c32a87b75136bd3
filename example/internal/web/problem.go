package web

import (
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/serializer"
)

// A Problem is an error that the visitor may read.
type Problem struct {
	Status int
	Text   string
}

func (p *Problem) Error() string { return p.Text }

// BadField returns the error for a field of a form, or of a query, that is
// missing or cannot be used.
func BadField(format string, args ...any) error {
	return &Problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// explain returns the status that fits an error, and what may be said about it.
func explain(err error) (status int, problem string) {
	var known *Problem
	switch {
	case errors.As(err, &known):
		return known.Status, known.Text
	case errors.Is(err, errors.ErrUnsupported):
		return http.StatusNotImplemented, "this backend cannot do that"
	case errors.Is(err, serializer.ErrType):
		return http.StatusBadRequest, err.Error()
	}
	status = sessions.Status(err)
	if status == http.StatusServiceUnavailable {
		// The backend's own words are for the operator.
		return status, "sessions are not available at the moment: try again"
	}
	return status, err.Error()
}

// parseForm reads the request's form, of either kind.
func parseForm(r *http.Request) error {
	// ParseMultipartForm alone would hide what is wrong with the other kind.
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(1 << 20)
	}
	var large *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return nil
	case errors.As(err, &large):
		return &Problem{http.StatusRequestEntityTooLarge, "the form is too large"}
	}
	return BadField("the form cannot be read")
}

// Field returns a field of the request: of the form, or, for GET, of the query.
// It must not be empty.
func Field(r *http.Request, name string) (string, error) {
	form := r.PostForm
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		form = r.Form
	}
	value := form.Get(name)
	switch {
	case value == "":
		return "", BadField("the field %q is missing", name)
	case !utf8.ValidString(value):
		return "", BadField("the field %q is not valid UTF-8", name)
	}
	return value, nil
}
