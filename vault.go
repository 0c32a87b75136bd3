package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// vault is the engine: it finds, commits, moves and ends records. It knows
// neither HTTP nor Session. Its files are vault.go, store.go, commit.go,
// reconcile.go, rotate.go, move.go, end.go and journal.go; docs/architecture.md
// has a picture of a commit's states.
//
// A vault holds no lock while it calls a backend, except the turn that a commit
// takes in locks after a conflict.
type vault struct {
	policy
	primary *store
	sources []*store
	locks   keyedMutex // turns of the commits that conflicted on one record
	local   bool       // no store leaves the process
}

// policy is what the configuration says about records.
type policy struct {
	lifetime        time.Duration
	idle            time.Duration // 0: no idle timeout
	timeout         time.Duration
	browserSession  bool
	refuseConflicts bool
	maxSize         int
	maxPerSubject   int // 0: no limit
	evictOldest     bool
	observe         func(context.Context, Event) // may be nil
}

// snapshot is what a backend holds of a session, as far as we know. Its zero
// value is a session that is not stored.
type snapshot struct {
	id      string // in the backend
	token   string // with the client
	data    []byte
	content serializer.Content
	ttl     time.Duration // left when it was read; 0 if unknown
}

// reply is what the response tells the client about its token.
type reply uint8

const (
	keepToken reply = iota
	sendToken       // the snapshot's token is the one to use
	clearToken
)

// match is what a request's tokens led to in one store.
type match uint8

const (
	noToken   match = iota
	refused         // none is valid
	ambiguous       // two different ones are valid, or too many were sent to tell
	retired         // one was valid until the session got a new ID
	alive
)

const (
	// triedTokens and readTokens bound the work for one request's tokens.
	triedTokens = 4
	readTokens  = 2

	// maxToken bounds a token before anything looks into it.
	maxToken = 16 << 10
)

// now returns the time as records keep it.
func now() time.Time { return time.Now().Truncate(time.Second) }

// find looks in st for the session that one of tokens leads to and reads it
// into into. Of several tokens exactly one may be valid: a second one was
// planted. It also returns what it did not read, because there was too much of it.
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
		case err == nil && candidate.content.Retired:
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
	v.report(ctx, Event{Kind: EventRefused, Session: token, Err: err})
}

// report tells the observer about a request's token, which e.Session is and
// which it must not see.
func (v *vault) report(ctx context.Context, e Event) {
	if v.observe != nil {
		e.Session = fingerprint(e.Session)
		v.tell(ctx, e)
	}
}

// tell tells the observer, if there is one: at once, or when the operation that
// ctx belongs to holds no lock any more.
func (v *vault) tell(ctx context.Context, e Event) {
	if v.observe == nil {
		return
	}
	if later, ok := ctx.Value(eventsKey{}).(*events); ok {
		later.list = append(later.list, e)
		return
	}
	v.observe(ctx, e)
}

// events collects what the observer is told after the locks are released, so
// that the observer may use the session.
type events struct{ list []Event }

type eventsKey struct{}

// collect returns a context that keeps events back, and the function that tells
// them. Without an observer both do nothing.
func (v *vault) collect(ctx context.Context) (context.Context, func()) {
	if v.observe == nil || ctx.Value(eventsKey{}) != nil {
		return ctx, func() {} // or the caller tells them
	}
	e := new(events)
	return context.WithValue(ctx, eventsKey{}, e), func() {
		for _, event := range e.list {
			v.observe(ctx, event)
		}
	}
}

// started returns the time if the observer wants to know durations.
func (v *vault) started() time.Time {
	if v.observe == nil {
		return time.Time{}
	}
	return time.Now()
}

func since(started time.Time) time.Duration {
	if started.IsZero() {
		return 0
	}
	return time.Since(started)
}

// detachable is a context that has a form without its end at hand.
type detachable interface{ withoutEnd() context.Context }

// detach returns a context for I/O that a client who hangs up cannot end, and
// that ends by itself after the configured time. What never leaves the process
// needs no such end.
func (v *vault) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	if v.local {
		if d, ok := ctx.(detachable); ok {
			return d.withoutEnd(), func() {}
		}
		return context.WithoutCancel(ctx), func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), v.timeout)
}

// deadline returns when a session with this content ends for good, the zero
// time if the format does not know when it began.
func (p *policy) deadline(content *serializer.Content) time.Time {
	return deadline(content, p.lifetime)
}

// left returns how long a session with this content may live at most.
func (p *policy) left(content *serializer.Content) time.Duration {
	if end := p.deadline(content); !end.IsZero() {
		return time.Until(end)
	}
	return p.lifetime
}

// persistent reports whether the browser is to keep the cookie.
func (v *vault) persistent(content *serializer.Content) bool {
	switch v.primary.persistence(content) {
	case serializer.Persistent:
		return true
	case serializer.BrowserSession:
		return false
	}
	return !v.browserSession
}

// expires returns until when the browser keeps the cookie of a session that is
// saved at now; the zero time stands for the browser's own end.
func (v *vault) expires(content *serializer.Content, now time.Time) time.Time {
	if !v.persistent(content) {
		return time.Time{}
	}
	if end := v.deadline(content); !end.IsZero() {
		return end
	}
	return now.Add(v.lifetime)
}
