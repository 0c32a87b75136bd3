package explore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

// Caller is a goroutine of a handler: it does to the session what it is told,
// and notes what came of it. Its methods are named after those of
// [sessions.Session].
type Caller struct {
	request *request
	ctx     context.Context
	thread  *thread
	session *sessions.Session
	pending *[]*effect // of session, not saved so far
	last    []*unit    // what comes before the next unit
	absent  bool       // no session was found
	named   string     // the session that it creates
}

// note adds a unit. What it is told comes later, if it comes.
func (q *Caller) note(u *unit) *unit {
	u.request, u.after = q.request, q.last
	q.request.run.mu.Lock()
	defer q.request.run.mu.Unlock()
	q.request.units = append(q.request.units, u)
	q.last = []*unit{u}
	return u
}

// told notes what the caller was told about u.
func (q *Caller) told(u *unit, v verdict) {
	q.request.run.mu.Lock()
	defer q.request.run.mu.Unlock()
	u.verdict = v
}

// verdictOf is what err says about a change.
func verdictOf(err error) verdict {
	if err == nil {
		return done
	}
	for _, refusal := range []error{sessions.ErrConflict, sessions.ErrGone, sessions.ErrSubjectLimit, sessions.ErrTooLarge, sessions.ErrCommitted, errors.ErrUnsupported} {
		if errors.Is(err, refusal) {
			return not
		}
	}
	return maybe
}

// verdictOfStatus is what a client learns about a change.
func verdictOfStatus(status int) verdict {
	switch {
	case status < 300:
		return done
	case status == http.StatusConflict:
		return not
	}
	return maybe
}

// Load loads the session. It is the first thing that most programs do.
func (q *Caller) Load() error {
	s, err := sessions.Load(q.ctx)
	if err != nil {
		return err
	}
	q.session = s
	seen, err := look(s)
	if err != nil {
		return err
	}
	q.absent = seen == nil
	q.told(q.note(&unit{kind: load, seen: seen}), done)
	return nil
}

// look returns what s holds.
func look(s *sessions.Session) (values, error) {
	if !s.Has(nameKey) {
		return nil, nil
	}
	v := values{}
	for _, key := range s.Keys() {
		value, err := s.Get(key)
		if err != nil {
			return nil, err
		}
		if list, ok := value.([]any); ok {
			var e effect
			for _, f := range list {
				e = effect{kind: addFlash, value: fmt.Sprint(f.([]any)[1])}
				e.apply(v)
			}
			continue
		}
		v[key] = fmt.Sprint(value)
	}
	if owner := s.Subject(); owner != "" {
		v[ownerKey] = owner
	}
	return v, nil
}

// want notes that the session was asked for a change.
func (q *Caller) want(e effect, err error) error {
	if err == nil {
		e.id = q.request.run.nextEffect()
		*q.pending = append(*q.pending, &e)
	}
	return err
}

// identify gives a new session its name.
func (q *Caller) identify() error {
	if !q.absent || q.named != "" {
		return nil
	}
	q.request.made++
	q.named = fmt.Sprint("new-", q.request.name, q.request.made)
	return q.want(effect{kind: setValue, key: nameKey, value: q.named}, q.session.Set(nameKey, q.named))
}

// Set stores a value.
func (q *Caller) Set(key string, value int) error {
	if err := q.identify(); err != nil {
		return err
	}
	return q.want(effect{kind: setValue, key: key, value: strconv.Itoa(value)}, q.session.Set(key, value))
}

// Delete removes a value.
func (q *Caller) Delete(key string) error {
	return q.want(effect{kind: deleteValue, key: key}, q.session.Delete(key))
}

// Clear removes every value but the session's name.
func (q *Caller) Clear() error {
	name, err := q.session.Get(nameKey)
	if err != nil {
		return err
	}
	if err := q.want(effect{kind: clearValues}, q.session.Clear()); err != nil || name == nil {
		return err
	}
	return q.want(effect{kind: setValue, key: nameKey, value: fmt.Sprint(name)}, q.session.Set(nameKey, name))
}

// Increment counts. Inside, if not nil, runs in the function that it gives to
// Update.
func (q *Caller) Increment(key string, inside func()) error {
	if err := q.identify(); err != nil {
		return err
	}
	calls := 0
	_, err := sessions.Key[int](key).Update(q.session, func(n int) (int, error) {
		if calls++; calls > maxSteps {
			q.request.circles = true
			return 0, errCircles
		}
		if inside != nil {
			inside()
		}
		return n + 1, nil
	})
	return q.want(effect{kind: increment, key: key}, err)
}

var errCircles = errors.New("explore: called again and again")

