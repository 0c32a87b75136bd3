package explore_test

import (
	"github.com/gosessions/sessions/internal/explore"
)

// program is a request with the session's own cookie that loads the session and
// then runs f.
func program(name string, f func(q *explore.Caller) error) explore.Program {
	return explore.Program{Name: name, Carries: []string{explore.Main}, Run: func(q *explore.Caller) error {
		if err := q.Load(); err != nil {
			return err
		}
		return f(q)
	}}
}

// from is p by a client with other cookies.
func from(p explore.Program, carries ...string) explore.Program {
	p.Carries = carries
	for _, c := range carries {
		p.Name += " by " + c
	}
	if len(carries) == 0 {
		p.Name += " by a stranger"
	}
	return p
}

// The requests that are crossed with each other.
var (
	read       = program("read", func(q *explore.Caller) error { return nil })
	set        = program("set", func(q *explore.Caller) error { return q.Set("k", 2) })
	setBack    = program("set what is there", func(q *explore.Caller) error { return q.Set("k", 1) })
	remove     = program("delete", func(q *explore.Caller) error { return q.Delete("k") })
	clearAll   = program("clear", func(q *explore.Caller) error { return q.Clear() })
	count      = program("count", func(q *explore.Caller) error { return q.Increment("n", nil) })
	take       = program("take", func(q *explore.Caller) error { return q.Take("t") })
	flash      = program("flash", func(q *explore.Caller) error { return q.Flash("hello") })
	regenerate = program("regenerate", func(q *explore.Caller) error { return q.RegenerateID() })
	login      = program("log in", logIn)
	destroy    = program("destroy", func(q *explore.Caller) error { return q.Destroy() })
	replace    = program("destroy and start anew", func(q *explore.Caller) error {
		if err := q.Destroy(); err != nil {
			return err
		}
		return q.Set("k", 3)
	})
	discard = program("set, discard, count", func(q *explore.Caller) error {
		if err := q.Set("k", 2); err != nil {
			return err
		}
		q.Discard()
		return q.Increment("n", nil)
	})
	saveTwice = program("save and set", func(q *explore.Caller) error {
		if err := q.Set("k", 2); err != nil {
			return err
		}
		if err := q.Save(); err != nil {
			return err
		}
		return q.Set("k", 3)
	})
	saveCount = program("count and save", func(q *explore.Caller) error {
		if err := q.Increment("n", nil); err != nil {
			return err
		}
		return q.Save()
	})
	saveBack = program("save, then set back", func(q *explore.Caller) error {
		if err := q.Set("k", 2); err != nil {
			return err
		}
		_ = q.Save() // whatever came of it
		return q.Set("k", 1)
	})
	transact = program("transact", func(q *explore.Caller) error {
		return q.Transact(func(t *explore.Caller) error { return t.Increment("n", nil) })
	})
	transactBeside = program("save during a transaction, then delete", func(q *explore.Caller) error {
		err := q.Transact(func(*explore.Caller) error {
			if err := q.Set("x", 5); err != nil {
				return err
			}
			return q.Save()
		})
		if err != nil {
			return err
		}
		return q.Delete("x")
	})
	transactDestroy = program("destroy in a transaction", func(q *explore.Caller) error {
		return q.Transact(func(t *explore.Caller) error { return t.Destroy() })
	})
	revoke       = program("revoke a device", func(q *explore.Caller) error { return q.Revoke(explore.Owner, explore.Main) })
	revokeAll    = program("log out everywhere", func(q *explore.Caller) error { return q.RevokeAll(explore.Owner) })
	revokeOthers = program("log out elsewhere", func(q *explore.Caller) error { return q.RevokeOthers() })

	sweep = explore.Program{Name: "sweep", Run: func(q *explore.Caller) error { return q.Sweep() }}

	// A stranger logs in.
	visit = from(login)

	// everything is all of them.
	everything = []explore.Program{
		read, set, setBack, remove, clearAll, count, take, flash, regenerate, login, destroy, replace, discard,
		saveTwice, saveCount, saveBack, transact, transactBeside, transactDestroy, revoke, revokeAll, revokeOthers, visit, sweep,
	}
)

// logIn is what a login handler does.
func logIn(q *explore.Caller) error {
	if err := q.RegenerateID(); err != nil {
		return err
	}
	return q.SetSubject(explore.Owner)
}
