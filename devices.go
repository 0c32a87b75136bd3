package sessions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Device describes one of a subject's sessions.
type Device struct {
	PublicID string // as [Session.PublicID] returns it
	Created  time.Time
	Expires  time.Time // however much it is used
}

// List returns the live sessions of subject, the newest first, those included
// that are still in one of [Config.Sources]. It returns [errors.ErrUnsupported] if
// a backend that can hold a subject's sessions has no subject index.
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
			if st.format.Unpack(e.Record.Data, &content) != nil || content.Retired || isPending(&content) && !v.isAbandoned(&content) {
				continue // one on its way from a source is still listed there
			}
			devices = append(devices, Device{e.PublicID(), content.Created, v.deadline(&content)})
		}
	}
	slices.SortStableFunc(devices, func(a, b Device) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.PublicID, b.PublicID))
	})
	return devices, nil
}

// indexed returns the stores that may hold sessions with an owner.
func (v *vault) indexed() []*store {
	list := []*store{v.primary}
	for _, st := range v.sources {
		if st.holds.Subject {
			list = append(list, st)
		}
	}
	return list
}

// unlisted says which store is to blame, if an index is missing.
func unlisted(st *store, err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("sessions: the backend with the format %s cannot find the sessions of a subject: use memory, redis or postgres: %w", st.format.Name(), errors.ErrUnsupported)
	}
	return err
}

// Revoke ends the session of subject that has the given [Session.PublicID], and
// reports whether there was one. It returns ErrConflict if another request gives
// the session a new ID at this moment, so that it lives on: list the sessions
// again. If it is the session of the request that ctx belongs to, it ends as with
// [Session.Destroy].
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
				mw.forgetOwn(ctx, func(s *Session) bool {
					return st == v.primary && s.stored.id == e.ID || s.source != nil && st == s.source.store && s.source.old.id == e.ID
				})
			}
			return true, err
		}
	}
	return false, nil
}

// RevokeAll ends every session of subject and returns how many there were: log
// out everywhere. Sessions that are still in one of [Config.Sources] end, too. If
// the session of the request that ctx belongs to is among them, it ends as with
// [Session.Destroy], and the handler may go on with a new one.
//
// It returns [errors.ErrUnsupported] if a backend that can hold a subject's
// sessions has no subject index; those in the other backends have ended then.
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
// were. See [Middleware.RevokeAll].
func (mw *Middleware) RevokeOthers(ctx context.Context, s *Session) (int, error) {
	s.mu.Lock()
	subject, source, primary := s.content.Subject, s.source, s.stored.id
	s.mu.Unlock()
	if subject == "" {
		return 0, nil
	}
	if source != nil && primary == "" && mw.vault.primary.derives() {
		primary = mw.vault.primary.key(mw.vault.primary.derive(source.old.token))
	}
	return mw.revoke(ctx, subject, func(st *store) string {
		switch {
		case st == mw.vault.primary:
			return primary
		case source != nil && st == source.store:
			return source.old.id
		}
		return ""
	})
}

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
	// Sources first: a session that moves meanwhile is found in the primary store.
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

// forgetOwn ends the session of the request that ctx belongs to, whose record is
// gone, if it is one of those that ended.
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
