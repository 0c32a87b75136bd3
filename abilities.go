package sessions

import "fmt"

// Ability is something that a [Backend] may be able to do beyond its four
// methods.
type Ability string

// The abilities that change what the middleware can promise.
const (
	CanSwap     Ability = "swap"      // [Swapper]: no lost update, logout is final
	CanTouch    Ability = "touch"     // [Toucher]: a cheap idle timeout
	CanRotate   Ability = "rotate"    // [Rotator]: regeneration in one step
	CanSubjects Ability = "subjects"  // [SubjectIndex]: list and revoke by owner
	CanSweep    Ability = "sweep"     // [Sweeper]
	CanWalk     Ability = "walk"      // [Walker]
	IsStateless Ability = "stateless" // [Stateless]: the record travels with the client
)

// Abilities lists what b can do.
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
		{CanSweep, has[Sweeper](b)},
		{CanWalk, has[Walker](b)},
		{IsStateless, isStateless(b)},
	} {
		if a.has {
			list = append(list, a.ability)
		}
	}
	return list
}

// Stateless is a [Backend] whose records travel with the client: it stores
// nothing, its IDs are the tokens themselves, Write ignores the ID it is given,
// Remove has nothing to do, and every failure of Read is ErrNotFound.
type Stateless interface {
	Backend
	Stateless()
}

// Local is a [Backend] that answers without leaving the process, so that calls
// need no timeout.
type Local interface {
	Backend
	Local()
}

// Minter is a [Backend] with IDs of its own making, such as those of another
// framework that shares the store.
type Minter interface {
	Backend

	// MintID returns a new ID that cannot be guessed.
	MintID() string

	// ValidID tells whether id has the form of one of this backend's IDs (and,
	// where they are signed, a good signature), without I/O.
	ValidID(id string) bool
}

// Validator is a [Backend] that was constructed inline and kept what was wrong
// with its arguments. [New] asks for it.
type Validator interface {
	Backend

	// Validate returns what is wrong with the backend's configuration and how
	// to mend it.
	Validate() error
}

// Warner is a [Backend] whose configuration works and is still weak. [New] logs
// what it says, once.
type Warner interface {
	Backend

	// Warnings returns what an operator should know, a sentence each.
	Warnings() []string
}

// Binder is a [Backend] that depends on how the middleware is configured.
type Binder interface {
	Backend

	// Bind returns the backend to use under settings. It does not change its
	// receiver.
	Bind(settings Settings) (Backend, error)
}

// Validate returns what [Validator] says of b, nil without it.
func Validate(b Backend) error {
	if v, ok := ability[Validator](b); ok {
		return v.Validate()
	}
	return nil
}

// bind calls Bind where b, or what it intercepts, has it.
func bind(b Backend, settings Settings) (Backend, error) {
	if i, ok := b.(*intercepted); ok {
		inner, err := bind(i.inner, settings)
		if err != nil {
			return nil, err
		}
		return Intercept(inner, i.do), nil
	}
	if binder, ok := b.(Binder); ok {
		return binder.Bind(settings)
	}
	return b, nil
}

func isStateless(b Backend) bool { return has[Stateless](b) }

// has tells whether b, or what it intercepts, has the optional methods A.
func has[A Backend](b Backend) bool {
	_, ok := ability[A](b)
	return ok
}

// ability returns b, or what it intercepts, as A. The result bypasses
// interceptors: only methods without I/O may be called on it.
func ability[A Backend](b Backend) (A, bool) {
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

// require returns an error that names the first of wanted that b lacks.
func require(b Backend, wanted []Ability) error {
	have := Abilities(b)
next:
	for _, w := range wanted {
		for _, h := range have {
			if h == w {
				continue next
			}
		}
		return fmt.Errorf("sessions: Config.Require: backend %T lacks the ability %q", b, w)
	}
	return nil
}
