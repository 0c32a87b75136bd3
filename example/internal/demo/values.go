package demo

import (
	"errors"
	"math"
	"math/big"
	"net/http"
	"strconv"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/web"
)

// set stores a value that is given as JSON.
func (app *app) set(s *sessions.Session, r *http.Request) (any, error) {
	key, value, err := keyAndValue(r)
	if err != nil {
		return nil, err
	}
	if err := store(s, key, value); err != nil {
		return nil, err
	}
	return nil, app.Tell(s, r, "Stored under “%s”.", key)
}

// setSlowly is set after a while, for watching what concurrent requests do to
// each other. It does not hurry if the browser hangs up.
func setSlowly(s *sessions.Session, r *http.Request) (any, error) {
	key, value, err := keyAndValue(r)
	if err != nil {
		return nil, err
	}
	text, err := web.Field(r, "ms")
	if err != nil {
		return nil, err
	}
	ms, err := strconv.Atoi(text)
	if err != nil || ms < 0 || ms > int(web.MaxDelay/time.Millisecond) {
		return nil, web.BadField("the field \"ms\" must be a number from 0 to %d", web.MaxDelay/time.Millisecond)
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return nil, store(s, key, value)
}

func keyAndValue(r *http.Request) (key string, value any, err error) {
	if key, err = web.Field(r, "key"); err != nil {
		return "", nil, err
	}
	text, err := web.Field(r, "value")
	if err != nil {
		return "", nil, err
	}
	if value, err = web.Parse(text); err != nil {
		return "", nil, web.BadField("the field \"value\" must be JSON, such as 42, [1, 2] or \"text\" (with the quotes)")
	}
	return key, value, nil
}

// store sets a value that came from outside, which the serializer may refuse.
func store(s *sessions.Session, key string, value any) error {
	err := s.Set(key, value)
	if err != nil && !errors.Is(err, sessions.ErrCommitted) {
		return web.BadField("the value cannot be stored: %v", err)
	}
	return err
}

// get returns one value, null if there is none.
func get(s *sessions.Session, r *http.Request) (any, error) {
	key, err := web.Field(r, "key")
	if err != nil {
		return nil, err
	}
	value, err := s.Get(key)
	if err != nil {
		return nil, err
	}
	return map[string]any{"value": web.JSON(value)}, nil
}

// remove deletes one value.
func remove(s *sessions.Session, r *http.Request) (any, error) {
	key, err := web.Field(r, "key")
	if err != nil {
		return nil, err
	}
	return nil, s.Delete(key)
}

// increment counts. Update runs again if another request was faster, so that
// each of many requests at once gets a different number. Save makes the number
// final before it is sent.
func increment(s *sessions.Session, r *http.Request) (any, error) {
	key, err := web.Field(r, "key")
	if err != nil {
		return nil, err
	}
	if _, err := s.Update(key, oneMore); err != nil {
		return nil, err
	}
	if err := s.Save(r.Context()); err != nil {
		return nil, err
	}
	return get(s, r)
}

func oneMore(old any) (any, error) {
	switch n := old.(type) {
	case nil:
		return 1, nil
	case int64:
		if n == math.MaxInt64 {
			return oneMore(big.NewInt(n))
		}
		return n + 1, nil
	case *big.Int:
		return new(big.Int).Add(n, big.NewInt(1)), nil
	case float64:
		return n + 1, nil
	}
	return nil, web.BadField("the value under this key is not a number")
}
