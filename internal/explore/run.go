package explore

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/gosessions/sessions"
)

// Scenario is requests that meet each other.
type Scenario struct {
	Setup    Setup
	Requests []Program

	// Together has the requests run in one process. Otherwise each has its own.
	Together bool

	// Faults is how many faults there are in a run, at most; Kinds are those
	// that are tried. nil: all of them.
	Faults int
	Kinds  []Fault
}

// run is one run of a scenario.
type run struct {
	scenario *Scenario
	world    *world
	store    sessions.Backend
	source   sessions.Backend
	probe    *sessions.Middleware // passes the gates freely
	requests []*request
	publicID map[string]string
	initial  map[string]jar
	first    state

	mu      sync.Mutex
	effects int
}

func (r *run) nextEffect() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effects++
	return r.effects
}

// newRun prepares a run of s.
func newRun(s *Scenario) (*run, error) {
	w := &world{clock: bubble{}, budget: s.Faults, kinds: s.Kinds, whole: s.Setup.Whole || s.Setup.Real, names: map[string]string{}}
	if s.Kinds == nil {
		w.kinds = Every
	}
	switch {
	case s.Setup.Real:
		w.clock = newWall(w)
	case slices.ContainsFunc(s.Requests, func(p Program) bool { return p.Locks }):
		w.clock = locks{w: w}
		// No time passes in a bubble while someone waits for a lock.
		w.kinds = slices.DeleteFunc(slices.Clone(w.kinds), func(f Fault) bool { return f == Late || f == Silent })
	}
	r := &run{scenario: s, world: w, publicID: map[string]string{}, initial: map[string]jar{}}
	if s.Setup.Tokens == nil {
		r.store = s.Setup.Store()
	} else {
		r.store = s.Setup.Ledger()
	}
	if s.Setup.Source != nil {
		r.source = s.Setup.Source()
	}
	p, err := r.newProcess()
	if err != nil {
		return nil, err
	}
	r.probe = p.mw
	if err := r.prepare(); err != nil {
		return nil, err
	}
	processes := []*process{p}
	for i, program := range s.Requests {
		if i == 0 || !s.Together {
			if p, err = r.newProcess(); err != nil {
				return nil, err
			}
			processes = append(processes, p)
		}
		r.requests = append(r.requests, &request{
			run: r, index: i, name: string(rune('A' + i)), program: program,
			process: p, cookies: r.cookies(program.Carries),
		})
		r.first.holds = append(r.first.holds, hold{})
	}
	for _, q := range r.requests {
		number := 0
		if !s.Together {
			number = q.index
		}
		w.start(context.Background(), q.name, number, q.serve)
	}
	return r, nil
}

// newProcess starts another instance of the application over the same store.
func (r *run) newProcess() (*process, error) {
	s := &r.scenario.Setup
	var source sessions.Backend
	if r.source != nil {
		source = s.gated(r.source, r.world.gate("source"), false)
	}
	store := s.gated(r.store, r.world.gate(""), true)
	if s.Tokens != nil {
		store = s.Tokens(store)
	}
	mw, err := sessions.New(store, s.config(source))
	if err != nil {
		return nil, fmt.Errorf("explore: %w", err)
	}
	return &process{mw}, nil
}

// find returns what a client with these cookies finds.
func (r *run) find(j jar) (v values, status int) {
	hr := httptest.NewRequest(http.MethodGet, "https://host/", nil)
	j.send(hr)
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	status = http.StatusServiceUnavailable
	probe := r.probe
	if r.scenario.Setup.Tokens != nil { // it remembers what it was answered
		p, err := r.newProcess()
		if err != nil {
			return nil, status
		}
		probe = p.mw
	}
	probe.Handler(http.HandlerFunc(func(_ http.ResponseWriter, hr *http.Request) {
		if s, err := sessions.Load(hr.Context()); err == nil {
			if v, err = look(s); err == nil {
				status = http.StatusOK
			}
		}
		panic(http.ErrAbortHandler) // nothing is to be saved
	})).ServeHTTP(w, hr)
	return v, status
}

// close ends what the run has left.
func (r *run) close() {
	r.world.close()
	for _, b := range []sessions.Backend{r.store, r.source} {
		if c, ok := b.(interface{ Close() error }); ok && !r.scenario.Setup.Real {
			_ = c.Close()
		}
	}
}
