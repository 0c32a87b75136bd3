// Package storm lets many clients of one owner use a backend at the same time, and
// checks what the contract of [backends.SubjectIndex] promises of that. It finds
// by number of rounds what sessionstest finds by rule.
package storm

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// client is a browser with a session, as the middleware keeps it.
type client struct {
	b       backends.Backend
	subject string
	id      string
	data    []byte
}

func record(subject string) backends.Record {
	return backends.Record{Data: []byte(rand.Text()), TTL: time.Hour, Subject: subject}
}

// login gives a new client a session of subject. How depends on n: it is new, was
// there without an owner, or changes its ID with the owner.
func login(ctx context.Context, b backends.Backend, subject string, limit, n int) (*client, error) {
	r := record(subject)
	r.SubjectLimit = limit
	c := &client{b, subject, rand.Text(), r.Data}
	if n%3 == 0 {
		return c, backends.Swap(ctx, b, c.id, nil, r)
	}
	anonymous := record("")
	if err := backends.Swap(ctx, b, c.id, nil, anonymous); err != nil {
		return nil, err
	}
	if n%3 == 1 || !backends.Has(b, backends.CanRotate) {
		return c, backends.Swap(ctx, b, c.id, anonymous.Data, r)
	}
	old := c.id
	c.id = rand.Text()
	return c, backends.Rotate(ctx, b, old, anonymous.Data, record(""), c.id, r)
}

// several logs n clients in, one after the other.
func several(ctx context.Context, b backends.Backend, subject string, n int) ([]*client, error) {
	list := make([]*client, n)
	for i := range list {
		var err error
		if list[i], err = login(ctx, b, subject, 0, 0); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// regenerate changes the session's ID, in one step if the backend can. It reports
// whether there was a session.
func (c *client) regenerate(ctx context.Context) (bool, error) {
	r, id := record(c.subject), rand.Text()
	var err error
	if backends.Has(c.b, backends.CanRotate) {
		err = backends.Rotate(ctx, c.b, c.id, c.data, record(""), id, r)
	} else {
		if err := backends.Swap(ctx, c.b, id, nil, r); err != nil {
			return false, err
		}
		if err = backends.Swap(ctx, c.b, c.id, c.data, record("")); err != nil {
			_ = c.b.Remove(ctx, id)
		}
	}
	switch {
	case errors.Is(err, backends.ErrNotFound), errors.Is(err, backends.ErrConflict):
		return false, nil
	case err != nil:
		return false, err
	}
	c.id, c.data = id, r.Data
	return true, nil
}

// count returns how many records subject has.
func count(ctx context.Context, b backends.Backend, subject string) (int, error) {
	list, err := backends.ListSubject(ctx, b, subject)
	return len(list), err
}

// together runs all of do at the same time and joins their errors.
func together(do ...func() error) error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, len(do))
	for i := range do {
		wg.Go(func() {
			<-start
			errs[i] = do[i]()
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}