// Take takes a value that only one may have.
func (q *Caller) Take(key string) error {
	value, err := q.session.Take(key)
	if err != nil || value == nil {
		return err
	}
	return q.want(effect{kind: takeValue, key: key, value: fmt.Sprint(value)}, nil)
}

// Flash leaves a message.
func (q *Caller) Flash(message string) error {
	if err := q.identify(); err != nil {
		return err
	}
	return q.want(effect{kind: addFlash, value: message}, q.session.Flash("", message))
}

// SetSubject binds the session to an owner.
func (q *Caller) SetSubject(owner string) error {
	if err := q.identify(); err != nil {
		return err
	}
	return q.want(effect{kind: bindOwner, value: owner}, q.session.SetSubject(owner))
}

// RegenerateID asks for a new ID.
func (q *Caller) RegenerateID() error {
	return q.want(effect{kind: newID}, q.session.RegenerateID())
}

// Save saves what was asked for so far.
func (q *Caller) Save() error {
	u := q.note(&unit{kind: commit, effects: *q.pending, name: q.named})
	err := q.session.Save(q.ctx)
	q.told(u, verdictOf(err))
	if err == nil {
		*q.pending = nil
	}
	return err
}

// Discard forgets what was not saved.
func (q *Caller) Discard() {
	q.session.Discard()
	for _, e := range *q.pending {
		if e.key == nameKey && q.absent {
			q.named = ""
		}
	}
	*q.pending = nil
}

// Destroy ends the session.
func (q *Caller) Destroy() error {
	u := q.note(&unit{kind: destroy})
	err := q.session.Destroy(q.ctx)
	if err != nil {
		return err // and the session may live on, or not
	}
	q.told(u, done)
	*q.pending, q.absent, q.named = nil, true, ""
	return nil
}

// Transact runs f on the session as it is stored now, if it is stored.
func (q *Caller) Transact(f func(t *Caller) error) error {
	t := &Caller{request: q.request, ctx: q.ctx, thread: q.thread, pending: new([]*effect)}
	u := q.note(&unit{kind: transact})
	err := q.session.Transact(q.ctx, func(s *sessions.Session) error {
		t.session, *t.pending = s, nil
		err := f(t)
		q.request.run.mu.Lock()
		defer q.request.run.mu.Unlock()
		u.effects = *t.pending
		return err
	})
	q.told(u, verdictOf(err))
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // a new visitor has no use for it
	}
	return err
}

// RevokeAll ends every session of owner.
func (q *Caller) RevokeAll(owner string) error {
	u := q.note(&unit{kind: revokeAll, owner: owner})
	_, err := q.request.process.mw.RevokeAll(q.ctx, owner)
	return q.revoked(u, err)
}

// revoked notes how a revocation ended. An error leaves open what it has ended,
// unless it says that the backend cannot do it.
func (q *Caller) revoked(u *unit, err error) error {
	switch {
	case err == nil:
		q.told(u, done)
	case errors.Is(err, errors.ErrUnsupported):
		q.told(u, not)
		return nil
	}
	return err
}

// RevokeOthers ends every other session of this session's owner.
func (q *Caller) RevokeOthers() error {
	u := q.note(&unit{kind: revokeAll, owner: q.session.Subject(), keep: true})
	_, err := q.request.process.mw.RevokeOthers(q.ctx, q.session)
	return q.revoked(u, err)
}

// Revoke ends the session of owner that has this name, by the public ID that it
// had at first.
func (q *Caller) Revoke(owner, name string) error {
	u := q.note(&unit{kind: revoke, owner: owner, name: name})
	found, err := q.request.process.mw.Revoke(q.ctx, owner, q.request.run.publicID[name])
	u.said = found
	return q.revoked(u, err)
}

// Sweep removes what has expired.
func (q *Caller) Sweep() error {
	_, err := backends.Sweep(q.ctx, q.request.run.store)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Go runs f beside the caller, as a thread that is scheduled like a request. The
// function that it returns waits for the end of f.
func (q *Caller) Go(f func(q *Caller) error) (wait func() error) {
	ended := make(chan error, 1)
	beside := *q
	own := *q.pending
	beside.pending = &own
	name := q.thread.name + "b"
	q.thread.w.start(q.ctx, name, q.thread.process, func(ctx context.Context) {
		err := errors.New("explore: the run has ended")
		defer func() { ended <- err }()
		beside.ctx = ctx
		err = f(&beside)
	})
	return func() error {
		err := <-ended
		q.last = append(q.last[:len(q.last):len(q.last)], beside.last...)
		return err
	}
}

// Raw returns the session itself, for what the model does not follow.
func (q *Caller) Raw() (context.Context, *sessions.Session) { return q.ctx, q.session }
