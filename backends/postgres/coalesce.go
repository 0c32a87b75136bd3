package postgres

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gosessions/sessions/backends"
)

// line is where reads and swaps wait for a connection. When one of them is done, all
// of one kind that wait go out together, as one statement. While there are free
// connections, each sends a statement of its own, and the line costs two locks.
//
// The outcome of each call stays its own: what a shared statement certainly did not
// do for a call, its caller does alone. A caller returns when its context ends, and
// the others do not notice. A shared statement is canceled when nobody waits for it
// any more.
type line struct {
	slots int // statements that may be under way at once; 0: nobody waits here

	mu    sync.Mutex
	busy  int     // slots in use
	queue []*call // in the order in which they came; empty while a slot is free
}

// kind is what a call asks for. Only calls of one kind share a statement.
type kind uint8

const (
	readsData kind = iota
	readsAll
	swaps
)

const (
	// maxShared and maxSharedBytes bound what one shared statement carries.
	maxShared      = 64
	maxSharedBytes = 256 << 10
)

// call is a read or a swap that waits.
type call struct {
	kind    kind
	key     []byte
	record  backends.Record // what a swap stores
	subject []byte          // its key
	old     []byte          // what it replaces; a copy, as record.Data is, because the caller may be gone when it is sent

	ctx     context.Context
	verdict chan verdict // gets one
	group   *group       // what it became a part of, or nil; guarded by line.mu
}

// verdict is what became of a call.
type verdict struct {
	turn   turnOf
	record backends.Record // with answered
	err    error           // with answered
}

// turnOf says whose turn it is to do something for a call.
type turnOf uint8

const (
	answered turnOf = iota // nobody's
	proceed                // the caller's, who has a slot and gives it back
	alone                  // the caller's, without a slot: a shared statement did nothing
)

// group is the calls of one shared statement.
type group struct {
	calls  []*call
	cancel context.CancelFunc // of the statement

	left int // callers that wait; guarded by line.mu
}

// take reports whether a slot is free, and takes it. The caller calls leave.
func (l *line) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := l.busy < l.slots
	if free {
		l.busy++
	}
	return free
}

// wait waits for c's turn, or until ctx ends.
func (l *line) wait(ctx context.Context, c *call) verdict {
	if l.slots == 0 {
		return verdict{turn: alone}
	}
	c.ctx, c.verdict = ctx, make(chan verdict, 1)
	l.mu.Lock()
	if l.busy < l.slots { // since take
		l.busy++
		l.mu.Unlock()
		return verdict{turn: proceed}
	}
	l.queue = append(l.queue, c)
	l.mu.Unlock()
	select {
	case v := <-c.verdict:
		return v
	case <-ctx.Done():
		return l.abandon(c)
	}
}

// turn waits until a read of id may go out, if it has to.
func (b *Backend) turn(ctx context.Context, kind kind, id string) verdict {
	if b.line.take() {
		return verdict{turn: proceed}
	}
	return b.line.wait(ctx, &call{kind: kind, key: key(id)})
}

// abandon gives c up, whose context has ended.
func (l *line) abandon(c *call) verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case v := <-c.verdict: // at the same moment; it may be a slot
		return v
	default:
	}
	if i := slices.Index(l.queue, c); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		if c.kind == swaps {
			return verdict{err: backends.NotApplied(c.ctx.Err())} // nothing was sent
		}
		return verdict{err: c.ctx.Err()}
	}
	if c.group.left--; c.group.left == 0 {
		c.group.cancel()
	}
	return verdict{err: c.ctx.Err()}
}

// leave gives a slot back, or to those who wait.
func (b *Backend) leave() {
	l := &b.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.busy--
		return
	}
	switch g := l.gather(); len(g.calls) {
	case 1:
		g.calls[0].verdict <- verdict{turn: proceed}
	default:
		ctx := l.form(g)
		go func() {
			defer b.leave()
			b.share(ctx, g)
		}()
	}
}

// gather takes calls out of the queue that can share a statement: the first one, and
// those of its kind. No two swaps of them are of one record: one could not see what
// the other did. mu is held.
func (l *line) gather() *group {
	g := &group{}
	first, size := l.queue[0].kind, 0
	rest := l.queue[:0]
	for _, c := range l.queue {
		bytes := len(c.key) + len(c.old) + len(c.record.Data)
		fits := len(g.calls) < maxShared && (size == 0 || size+bytes <= maxSharedBytes)
		if !fits || c.kind != first || first == swaps && g.has(c.key) {
			rest = append(rest, c)
			continue
		}
		size += bytes
		g.calls = append(g.calls, c)
	}
	clear(l.queue[len(rest):])
	l.queue = rest
	return g
}

