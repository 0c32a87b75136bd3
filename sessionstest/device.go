package sessionstest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// device is a browser with a session, as the middleware keeps it.
type device struct {
	b       backends.Backend
	subject string
	id      string
	data    []byte
}

func ownedRecord(subject string) backends.Record {
	return backends.Record{Data: []byte(rand.Text()), TTL: time.Hour, Subject: subject}
}

// login gives a new device a session of subject. How depends on n: it is new, was
// there without an owner, or changes its ID with the owner.
func login(ctx context.Context, b backends.Backend, subject string, limit, n int) (*device, error) {
	r := ownedRecord(subject)
	r.SubjectLimit = limit
	d := &device{b, subject, rand.Text(), r.Data}
	if n%3 == 0 {
		return d, backends.Swap(ctx, b, d.id, nil, r)
	}
	anonymous := ownedRecord("")
	if err := backends.Swap(ctx, b, d.id, nil, anonymous); err != nil {
		return nil, err
	}
	if n%3 == 1 || !backends.Has(b, backends.CanRotate) {
		return d, backends.Swap(ctx, b, d.id, anonymous.Data, r)
	}
	old := d.id
	d.id = rand.Text()
	return d, backends.Rotate(ctx, b, old, anonymous.Data, ownedRecord(""), d.id, r)
}

// several logs n devices in, one after the other.
func several(ctx context.Context, b backends.Backend, subject string, n int) ([]*device, error) {
	list := make([]*device, n)
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
func (d *device) regenerate(ctx context.Context) (bool, error) {
	r, id := ownedRecord(d.subject), rand.Text()
	var err error
	if backends.Has(d.b, backends.CanRotate) {
		err = backends.Rotate(ctx, d.b, d.id, d.data, ownedRecord(""), id, r)
	} else {
		if err := backends.Swap(ctx, d.b, id, nil, r); err != nil {
			return false, err
		}
		if err = backends.Swap(ctx, d.b, d.id, d.data, ownedRecord("")); err != nil {
			_ = d.b.Remove(ctx, id)
		}
	}
	switch {
	case errors.Is(err, backends.ErrNotFound), errors.Is(err, backends.ErrConflict):
		return false, nil
	case err != nil:
		return false, err
	}
	d.id, d.data = id, r.Data
	return true, nil
}

// countOf returns how many records subject has.
func countOf(ctx context.Context, b backends.Backend, subject string) (int, error) {
	list, err := backends.ListSubject(ctx, b, subject)
	return len(list), err
}

// atOnce runs all of do at the same time and joins their errors.
func atOnce(do ...func() error) error {
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
