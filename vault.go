package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// vault is the engine: it finds, commits, moves and ends records. It knows
// neither HTTP nor Session. docs/architecture.md lists its files and has a picture
// of a commit's states.
//
// The methods of a vault may be called concurrently. They hold no lock while they
// call a backend, except that after a conflict a commit holds the lock of its record
// in locks until it ends.
type vault struct {
	policy
	primary *store
	sources []*store
	locks   keyedMutex // for the commits that conflicted on one record
	local   bool       // no store does I/O outside of the process
}

// policy is the part of the configuration that concerns records.
type policy struct {
	lifetime        time.Duration
	idle            time.Duration // 0: no idle timeout
	exempt          bool          // from idle: sessions that were made persistent
	timeout         time.Duration
	browserSession  bool
	refuseConflicts bool
	maxSize         int
	maxPerSubject   int // 0: no limit
	evictOldest     bool
	observe         func(context.Context, Event)                                 // may be nil
	onStart         func(context.Context, string) (context.Context, func(error)) // may be nil
}

// snapshot is a session's record, as far as we know it. The zero value is a session
// that is not stored.
type snapshot struct {
	id      string             // the backend's name for the record
	token   string             // the client's name for the session
	data    []byte             // the record; nil if the session is not stored
	content serializer.Content // of data
	ttl     time.Duration      // the time left when it was read; 0 if unknown
}

// reply is what the response does to the client's token.
type reply uint8

const (
	keepToken  reply = iota
	sendToken        // sends the token of the snapshot
	clearToken       // makes the client forget its token
)

// match is what the tokens of a request lead to in one store.
type match uint8

const (
	noToken   match = iota
	refused         // no token is valid
	ambiguous       // two different tokens are valid, or there are too many to try
	retired         // a token was valid until the session got a new ID
	alive           // one token is valid
)

const (
	// triedTokens is how many tokens of a request are tried, and readTokens how
	// many of these a server-side backend is asked for.
	triedTokens = 4
	readTokens  = 2

	// maxToken is the length above which a token is refused without a look at
	// it.
	maxToken = 16 << 10
)

// now returns the time in whole seconds, as records keep it.
func now() time.Time { return time.Now().Truncate(time.Second) }

// find looks in st for the session that one of tokens leads to, and reads it into
// into. If two tokens are valid, one of them may have been planted, and the result
// is ambiguous. find also returns the tokens that may lead to other sessions: all
// if the result is ambiguous, otherwise those that were too many to read.
func (v *vault) find(ctx context.Context, st *store, tokens []string, into *snapshot) (result match, unread []string, _ error) {
	result, reads := refused, 0
	tokens = tokens[:min(len(tokens), triedTokens)]
	for i, token := range tokens {
		id, ok := st.idOf(token)
		if !ok {
			v.refuse(ctx, token, nil)
			continue
		}
		if reads++; reads > readTokens && !st.stateless {
			return result, tokens[i:], nil
		}
		candidate := into
		if result != refused {
			candidate = new(snapshot)
		}
		candidate.token = token
		err := st.read(ctx, id, cached, v.lifetime, candidate)
		switch {
		case err == nil && candidate.content.Retired, errors.Is(err, backends.ErrReplaced):
			v.report(ctx, Event{Kind: EventRetired, Session: token})
			if result == refused {
				result = retired
			}
		case err == nil && result == alive:
			v.report(ctx, Event{Kind: EventAmbiguous, Session: token})
			*into = snapshot{}
			return ambiguous, tokens, nil
		case err == nil:
			if candidate != into {
				*into = *candidate
			}
			result = alive
		case errors.Is(err, ErrNotFound):
			v.refuse(ctx, token, err)
			*candidate = snapshot{content: serializer.Content{Fields: candidate.content.Fields[:0]}}
		case errors.Is(err, serializer.ErrCorrupt):
			v.report(ctx, Event{Kind: EventCorrupt, Session: token, Format: st.format.Name(), Err: err})
			*candidate = snapshot{}
		default:
			return refused, nil, err
		}
	}
	return result, nil, nil
}

func (v *vault) refuse(ctx context.Context, token string, err error) {
	kind := EventRefused
	if errors.Is(err, backends.ErrExpired) {
		kind = EventExpired
	}
	v.report(ctx, Event{Kind: kind, Session: token, Err: err})
}

