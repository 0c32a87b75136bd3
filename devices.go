package sessions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Device describes one session of a subject.
type Device struct {
	PublicID string // as [Session.PublicID] returns it
	Label    string // as set by [Session.SetLabel]; "" if there is none
	Created  time.Time
	Expires  time.Time // when the session ends, however much it is used

	// LastUsed is when the session was last used, or the zero time if it has no
	// idle timeout, because then no use is recorded. It may lag behind by a tenth
	// of the timeout, at most by a minute. It is never later than Expires minus
	// the timeout, even if the session was used after that.
	LastUsed time.Time
}

// List returns the live sessions of subject, the newest first, including sessions
// that are still in one of [Config.Sources]. It returns [errors.ErrUnsupported] if
// the backend, or a source whose format stores subjects, has no subject index.
func (mw *Middleware) List(ctx context.Context, subject string) ([]Device, error) {
	v := mw.vault
	ctx, cancel := v.detach(ctx)
	defer cancel()
	var devices []Device
	for _, st := range v.indexed() {
		list, err := st.list(ctx, subject)
		if err != nil {
			return nil, unlisted(st, err)
		}
		for _, e := range list {
			var content serializer.Content
			if st.unpack(e.ID, e.Record.Data, &content) != nil || content.Retired || isPending(&content) && !v.isAbandoned(&content) {
				continue // one on its way from a source is still listed there
			}
			d := Device{PublicID: e.PublicID(), Label: content.Label, Created: content.Created, Expires: v.deadline(&content)}
			if idle := v.idleOf(&content); st == v.primary && idle > 0 && e.Record.TTL > 0 {
				d.LastUsed = time.Now().Add(e.Record.TTL - idle)
				if d.LastUsed.Before(d.Created) {
					d.LastUsed = d.Created // the lifetime is shorter than the timeout
				}
			}
			devices = append(devices, d)
		}
	}
	slices.SortStableFunc(devices, func(a, b Device) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.PublicID, b.PublicID))
	})
	return devices, nil
}

// indexed returns the stores that may hold sessions with a subject.
func (v *vault) indexed() []*store {
	list := []*store{v.primary}
	for _, st := range v.sources {
		if st.holds.Subject {
			list = append(list, st)
		}
	}
	return list
}

// unlisted returns err, or an error that names the store if its subject index is
// missing.
func unlisted(st *store, err error) error {
	switch {
	case errors.Is(err, errors.ErrUnsupported) && st.revokes:
		return fmt.Errorf("sessions: sessions in tokens cannot be listed, because nobody stores them: RevokeAll and RevokeOthers end them, and memory, redis or postgres can list: %w", errors.ErrUnsupported)
	case errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("sessions: the backend with the format %s cannot find the sessions of a subject: use memory, redis or postgres: %w", st.format.Name(), errors.ErrUnsupported)
	}
	return err
}

// Revoke ends the session of subject with the given public ID, and reports whether
// there was one. It returns ErrConflict if another request has just given the
// session a new ID, so that it has not ended: list the sessions again. If it is the
// session of ctx's request, its cookie is deleted as with [Session.Destroy].
func (mw *Middleware) Revoke(ctx context.Context, subject, publicID string) (bool, error) {
	v := mw.vault
	detached, cancel := v.detach(ctx)
	defer cancel()
	for _, st := range v.indexed() {
		list, err := st.list(detached, subject)
		if err != nil {
			return false, unlisted(st, err)
		}
		for _, e := range list {
			if e.PublicID() != publicID {
				continue
			}
			err := v.end(detached, st, &snapshot{id: e.ID, data: e.Record.Data})
			if err == nil && st != v.primary {
				err = v.endPending(detached, subject, e.ID)
			}
			if err == nil {
				v.tell(ctx, Event{Kind: EventRevoked, Session: e.PublicID(), Subject: subject, Count: 1})
				mw.forgetOwn(ctx, func(s *Session) bool {
					return st == v.primary && s.stored.id == e.ID || s.source != nil && st == s.source.store && s.source.old.id == e.ID
				})
			}
			return true, err
		}
	}
	return false, nil
}

