package shop

import (
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/web"
)

// Show returns the whole session and consumes nothing: flash messages stay.
func Show(s *sessions.Session, _ *http.Request) (any, error) {
	values := map[string]any{}
	for _, key := range s.Keys() {
		value, err := s.Get(key)
		if err != nil {
			return nil, err
		}
		values[key] = web.JSON(value)
	}
	return map[string]any{"id": s.PublicID(), "new": s.IsNew(), "values": values}, nil
}

// application says which application was the last to set it. The three routes
// for it are in every application that shares sessions, in whatever language.
const application = "application"

// SetApplication leaves our mark.
func SetApplication(s *sessions.Session, _ *http.Request) (any, error) {
	return nil, s.Set(application, "go")
}

// GetApplication returns the name of the application that set the mark, or null
// if there is none.
func GetApplication(s *sessions.Session, _ *http.Request) (any, error) {
	value, err := s.Get(application)
	return map[string]any{"message": web.JSON(value)}, err
}

// DeleteApplication removes the mark.
func DeleteApplication(s *sessions.Session, _ *http.Request) (any, error) {
	return nil, s.Delete(application)
}