// report tells the observer about a token. It replaces the token, e.Session, with
// its fingerprint.
func (v *vault) report(ctx context.Context, e Event) {
	if v.observe != nil {
		e.Session = fingerprint(e.Session)
		v.tell(ctx, e)
	}
}

// tell tells the observer, if there is one, of e. If ctx is one of collect, it does
// so later, when no lock is held.
func (v *vault) tell(ctx context.Context, e Event) {
	if v.observe == nil {
		return
	}
	if failure, ok := errors.AsType[*BackendError](e.Err); ok {
		e.Op = failure.Op
	}
	if later, ok := ctx.Value(eventsKey{}).(*events); ok {
		later.list = append(later.list, e)
		return
	}
	v.observe(ctx, e)
}

// events collects the events of an operation until it has released its locks. The
// observer may then use the session.
type events struct{ list []Event }

type eventsKey struct{}

// collect returns a context in which tell holds events back, and a function that
// tells the observer of them; call that one when no lock is held. If there is no
// observer, or ctx already collects, it returns ctx and a function that does nothing.
func (v *vault) collect(ctx context.Context) (context.Context, func()) {
	if v.observe == nil || ctx.Value(eventsKey{}) != nil {
		return ctx, func() {}
	}
	e := new(events)
	return context.WithValue(ctx, eventsKey{}, e), func() {
		for _, event := range e.list {
			v.observe(ctx, event)
		}
	}
}

// retract turns the events of success that ctx has collected into failures, because
// the client will never get the token.
func (v *vault) retract(ctx context.Context, err error) {
	later, ok := ctx.Value(eventsKey{}).(*events)
	if !ok {
		return
	}
	for i := range later.list {
		switch e := &later.list[i]; e.Kind {
		case EventCreated, EventSaved, EventMerged, EventRegenerated, EventTouched:
			e.Kind, e.Err = EventFailed, err
		}
	}
}

// trace tells the tracer, if there is one, that an operation begins. It returns the
// context for the operation, and a function to call with its result.
func (v *vault) trace(ctx context.Context, name string) (context.Context, func(error)) {
	if v.onStart == nil {
		return ctx, func(error) {}
	}
	return v.onStart(ctx, name)
}

// started returns the time, for the duration in an event; zero if there is no
// observer.
func (v *vault) started() time.Time {
	if v.observe == nil {
		return time.Time{}
	}
	return time.Now()
}

// since returns the time since started, 0 if that is zero.
func since(started time.Time) time.Duration {
	if started.IsZero() {
		return 0
	}
	return time.Since(started)
}

// detachable is a context that can return itself without its end. This saves an
// allocation.
type detachable interface{ withoutEnd() context.Context }

// detach returns a context for I/O: it does not end if the client hangs up, but
// after Config.Timeout. Backends within the process need no such end.
func (v *vault) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	if v.local {
		if d, ok := ctx.(detachable); ok {
			return d.withoutEnd(), func() {}
		}
		return context.WithoutCancel(ctx), func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), v.timeout)
}

// deadline returns the absolute deadline of a session with this content; zero if the
// format does not store the creation.
func (p *policy) deadline(content *serializer.Content) time.Time {
	return deadline(content, p.lifetime)
}

// left returns the time until the absolute deadline; the whole lifetime if the
// format does not store the creation.
func (p *policy) left(content *serializer.Content) time.Duration {
	if end := p.deadline(content); !end.IsZero() {
		return time.Until(end)
	}
	return p.lifetime
}

// persistent reports whether the cookie outlives the browser.
func (v *vault) persistent(content *serializer.Content) bool {
	switch v.primary.persistence(content) {
	case serializer.Persistent:
		return true
	case serializer.BrowserSession:
		return false
	}
	return !v.browserSession
}

// idleOf returns the idle timeout of a session with this content, 0 if it has none.
func (v *vault) idleOf(content *serializer.Content) time.Duration {
	if v.exempt && v.primary.persistence(content) == serializer.Persistent {
		return 0
	}
	return v.idle
}

// expires returns when the browser drops the cookie of a session that is saved at
// now; zero if the cookie ends with the browser.
func (v *vault) expires(content *serializer.Content, now time.Time) time.Time {
	if !v.persistent(content) {
		return time.Time{}
	}
	if end := v.deadline(content); !end.IsZero() {
		return end
	}
	return now.Add(v.lifetime)
}
