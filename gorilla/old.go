package gorilla

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"
)

// findOld returns the session that a request has in a store of before, or nil if it
// has none. A cookie that does not open is none.
func findOld(store gorilla.Store, r *http.Request, name string) (*gorilla.Session, error) {
	session, err := store.New(r, name)
	var refused securecookie.Error
	switch {
	case errors.As(err, &refused) && refused.IsDecode(), errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case session == nil || session.IsNew:
		return nil, nil
	}
	return session, nil
}

// removeOld deletes the session from the store of before, and its cookie.
func (s *sessionState) removeOld(r *http.Request, w http.ResponseWriter) error {
	if s.old == nil {
		return nil
	}
	options := gorilla.Options{Path: "/"}
	if s.old.Options != nil {
		options = *s.old.Options
	}
	options.MaxAge = -1
	s.old.Options = &options
	if err := s.old.Store().Save(r, w, s.old); err != nil {
		return err
	}
	s.old = nil
	return nil
}