func (g *group) has(key []byte) bool {
	return slices.ContainsFunc(g.calls, func(c *call) bool { return string(c.key) == string(key) })
}

// form makes the calls of g wait for g, and returns the context for its statement: it
// has the values of the first one's, and ends when nobody waits. mu is held.
func (l *line) form(g *group) context.Context {
	ctx, cancel := context.WithCancel(context.WithoutCancel(g.calls[0].ctx))
	g.cancel, g.left = cancel, len(g.calls)
	for _, c := range g.calls {
		c.group = g
	}
	return ctx
}

// share sends the statement of g and answers its calls.
func (b *Backend) share(ctx context.Context, g *group) {
	defer g.cancel()
	if g.calls[0].kind == swaps {
		b.shareSwaps(ctx, g)
	} else {
		b.shareReads(ctx, g)
	}
}

// ask sends the statement of a group and calls row for each row of the answer. sent
// is false if nothing was sent.
func (b *Backend) ask(ctx context.Context, look bool, sql string, args []any, row func(row pgx.CollectableRow) error) (sent bool, err error) {
	conn, err := b.acquire(ctx, look, false)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, sql, b.args(args)...)
	if err == nil {
		for rows.Next() && err == nil {
			err = row(rows)
		}
		rows.Close()
		err = cmp.Or(rows.Err(), err)
	}
	if state := sqlState(err); state == duplicateStatement || state == unknownStatement {
		b.pooler.Store(true)
	}
	return true, err
}

// reading is what a shared statement found under a key.
type reading struct {
	record backends.Record
	found  bool
	given  bool // to a caller, who may change the data
}

// shareReads answers the calls of g, which read. If the statement fails, every caller
// reads for itself, and so finds out what is wrong with its own record.
func (b *Backend) shareReads(ctx context.Context, g *group) {
	readings := make(map[string]*reading, len(g.calls))
	keys := make([][]byte, 0, len(g.calls))
	for _, c := range g.calls {
		if readings[string(c.key)] == nil {
			readings[string(c.key)] = new(reading)
			keys = append(keys, c.key)
		}
	}
	sql := b.sql.readDataMany
	if g.calls[0].kind == readsAll {
		sql = b.sql.readMany
	}
	_, err := b.ask(ctx, false, sql, []any{keys}, func(row pgx.CollectableRow) error {
		r, subject := readings[string(row.RawValues()[0])], []byte(nil)
		dest := []any{nil, &r.record.Data, &subject, &r.record.TTL}
		err := row.Scan(dest[:len(row.FieldDescriptions())]...)
		r.record.Subject, r.found = string(subject), true
		return err
	})
	for _, c := range g.calls {
		r := readings[string(c.key)]
		switch {
		case err != nil:
			c.verdict <- verdict{turn: alone}
			continue
		case !r.found:
			c.verdict <- verdict{err: backends.ErrNotFound}
			continue
		case r.given:
			r.record.Data = slices.Clone(r.record.Data)
		}
		r.given = true
		c.verdict <- verdict{record: r.record}
	}
}

// shareSwaps answers the calls of g, which swap. Its statement is one transaction, and
// waits for no row: what another transaction has locked, it leaves to the caller. So
// it cannot be part of a deadlock, and one slow record holds up no other.
func (b *Backend) shareSwaps(ctx context.Context, g *group) {
	n := len(g.calls)
	keys, subjects, data, old := make([][]byte, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	ttls := make([]time.Duration, n)
	for i, c := range g.calls {
		keys[i], subjects[i], ttls[i], data[i], old[i] = c.key, c.subject, c.record.TTL, c.record.Data, c.old
	}
	changed := make(map[string]bool, n)
	sent, err := b.ask(ctx, true, b.sql.swapMany, []any{keys, subjects, ttls, data, old}, func(row pgx.CollectableRow) error {
		changed[string(row.RawValues()[0])] = true
		return nil
	})
	undone := err != nil && (!sent || rolledBack(err) || pgconn.SafeToRetry(err) || len(changed) == 0 && interrupted(err))
	for _, c := range g.calls {
		switch {
		case undone, err == nil && !changed[string(c.key)]:
			c.verdict <- verdict{turn: alone}
		default:
			c.verdict <- verdict{err: err}
		}
	}
}