// Transact changes the session of subject with the given public ID, as
// [Session.Transact] does for the request's own: for instance, to give a user's
// other devices a new role, call it for each [Device] of List. It returns ErrNotFound
// if the subject has no such session, and [errors.ErrUnsupported] for a session that
// is still in one of [Config.Sources].
func (mw *Middleware) Transact(ctx context.Context, subject, publicID string, f func(*Session) error) error {
	v := mw.vault
	detached, cancel := v.detach(ctx)
	defer cancel()
	for _, st := range v.indexed() {
		list, err := st.list(detached, subject)
		if err != nil {
			return unlisted(st, err)
		}
		i := slices.IndexFunc(list, func(e backends.Entry) bool { return e.PublicID() == publicID })
		switch {
		case i < 0:
			continue
		case st != v.primary:
			return errNotMoved
		}
		ofSubject := func(s *Session) error {
			switch {
			case s.Subject() != subject:
				return ErrNotFound
			case s.source == nil && isPending(&s.stored.content):
				return errNotMoved // a change would move it, even if it has ended in the source
			}
			return f(s)
		}
		if ex, ok := ctx.Value(mw).(*exchange); ok {
			if own := ex.session.Load(); own != nil && own.isStoredAs(list[i].ID) {
				return own.Transact(ctx, ofSubject)
			}
		}
		_, err = transact(ctx, v, list[i].ID, "", nil, ofSubject)
		return err
	}
	return ErrNotFound
}

var errNotMoved = fmt.Errorf("sessions: transact: the session has not moved from its source yet: %w", errors.ErrUnsupported)

// RevokeAll ends all sessions of subject and returns how many there were, as for
// "log out everywhere". Sessions in [Config.Sources] end too. If the session of
// ctx's request is among them, its cookie is deleted as with [Session.Destroy],
// and the handler may continue with a new session. It returns 0 for sessions in
// tokens, which cannot be counted: see cookie.Revocable.
//
// It returns [errors.ErrUnsupported] if the backend, or a source whose format
// stores subjects, has no subject index; the sessions in the others have ended
// then.
func (mw *Middleware) RevokeAll(ctx context.Context, subject string) (int, error) {
	n, err := mw.revoke(ctx, subject, func(*store) string { return "" })
	if err == nil {
		mw.forgetOwn(ctx, func(s *Session) bool {
			return s.stored.content.Subject == subject || s.source != nil && s.source.content.Subject == subject
		})
	}
	return n, err
}

// RevokeOthers ends all other sessions of s's subject and returns how many there
// were. See [Middleware.RevokeAll]. It returns ErrConflict if another request gave s
// a new ID or ended it meanwhile: the others have ended, and so may have s.
func (mw *Middleware) RevokeOthers(ctx context.Context, s *Session) (int, error) {
	s.mu.Lock()
	subject, source, own := s.content.Subject, s.source, s.stored
	s.mu.Unlock()
	if subject == "" {
		return 0, nil
	}
	v, primary := mw.vault, own.id
	if source != nil && primary == "" && v.primary.derives() {
		primary = v.primary.key(v.primary.derive(source.old.token))
	}
	n, err := mw.revoke(ctx, subject, func(st *store) string {
		switch {
		case st == v.primary:
			return primary
		case source != nil && st == source.store:
			return source.old.id
		}
		return ""
	})
	if err == nil && own.data != nil && v.primary.ends() {
		err = v.isThere(ctx, own.id)
	}
	return n, err
}

// isThere returns errReplaced if there is no session under id any more.
func (v *vault) isThere(ctx context.Context, id string) error {
	ctx, cancel := v.detach(ctx)
	defer cancel()
	var found snapshot
	err := v.primary.read(ctx, id, fresh, v.lifetime, &found)
	if errors.Is(err, ErrNotFound) || err == nil && found.content.Retired {
		return errReplaced
	}
	return err
}

var errReplaced = fmt.Errorf("%w: the other sessions have ended, and this one may have: another request gave it a new ID or ended it", ErrConflict)

// revoke ends the sessions of subject but, in each store, the one under the ID
// that except returns.
func (mw *Middleware) revoke(ctx context.Context, subject string, except func(*store) string) (int, error) {
	if subject == "" {
		return 0, errors.New("sessions: revoke: the subject is empty")
	}
	v := mw.vault
	ctx, cancel := v.detach(ctx)
	defer cancel()
	total, failed := 0, error(nil)
	defer func() { v.tell(ctx, Event{Kind: EventRevoked, Subject: subject, Count: total, Err: failed}) }()
	// Sources come first: a session that moves meanwhile is found in the primary
	// store.
	stores := v.indexed()
	for _, st := range slices.Backward(stores) {
		n, err := st.revoke(ctx, subject, except(st))
		total += n
		if err != nil {
			failed = errors.Join(failed, unlisted(st, err))
		}
	}
	return total, failed
}

// forgetOwn makes the session of ctx's request a new one if ended, which is called
// with s.mu held, reports that its record has just been removed.
func (mw *Middleware) forgetOwn(ctx context.Context, ended func(*Session) bool) {
	ex, ok := ctx.Value(mw).(*exchange)
	if !ok {
		return
	}
	s := ex.session.Load()
	if s == nil {
		return
	}
	s.mu.Lock()
	own := (s.stored.data != nil || s.source != nil) && ended(s)
	s.mu.Unlock()
	if own {
		s.forget()
	}
}
