package main

import (
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/shop"
	"github.com/gosessions/sessions/example/internal/web"
	"github.com/gosessions/sessions/serializer"
)

// user is who is logged in. Flask finds it under session["user"].
const user sessions.Key[string] = "user"

// login asks for no password: every name is accepted.
func login(site *web.Site) web.Action {
	return func(s *sessions.Session, r *http.Request) (any, error) {
		name, err := web.Field(r, "user")
		if err != nil {
			return nil, err
		}
		if err := user.Set(s, name); err != nil {
			return nil, err
		}
		return map[string]string{"user": name}, site.Tell(s, r, "Go welcomes %s.", name)
	}
}

// logout ends the session, on both sides.
func logout(s *sessions.Session, r *http.Request) (any, error) {
	return nil, s.Destroy(r.Context())
}

// order stores one value of each type that Flask's sessions tell apart.
func order(site *web.Site) web.Action {
	return func(s *sessions.Session, r *http.Request) (any, error) {
		items, err := shop.Cart.Get(s)
		if err != nil {
			return nil, err
		}
		lines := serializer.Tuple{}
		for _, good := range shop.Goods {
			if n := items[good.Name]; n > 0 {
				lines = append(lines, serializer.Tuple{good.Name, n})
			}
		}
		seal := make([]byte, 8)
		_, _ = rand.Read(seal) // never fails
		for _, value := range []struct {
			key   string
			value any
		}{
			{"order_id", uuid.New()},
			{"ordered_at", time.Now().UTC().Truncate(time.Second)},
			{"order", slices.Clip(lines)},
			{"seal", seal},
			{"thanks", serializer.Markup("<b>Thank you</b> from Go")},
		} {
			if err := s.Set(value.key, value.value); err != nil {
				return nil, err
			}
		}
		return nil, site.Tell(s, r, "Ordered from Go.")
	}
}
