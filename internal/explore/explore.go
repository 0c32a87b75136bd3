package explore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Options limit an exploration. The zero value runs every schedule.
type Options struct {
	Stop   int    // end after so many broken schedules; 0: count them all
	Most   int    // take so many schedules at most; 0: all
	Random bool   // draw Most schedules at random instead of taking one after the other
	Seed   uint64 // of what is drawn
	Plain  bool   // leave out no schedule

	// Switches is how often a schedule may leave a request that could go on; 0:
	// any number. Few switches find most errors (Musuvathi and Qadeer, Iterative
	// Context Bounding, 2007), and make triples and faults small enough to be
	// explored to the end.
	Switches int

	// Outcome, if not nil, is called after each run with the answers to the
	// requests and what is found afterwards.
	Outcome func(string)
}

// Result is the result of an exploration.
type Result struct {
	Schedules int  // that were run to their end
	Pruned    int  // abandoned because an earlier one has covered the rest
	Broken    int  // that broke a rule
	Cut       bool // there are more
	First     *Break
}

// Break is a schedule that breaks a rule.
type Break struct {
	Scenario string
	Schedule Schedule
	Rule     string
	Steps    []string
}

// String describes what happened, and how to reproduce it.
func (b *Break) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n", b.Scenario, b.Rule)
	for i, step := range b.Steps {
		fmt.Fprintf(&text, "  %2d  %s\n", i+1, step)
	}
	scenario, _, _ := strings.Cut(b.Scenario, " with ")
	fmt.Fprintf(&text, "  again: EXPLORE_SCENARIO=%q EXPLORE_SCHEDULE=%q go test -v -run TestReplay ./internal/explore", scenario, b.Schedule)
	return text.String()
}

// Name returns the scenario's requests and its configuration.
func (s *Scenario) Name() string {
	var names []string
	for _, p := range s.Requests {
		names = append(names, p.Name)
	}
	name := strings.Join(names, " | ")
	if s.Together {
		name += " in one process"
	}
	if s.Faults > 0 {
		name += fmt.Sprintf(" with %d of the faults", s.Faults)
	}
	return s.Setup.Name + ": " + name
}

// Explore runs s with every schedule that options allow. A run that hangs for
// good counts as broken, and ends the exploration.
func (s *Scenario) Explore(t *testing.T, options Options) Result {
	t.Helper()
	e := &exploration{scenario: s, options: options}
	// A schedule that is left off as equivalent may be the one with few switches.
	e.search.reduce = !s.Together && !options.Plain && options.Switches == 0
	e.watch(t)
	return e.result
}

// Replay runs s once, with schedule, and returns the rule that it breaks, or
// nil if it breaks none. After the end of the schedule, the first thread that
// can run continues.
func (s *Scenario) Replay(t *testing.T, schedule Schedule) *Break {
	t.Helper()
	e := &exploration{scenario: s, options: Options{Most: 1}, replay: schedule}
	e.watch(t)
	return e.result.First
}

// exploration is an exploration under way.
type exploration struct {
	scenario *Scenario
	options  Options
	search   search
	random   *rand.Rand
	replay   Schedule
	result   Result

	last     int // the thread of the last step; -1 at the beginning
	switches int // so far in this run

	over chan error
	run  atomic.Pointer[run]
	beat atomic.Int64
}

// patience is how long a run may stand still in real time. After that, a thread
// waits for a lock whose owner waits, too.
const patience = 10 * time.Second

// watch runs the exploration and notices when it stands still.
func (e *exploration) watch(t *testing.T) {
	e.random = rand.New(rand.NewPCG(e.options.Seed, 0))
	e.over = make(chan error, 1)
	go func() {
		var err error
		defer func() { e.over <- err }()
		if e.scenario.Setup.Real {
			err = e.loop()
			return
		}
		synctest.Test(t, func(*testing.T) { err = e.loop() })
	}()
	beat := e.beat.Load()
	for {
		select {
		case err := <-e.over:
			if err != nil {
				t.Error(err)
			}
			return
		case <-time.After(patience):
			if now := e.beat.Load(); now != beat {
				beat = now
				continue
			}
			e.stuck()
			return
		}
	}
}

// stuck records that the run stands still. The waiting goroutines are left
// behind.
func (e *exploration) stuck() {
	e.result.Cut = true
	if os.Getenv("EXPLORE_STACKS") != "" {
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	}
	e.breaks(e.run.Load(), "a request runs or waits forever, with nothing to stop it")
}

// loop runs one schedule after the other.
func (e *exploration) loop() error {
	for {
		if err := e.once(); err != nil {
			return err
		}
		e.beat.Add(1)
		runs := e.result.Schedules + e.result.Pruned
		switch {
		case e.options.Stop > 0 && e.result.Broken >= e.options.Stop,
			e.options.Most > 0 && runs >= e.options.Most:
			e.result.Cut = true
			return nil
		case e.replay == nil && !e.options.Random && !e.search.advance():
			return nil
		}
	}
}

