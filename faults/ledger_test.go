package faults_test

import (
	"slices"
	"sync"
	"time"
)

// ledger is what the only writer of a key knows of its value.
type ledger struct {
	acknowledged int   // the last value that was
	tried        []int // values since then of which nobody knows whether they were stored
}

// explains reports whether the key may have this value now.
func (l *ledger) explains(value int) bool {
	return value == l.acknowledged || slices.Contains(l.tried, value)
}

func (l *ledger) acknowledge(value int) { *l = ledger{acknowledged: value} }
func (l *ledger) doubt(value int)       { l.tried = append(l.tried, value) }

// counter is what the only one who counts knows of a number.
type counter struct {
	last     int // the last one that was acknowledged
	doubtful int // how many since then are in doubt
}

func (c *counter) explains(n int) bool { return n >= c.last && n <= c.last+c.doubtful }

// life is one session of a user, from login to logout.
type life struct {
	mu     sync.Mutex
	token  string
	moves  int  // rotations and logouts that were begun or ended
	moving bool // one is under way
	doubt  bool // one got no clear answer: the session may have ended
	over   bool

	keys map[string]*ledger
	n    counter
}

// view is what was known of a life at one time.
type view struct {
	token string
	moves int
	sure  bool // it is alive under this token
}

func (l *life) see() view {
	l.mu.Lock()
	defer l.mu.Unlock()
	return view{l.token, l.moves, !l.moving && !l.doubt && !l.over}
}

// move begins a rotation or a logout.
func (l *life) move() (token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moves++
	l.moving = true
	return l.token
}

// moved ends it: f changes what is known.
func (l *life) moved(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moves++
	l.moving = false
	f()
}

// throughout reports whether the life was certainly alive under one token from
// before to after.
func throughout(before, after view) bool {
	return before.sure && after.sure && before.moves == after.moves
}

// graveyard holds tokens that certainly lead nowhere any more, and since when.
type graveyard struct {
	mu     sync.Mutex
	tokens []string
	since  map[string]time.Time
	risen  map[string]bool
}

func (g *graveyard) bury(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since == nil {
		g.since, g.risen = make(map[string]time.Time), make(map[string]bool)
	}
	if _, ok := g.since[token]; !ok {
		g.tokens = append(g.tokens, token)
		g.since[token] = time.Now()
	}
}

// dead reports whether a token led nowhere at the given time.
func (g *graveyard) dead(token string, at time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	since, ok := g.since[token]
	return ok && since.Before(at)
}

// rises notes that a token of the dead leads somewhere, and reports whether that is
// new.
func (g *graveyard) rises(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.risen[token]
	g.risen[token] = true
	return !old
}

// all returns the tokens.
func (g *graveyard) all() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.tokens)
}
