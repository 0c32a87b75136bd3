package explore

import (
	"context"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

// Step is an atomic step of a store that a thread is about to take.
type Step struct {
	Op    backends.Op
	Store string // which store, if there are several
	Inner bool   // a later step of an operation that takes several

	// Reads and Writes are the IDs that it concerns. All stands for every ID.
	Reads, Writes []string
}

// All is the ID of a step that concerns every record.
const All = "*"

// A Gate is called before every step. It calls next to carry out the step, and
// returns next's error or its own.
type Gate func(ctx context.Context, step Step, next func(context.Context) error) error

// Gated returns a backend that passes gate before every operation of b. It can
// swap, touch, rotate and find by subject if b can, except for the abilities in
// without. It has no other abilities.
func Gated(b sessions.Backend, gate Gate, without ...backends.Ability) sessions.Backend {
	g := &gated{b, gate}
	can := map[backends.Ability]bool{}
	for _, a := range backends.Abilities(b) {
		can[a] = true
	}
	for _, a := range without {
		can[a] = false
	}
	mask := 0
	for i, a := range []backends.Ability{backends.CanSwap, backends.CanTouch, backends.CanRotate, backends.CanSubjects} {
		if can[a] {
			mask |= 1 << i
		}
	}
	return compose(g, swapping{g}, touching{g}, rotating{g}, indexing{g}, mask)
}

// compose returns g with the abilities whose bits mask has.
func compose(g *gated, s swapping, t touching, r rotating, i indexing, mask int) sessions.Backend {
	if mask&0b1000 != 0 {
		return composeIndexed(g, s, t, r, i, mask&0b111)
	}
	return []sessions.Backend{
		g,
		struct {
			*gated
			swapping
		}{g, s},
		struct {
			*gated
			touching
		}{g, t},
		struct {
			*gated
			swapping
			touching
		}{g, s, t},
		struct {
			*gated
			rotating
		}{g, r},
		struct {
			*gated
			swapping
			rotating
		}{g, s, r},
		struct {
			*gated
			touching
			rotating
		}{g, t, r},
		struct {
			*gated
			swapping
			touching
			rotating
		}{g, s, t, r},
	}[mask]
}

// composeIndexed is compose for a backend that finds by subject.
func composeIndexed(g *gated, s swapping, t touching, r rotating, i indexing, mask int) sessions.Backend {
	return []sessions.Backend{
		struct {
			*gated
			indexing
		}{g, i},
		struct {
			*gated
			swapping
			indexing
		}{g, s, i},
		struct {
			*gated
			touching
			indexing
		}{g, t, i},
		struct {
			*gated
			swapping
			touching
			indexing
		}{g, s, t, i},
		struct {
			*gated
			rotating
			indexing
		}{g, r, i},
		struct {
			*gated
			swapping
			rotating
			indexing
		}{g, s, r, i},
		struct {
			*gated
			touching
			rotating
			indexing
		}{g, t, r, i},
		all{g, s, t, r, i},
	}[mask]
}

// all is a gated backend with every ability.
type all struct {
	*gated
	swapping
	touching
	rotating
	indexing
}

// local is a backend that says of itself that it does not leave the process.
type local struct{ all }

// Describe implements backends.Describer.
func (local) Describe() backends.Facts { return backends.Facts{Local: true} }

// gated has the four methods of every backend.
type gated struct {
	inner sessions.Backend
	gate  Gate
}

func (g *gated) Read(ctx context.Context, id string) (record sessions.Record, err error) {
	err = g.gate(ctx, Step{Op: backends.OpRead, Reads: []string{id}}, func(ctx context.Context) error {
		record, err = g.inner.Read(ctx, id)
		return err
	})
	return record, err
}

func (g *gated) Write(ctx context.Context, id string, record sessions.Record) (newID string, err error) {
	err = g.gate(ctx, Step{Op: backends.OpWrite, Writes: []string{id}}, func(ctx context.Context) error {
		newID, err = g.inner.Write(ctx, id, record)
		return err
	})
	return newID, err
}

func (g *gated) Remove(ctx context.Context, id string) error {
	return g.gate(ctx, Step{Op: backends.OpRemove, Writes: []string{id}}, func(ctx context.Context) error {
		return g.inner.Remove(ctx, id)
	})
}

func (g *gated) Exists(ctx context.Context, id string) (found bool, err error) {
	err = g.gate(ctx, Step{Op: backends.OpExists, Reads: []string{id}}, func(ctx context.Context) error {
		found, err = g.inner.Exists(ctx, id)
		return err
	})
	return found, err
}

type swapping struct{ g *gated }

func (s swapping) Swap(ctx context.Context, id string, old []byte, new sessions.Record) error {
	return s.g.gate(ctx, Step{Op: backends.OpSwap, Writes: []string{id}}, func(ctx context.Context) error {
		return backends.Swap(ctx, s.g.inner, id, old, new)
	})
}

type touching struct{ g *gated }

func (t touching) Touch(ctx context.Context, id string, ttl time.Duration) (newID string, err error) {
	err = t.g.gate(ctx, Step{Op: backends.OpTouch, Writes: []string{id}}, func(ctx context.Context) error {
		newID, err = backends.Touch(ctx, t.g.inner, id, ttl)
		return err
	})
	return newID, err
}

type rotating struct{ g *gated }

func (r rotating) Rotate(ctx context.Context, id string, old []byte, tombstone sessions.Record, newID string, new sessions.Record) error {
	return r.g.gate(ctx, Step{Op: backends.OpRotate, Writes: []string{id, newID}}, func(ctx context.Context) error {
		return backends.Rotate(ctx, r.g.inner, id, old, tombstone, newID, new)
	})
}

type indexing struct{ g *gated }

func (i indexing) ListSubject(ctx context.Context, subject string) (list []backends.Entry, err error) {
	err = i.g.gate(ctx, Step{Op: backends.OpList, Reads: []string{All}}, func(ctx context.Context) error {
		list, err = backends.ListSubject(ctx, i.g.inner, subject)
		return err
	})
	return list, err
}

func (i indexing) RevokeSubject(ctx context.Context, subject, except string) (n int, err error) {
	err = i.g.gate(ctx, Step{Op: backends.OpRevoke, Writes: []string{All}}, func(ctx context.Context) error {
		n, err = backends.RevokeSubject(ctx, i.g.inner, subject, except)
		return err
	})
	return n, err
}

func (i indexing) TrimSubject(ctx context.Context, subject string, max int, keep string) (removed []string, err error) {
	err = i.g.gate(ctx, Step{Op: backends.OpTrim, Writes: []string{All}}, func(ctx context.Context) error {
		removed, err = backends.TrimSubject(ctx, i.g.inner, subject, max, keep)
		return err
	})
	return removed, err
}
