package sessionstest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// probe is the backend as a rule calls it. It records only the first wrong
// answer.
type probe struct {
	backends.Backend
	ctx     context.Context
	options Options

	mu  sync.Mutex
	err error
}

// failf records that the rule is broken.
func (p *probe) failf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// want records a failure unless got is one of the wanted errors, by default
// nil.
func (p *probe) want(what string, got error, wanted ...error) {
	for _, w := range wanted {
		if errors.Is(got, w) {
			return
		}
	}
	switch {
	case len(wanted) == 0 && got == nil:
	case len(wanted) == 0:
		p.failf("%s returned the error %q, want none", what, got)
	case len(wanted) == 1:
		p.failf("%s returned %s, want %q", what, quote(got), wanted[0])
	default:
		p.failf("%s returned %s, want one of %q", what, quote(got), wanted)
	}
}

// refused records a failure if err is nil, or is about the stored record
// instead of the invalid argument.
func (p *probe) refused(what string, err error) {
	if err == nil || errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrConflict) {
		p.failf("%s returned %s, want an error of its own", what, quote(err))
	}
}

func quote(err error) string {
	if err == nil {
		return "no error"
	}
	return fmt.Sprintf("the error %q", err)
}

// newID returns an ID that was never used.
func (p *probe) newID() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// data returns n bytes that were never used.
func (p *probe) data(n int) []byte {
	if p.options.Data != nil {
		return p.options.Data(n)
	}
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// long is the TTL of records that are not to expire while a rule is tested.
const long = time.Hour

// record returns a record to be stored, with new data.
func (p *probe) record() backends.Record {
	return backends.Record{Data: p.data(40), TTL: long}
}

// owned returns a record to be stored that belongs to subject.
func (p *probe) owned(subject string) backends.Record {
	r := p.record()
	r.Subject = subject
	return r
}

// passing returns a record to be stored that has expired when expire returns.
func (p *probe) passing() backends.Record {
	r := p.record()
	r.TTL = p.brief()
	return r
}

// brief is a TTL that is short enough to wait for. A rule may rely on it being
// over after expire, but not on it lasting until then: real servers are slow at
// times.
func (p *probe) brief() time.Duration {
	switch {
	case p.options.Lifetime > 0:
		return p.options.Lifetime
	case p.faked():
		return time.Minute
	}
	return max(30*time.Millisecond, 5*p.resolution())
}

// expire waits until a record that was stored with the TTL brief has expired.
func (p *probe) expire() { p.wait(p.brief() + p.resolution()) }

// wait lets d pass.
func (p *probe) wait(d time.Duration) {
	switch {
	case p.options.Advance != nil:
		p.options.Advance(d)
	case p.options.Bubble:
		time.Sleep(d)
	default:
		time.Sleep(d + 20*time.Millisecond) // two clocks are never quite alike
	}
}

func (p *probe) faked() bool { return p.options.Bubble || p.options.Advance != nil }

func (p *probe) resolution() time.Duration { return cmp.Or(p.options.Resolution, time.Millisecond) }

// write stores r under id and returns the ID under which it is found.
func (p *probe) write(id string, r backends.Record) string {
	newID, err := p.Write(p.ctx, id, r)
	p.want("Write", err)
	return newID
}

// store stores r under a new ID.
func (p *probe) store(r backends.Record) (id string) {
	if backends.Has(p.Backend, backends.CanRevoke) {
		return p.write("", r) // another ID would have to be a token
	}
	return p.write(p.newID(), r)
}

func (p *probe) remove(id string) { p.want("Remove", p.Remove(p.ctx, id)) }

// holds records a failure unless the data of r is stored under id. The words
// say when or where.
func (p *probe) holds(id string, r backends.Record, words string) {
	got, err := p.Read(p.ctx, id)
	switch {
	case err != nil:
		p.failf("Read %s returned the error %q, want a record", words, err)
	case !bytes.Equal(got.Data, r.Data):
		p.failf("Read %s returned %s, want %s", words, show(got.Data), show(r.Data))
	}
}

// lacks records a failure if Read finds a record under id.
func (p *probe) lacks(id, words string) {
	if r, err := p.Read(p.ctx, id); err == nil {
		p.failf("Read %s returned %s, want no record", words, show(r.Data))
	}
}

// notFound records a failure unless Read returns ErrNotFound for id.
func (p *probe) notFound(id, words string) {
	_, err := p.Read(p.ctx, id)
	p.want("Read "+words, err, backends.ErrNotFound)
}

func (p *probe) swap(id string, old []byte, new backends.Record) error {
	return backends.Swap(p.ctx, p.Backend, id, old, new)
}

// together runs do(0) to do(n-1) at the same time.
func (p *probe) together(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

// show describes data in a message.
func show(data []byte) string {
	const most = 48
	if len(data) > most {
		return fmt.Sprintf("%q… (%d bytes)", data[:most], len(data))
	}
	return fmt.Sprintf("%q", data)
}
