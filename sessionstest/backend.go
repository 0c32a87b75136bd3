// Package sessionstest tests what works with sessions.
//
// [TestBackend] holds a backend against every rule of the interface
// [backends.Backend] and of the optional abilities that the backend has:
//
//	func TestBackend(t *testing.T) {
//		sessionstest.TestBackend(t, func(t *testing.T) sessions.Backend {
//			return mybackend.New()
//		}, nil)
//	}
//
// A failure states the rule that was broken in one sentence, and what was
// seen. [Faulty] makes a working backend fail at will, to test what depends on
// it.
//
// [Visitor] tests handlers: it has a browser's memory for cookies, and its
// session can be prepared and looked into.
package sessionstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Options tell how to test a backend. The zero value suits one that keeps any
// data under any ID, for the time that it is told, to the millisecond, on a
// clock that cannot be moved.
type Options struct {
	// Bubble runs every rule in a testing/synctest bubble, in which waiting
	// takes no time. It suits backends that live in this process and go by
	// time.Now; newBackend is then called inside the bubble.
	Bubble bool

	// Advance moves the backend's clock, where that is not this process's own.
	// Without it the test waits, seconds in all.
	Advance func(time.Duration)

	// Resolution is how exactly the backend measures time; 0 is a millisecond.
	// After its TTL, a record may live on for that long.
	Resolution time.Duration

	// Lifetime is how long every record lives, where the backend is configured
	// with that instead of storing a record's own TTL. Less than 0 is for ever,
	// as in the tokens of some frameworks.
	Lifetime time.Duration

	// Data returns n bytes or somewhat more, different ones with each call, for
	// a backend that cannot keep arbitrary bytes. Several goroutines call it.
	// Without it they are random.
	Data func(n int) []byte
}

// Violation is a rule that a backend broke.
type Violation struct {
	Rule string // its name
	Text string // what it says
	Err  error  // what was seen instead
}

func (v *Violation) Error() string {
	return fmt.Sprintf("sessionstest: %s: %v\n\tThe rule: %s", v.Rule, v.Err, v.Text)
}

// Unwrap returns what was seen.
func (v *Violation) Unwrap() error { return v.Err }

// TestBackend runs a subtest for every rule that applies to what newBackend
// returns. That is called for each of them, and may return the same backend
// again: the rules use IDs and subjects of their own, and disturb no other
// records. Options may be nil.
func TestBackend(t *testing.T, newBackend func(t *testing.T) backends.Backend, options *Options) {
	bubble := options != nil && options.Bubble
	run := func(t *testing.T, test func(*testing.T)) {
		if bubble {
			synctest.Test(t, test)
		} else {
			test(t)
		}
	}
	var apply []rule
	run(t, func(t *testing.T) { apply = applicable(newBackend(t), options) })
	for _, r := range apply {
		t.Run(r.name, func(t *testing.T) {
			run(t, func(t *testing.T) {
				if err := r.test(t.Context(), newBackend(t), options); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Check holds b against every rule that applies to it, one after the other, and
// returns a [*Violation] for each that is broken, joined as by [errors.Join]. It
// is [TestBackend] without a *testing.T, and for use inside a synctest bubble.
// Options may be nil.
func Check(ctx context.Context, b backends.Backend, options *Options) error {
	var errs []error
	for _, r := range applicable(b, options) {
		if err := r.test(ctx, b, options); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// rule is one sentence of the contract, and a way to see whether it is kept.
type rule struct {
	name  string
	text  string
	when  condition // besides the abilities
	check func(*probe)
}

// condition is what a rule takes for granted of a backend.
type condition uint8

const (
	always    condition = iota
	ends                // records end at some time
	storesTTL           // each at its own
)

// rules are what a backend has to keep that has certain abilities.
type rules struct {
	needs []backends.Ability
	not   []backends.Ability
	rules []rule
}

var all = []rules{
	{rules: basicRules},
	{rules: keepingRules, not: []backends.Ability{backends.IsStateless}},
	{rules: statelessRules, needs: []backends.Ability{backends.IsStateless}},
	{rules: expiryRules},
	{rules: swapRules, needs: []backends.Ability{backends.CanSwap}},
	{rules: touchRules, needs: []backends.Ability{backends.CanTouch}},
	{rules: rotateRules, needs: []backends.Ability{backends.CanRotate}},
	{rules: subjectRules, needs: []backends.Ability{backends.CanSubjects}},
	{rules: subjectTouchRules, needs: []backends.Ability{backends.CanSubjects, backends.CanTouch}},
	{rules: subjectSwapRules, needs: []backends.Ability{backends.CanSubjects, backends.CanSwap}},
	{rules: subjectRotateRules, needs: []backends.Ability{backends.CanSubjects, backends.CanRotate}},
	{rules: movingRules, needs: []backends.Ability{backends.CanSubjects, backends.CanSwap}},
	{rules: movingRotateRules, needs: []backends.Ability{backends.CanSubjects, backends.CanRotate}},
	{rules: limitRules, needs: []backends.Ability{backends.CanSubjects}},
	{rules: limitSwapRules, needs: []backends.Ability{backends.CanSubjects, backends.CanSwap}},
	{rules: limitRotateRules, needs: []backends.Ability{backends.CanSubjects, backends.CanRotate}},
	{rules: trimRules, needs: []backends.Ability{backends.CanSubjects}},
	{rules: trimSwapRules, needs: []backends.Ability{backends.CanSubjects, backends.CanSwap}},
	{rules: trimRotateRules, needs: []backends.Ability{backends.CanSubjects, backends.CanRotate}},
	{rules: sweepRules, needs: []backends.Ability{backends.CanSweep}},
	{rules: walkRules, needs: []backends.Ability{backends.CanWalk}},
}

// applicable returns the rules that b has to keep.
func applicable(b backends.Backend, options *Options) []rule {
	abilities := backends.Abilities(b)
	has := func(a backends.Ability) bool { return slices.Contains(abilities, a) }
	lacks := func(a backends.Ability) bool { return !has(a) }
	meets := storesTTL
	switch {
	case options == nil || options.Lifetime == 0:
	case options.Lifetime > 0:
		meets = ends
	default:
		meets = always
	}
	var list []rule
	for _, group := range all {
		if slices.ContainsFunc(group.needs, lacks) || slices.ContainsFunc(group.not, has) {
			continue
		}
		for _, r := range group.rules {
			if r.when <= meets {
				list = append(list, r)
			}
		}
	}
	return list
}

func (r rule) test(ctx context.Context, b backends.Backend, options *Options) error {
	p := &probe{Backend: b, ctx: ctx}
	if options != nil {
		p.options = *options
	}
	r.check(p)
	if p.err != nil {
		return &Violation{Rule: r.name, Text: r.text, Err: p.err}
	}
	return nil
}
