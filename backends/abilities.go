package backends

import "slices"

// Ability is something that a [Backend] may be able to do beyond its four
// methods.
type Ability string

// The abilities that change what the middleware can promise.
const (
	CanSwap     Ability = "swap"      // [Swapper]: no lost update, logout is final
	CanTouch    Ability = "touch"     // [Toucher]: a cheap idle timeout
	CanRotate   Ability = "rotate"    // [Rotator]: regeneration in one step
	CanSubjects Ability = "subjects"  // [SubjectIndex]: list and revoke by owner
	CanRevoke   Ability = "revoke"    // [Revoker]: a stateless backend that can end sessions
	CanSweep    Ability = "sweep"     // [Sweeper]
	CanWalk     Ability = "walk"      // [Walker]
	IsStateless Ability = "stateless" // [Facts].Stateless: the client carries the record
)

// Abilities returns the abilities of b.
func Abilities(b Backend) []Ability {
	var list []Ability
	for _, a := range []struct {
		ability Ability
		has     bool
	}{
		{CanSwap, has[Swapper](b)},
		{CanTouch, has[Toucher](b)},
		{CanRotate, has[Rotator](b)},
		{CanSubjects, has[SubjectIndex](b)},
		{CanRevoke, has[Revoker](b)},
		{CanSweep, has[Sweeper](b)},
		{CanWalk, has[Walker](b)},
		{IsStateless, Describe(b).Stateless},
	} {
		if a.has {
			list = append(list, a.ability)
		}
	}
	return list
}

// Has reports whether b has ability.
func Has(b Backend, ability Ability) bool { return slices.Contains(Abilities(b), ability) }

// has reports whether b, or the backend that it intercepts, implements A.
func has[A Backend](b Backend) bool {
	_, ok := As[A](b)
	return ok
}

// As returns b, or the backend that b intercepts, as an A, and reports whether
// it is one. The result bypasses interceptors: call only methods that do no
// I/O, such as those of [Minter].
func As[A Backend](b Backend) (A, bool) {
	for {
		i, ok := b.(*intercepted)
		if !ok {
			break
		}
		b = i.inner
	}
	a, ok := b.(A)
	return a, ok
}
