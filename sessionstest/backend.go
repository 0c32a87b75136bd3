// Package sessionstest helps to test backends, and applications that use
// sessions.
//
// [TestBackend] checks a backend against every rule of the interface
// [backends.Backend] and of the optional abilities that the backend has:
//
//	func TestBackend(t *testing.T) {
//		sessionstest.TestBackend(t, func(t *testing.T) backends.Backend {
//			return mybackend.New()
//		}, nil)
//	}
//
// A failure states the broken rule as a sentence, and what the test observed.
// [Faulty] makes a working backend fail on command, to test the code that
// depends on it.
//
// [Visitor] tests handlers. It keeps cookies like a browser, and a test can
// prepare and inspect its session.
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

// Options configure the test of a backend. The zero value suits a backend that
// stores any data under any ID, measures TTLs to the millisecond, and has a
// clock that cannot be moved.
type Options struct {
	// Bubble runs every rule in a testing/synctest bubble, in which waiting
	// takes no time. It suits backends that are in this process and use package
	// time. newBackend is then called inside the bubble.
	Bubble bool

	// Advance moves the backend's clock, if that is not this process's own.
	// Without it the test waits for records to expire, which takes some seconds
	// in all.
	Advance func(time.Duration)

	// Resolution is the precision of the backend's clock; 0 means a
	// millisecond. A record may outlive its TTL by this much.
	Resolution time.Duration

	// Lifetime is how long every record lives, if the backend is configured
	// with one lifetime instead of storing each record's TTL. A negative value
	// means forever, as in the tokens of some frameworks.
	Lifetime time.Duration

	// Data returns different data of at least n bytes with each call, for a
	// backend that cannot store arbitrary bytes. Goroutines call it
	// concurrently. If it is nil, the data are random.
	Data func(n int) []byte
}

// Violation is a rule that a backend broke.
type Violation struct {
	Rule string // its name
	Text string // the rule as a sentence
	Err  error  // what the test observed instead
}

func (v *Violation) Error() string {
	return fmt.Sprintf("sessionstest: %s: %v\n\tThe rule: %s", v.Rule, v.Err, v.Text)
}

// Unwrap returns what the test observed.
func (v *Violation) Unwrap() error { return v.Err }

// TestBackend runs a subtest for every rule that applies to the backend that
// newBackend returns. It calls newBackend for each rule. newBackend may return
// the same backend each time: every rule uses its own IDs and subjects, and
// leaves other records alone. Nil options mean the zero value.
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

// Check checks b against every rule that applies to it, one after the other,
// and returns a [*Violation] for each broken rule, joined as by [errors.Join].
// It is [TestBackend] without a *testing.T, and can be used inside a synctest
// bubble. Nil options mean the zero value.
func Check(ctx context.Context, b backends.Backend, options *Options) error {
	var errs []error
	for _, r := range applicable(b, options) {
		if err := r.test(ctx, b, options); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// rule is one sentence of the contract, with a function that checks it.
type rule struct {
	name  string
	text  string
	when  condition // besides the abilities
	check func(*probe)
}

// condition is what a rule requires of a backend besides its abilities.
type condition uint8

const (
	always    condition = iota
	ends                // records end at some time
	storesTTL           // each at its own
)

// rules are the rules for backends with certain abilities.
type rules struct {
	needs []backends.Ability
	not   []backends.Ability
	rules []rule
}

var all = []rules{
	{rules: basicRules},
	{rules: keepingRules, not: []backends.Ability{backends.IsStateless}},
	{rules: statelessRules, needs: []backends.Ability{backends.IsStateless}},
	{rules: forgettingRules, needs: []backends.Ability{backends.IsStateless}, not: []backends.Ability{backends.CanRevoke}},
	{rules: revokerRules, needs: []backends.Ability{backends.CanRevoke}},
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

// applicable returns the rules that apply to b.
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