// once runs one schedule.
func (e *exploration) once() error {
	r, err := newRun(e.scenario)
	if err != nil {
		return err
	}
	e.run.Store(r)
	whole := true
	e.last, e.switches = -1, 0
	ended := r.world.run(func(list []choice) int {
		i := e.bounded(r, list)
		whole = whole && i >= 0
		return i
	})
	if len(r.world.locked) > 0 {
		// These goroutines cannot be ended, nor can their bubble.
		e.result.Schedules++
		e.result.Cut = true
		e.breaks(r, "a request waits for a lock forever: "+strings.Join(r.world.locked, "; "))
		e.over <- nil
		select {}
	}
	defer r.close()
	switch {
	case e.search.broken:
		return fmt.Errorf("explore: %s: the same choices led elsewhere: %s", e.scenario.Name(), r.schedule())
	case !whole:
		e.result.Pruned++
		return nil
	}
	e.result.Schedules++
	if broken := r.check(ended); broken != "" {
		e.breaks(r, broken)
	}
	if e.options.Outcome != nil {
		e.options.Outcome(r.outcome())
	}
	if !ended {
		e.search.shorten(enough)
	}
	return nil
}

// outcome describes the answers to the requests and what is found afterwards.
func (r *run) outcome() string {
	var list []string
	for _, q := range r.requests {
		list = append(list, fmt.Sprint(q.name, " ", q.status))
	}
	all, _ := r.findAll()
	for _, f := range all {
		list = append(list, fmt.Sprint(f.cookies, " ", f.values))
	}
	return strings.Join(list, "; ")
}

// enough is how many steps of a run that has no end are varied.
const enough = 30

// bounded picks the next choice among those that do not switch too often.
func (e *exploration) bounded(r *run, list []choice) int {
	if e.options.Switches == 0 {
		return e.choose(r, list)
	}
	running := slices.ContainsFunc(list, func(c choice) bool { return c.thread == e.last })
	var allowed []choice
	var at []int
	for i, c := range list {
		if !running || c.thread == e.last || e.switches < e.options.Switches {
			allowed, at = append(allowed, c), append(at, i)
		}
	}
	i := e.choose(r, allowed)
	if i < 0 {
		return i
	}
	if running && allowed[i].thread != e.last {
		e.switches++
	}
	e.last = allowed[i].thread
	return at[i]
}

// choose picks the next choice.
func (e *exploration) choose(r *run, list []choice) int {
	switch {
	case e.replay != nil:
		return r.follow(e.replay, list)
	case e.options.Random:
		return e.draw(list)
	}
	return e.search.choose(list)
}

// draw picks a choice at random. If a fault is possible, every sixth choice has
// one.
func (e *exploration) draw(list []choice) int {
	faulty := e.random.IntN(6) == 0
	var fit []int
	for i := range list {
		if (list[i].fault != None) == faulty {
			fit = append(fit, i)
		}
	}
	if len(fit) == 0 {
		return e.random.IntN(len(list))
	}
	return fit[e.random.IntN(len(fit))]
}

// follow returns the choice that the schedule has at this point.
func (r *run) follow(s Schedule, list []choice) int {
	if n := len(r.world.taken); n < len(s) {
		for i, c := range list {
			if r.world.gates[c.thread].name == s[n].Thread && c.fault == s[n].Fault {
				return i
			}
		}
	}
	return 0
}

// breaks notes that r broke a rule.
func (e *exploration) breaks(r *run, rule string) {
	e.result.Broken++
	if e.result.First == nil {
		e.result.First = &Break{e.scenario.Name(), r.schedule(), rule, r.steps()}
	}
}

// schedule returns the turns so far.
func (r *run) schedule() Schedule {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	var s Schedule
	for _, t := range r.world.taken {
		s = append(s, t.turn)
	}
	return s
}

// steps describes what was done so far, for the report.
func (r *run) steps() []string {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	var list []string
	for _, t := range r.world.taken {
		text := t.turn.Thread + " " + string(t.step.Op)
		if t.step.Inner {
			text += ", continued"
		}
		if t.step.Store != "" {
			text += " in the " + t.step.Store
		}
		for _, id := range append(t.step.Reads, t.step.Writes...) {
			if id != All {
				text += " " + id
			}
		}
		if t.turn.Fault != None {
			text += ": " + t.turn.Fault.String()
		}
		list = append(list, text)
	}
	for _, q := range r.requests {
		if q.left {
			list = append(list, fmt.Sprintf("%s (%s) was answered with %d", q.name, q.program.Name, q.status))
		}
	}
	return list
}
