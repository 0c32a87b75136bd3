package sessions

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Info describes one of a subject's sessions.
type Info struct {
	ID      string // as [Session.ID] returns it
	Created time.Time
	Expires time.Time // however much it is used
}

// List returns the live sessions of subject, the newest first. It returns
// [errors.ErrUnsupported] where the backend has no subject index.
func (mw *Middleware) List(ctx context.Context, subject string) ([]Info, error) {
	ctx, cancel := mw.detach(ctx)
	defer cancel()
	list, err := backends.ListSubject(ctx, mw.primary.backend, subject)
	if err != nil {
		return nil, wrap(backends.OpList, err)
	}
	infos := make([]Info, 0, len(list))
	for _, s := range list {
		var content serializer.Content
		if mw.primary.format.Unpack(s.Record.Data, &content) != nil || content.Retired {
			continue
		}
		infos = append(infos, Info{handle(s.ID), content.Created, deadline(&content, mw.config.Lifetime)})
	}
	slices.SortStableFunc(infos, func(a, b Info) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return infos, nil
}

// Revoke ends the session of subject that has the given [Session.ID], and tells
// whether there was one. It returns ErrConflict if another request regenerates
// the ID at this moment, so that the session lives on under one that is not known
// here: list the sessions again.
func (mw *Middleware) Revoke(ctx context.Context, subject, id string) (bool, error) {
	ctx, cancel := mw.detach(ctx)
	defer cancel()
	list, err := backends.ListSubject(ctx, mw.primary.backend, subject)
	if err != nil {
		return false, wrap(backends.OpList, err)
	}
	for _, s := range list {
		if handle(s.ID) == id {
			return true, mw.primary.end(ctx, &stored{id: s.ID, data: s.Record.Data}, mw.config.Lifetime)
		}
	}
	return false, nil
}

// RevokeAll ends every session of subject and returns how many there were: log
// out everywhere.
func (mw *Middleware) RevokeAll(ctx context.Context, subject string) (int, error) {
	return mw.revoke(ctx, subject, "")
}

// RevokeOthers ends every session of the subject that s is bound to, but s.
func (mw *Middleware) RevokeOthers(ctx context.Context, s *Session) (int, error) {
	s.mu.Lock()
	subject, id := s.content.Subject, s.stored.id
	s.mu.Unlock()
	if subject == "" {
		return 0, nil
	}
	return mw.revoke(ctx, subject, id)
}

func (mw *Middleware) revoke(ctx context.Context, subject, except string) (int, error) {
	ctx, cancel := mw.detach(ctx)
	defer cancel()
	n, err := backends.RevokeSubject(ctx, mw.primary.backend, subject, except)
	return n, wrapNil(backends.OpRevoke, err)
}

// makeRoom keeps a subject's sessions within the configured number.
func (j *job) makeRoom(ctx context.Context) error {
	limit := j.mw.config.MaxPerSubject
	subject := j.content.Subject
	if limit == 0 || subject == "" || subject == j.old.content.Subject {
		return nil
	}
	list, err := backends.ListSubject(ctx, j.st.backend, subject)
	if err != nil {
		return wrap(backends.OpList, err)
	}
	for len(list) >= limit {
		if !j.mw.config.EvictOldest {
			return ErrSubjectLimit
		}
		oldest := 0
		var when serializer.Content
		for i := range list {
			var content serializer.Content
			if err := j.st.format.Unpack(list[i].Record.Data, &content); err != nil {
				oldest = i // nobody can use it
				break
			}
			if i == 0 || content.Created.Before(when.Created) {
				oldest, when = i, content
			}
		}
		if err := j.st.backend.Remove(ctx, list[oldest].ID); err != nil {
			return wrap(backends.OpRemove, err)
		}
		j.mw.observe(ctx, Event{Kind: EventEvicted, Session: handle(list[oldest].ID)})
		list = append(list[:oldest], list[oldest+1:]...)
	}
	return nil
}
