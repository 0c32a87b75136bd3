package explore_test

import (
	"strings"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/explore"
	"github.com/gosessions/sessions/serializer"
)

func newMemory() sessions.Backend { return memory.New(nil) }

// inMemory is the store that has everything.
var inMemory = explore.Setup{Name: "memory", Store: newMemory}

// but returns inMemory with a difference.
func but(name string, change func(*explore.Setup)) explore.Setup {
	s := inMemory
	s.Name = name
	change(&s)
	return s
}

// The setups are the configurations that make a difference to the protocol.
var (
	local       = but("memory without deadlines", func(s *explore.Setup) { s.Local = true })
	conflate    = but("a store that takes absence for a conflict", func(s *explore.Setup) { s.Conflates = true })
	strict      = but("memory, strict", func(s *explore.Setup) { s.Config.RefuseConflicts = true })
	noRotate    = but("a store that cannot rotate", func(s *explore.Setup) { s.Without = []backends.Ability{backends.CanRotate} })
	noIndex     = but("a store without subjects", func(s *explore.Setup) { s.Without = []backends.Ability{backends.CanSubjects} })
	noTombstone = but("a format without tombstones", func(s *explore.Setup) { s.Config.Format = tombstoneless{serializer.Native(serializer.JSON)} })
	noSwap      = but("a store that cannot swap", func(s *explore.Setup) {
		s.Without, s.Weak = []backends.Ability{backends.CanSwap, backends.CanRotate}, true
	})
	fourMethods = but("a store of four methods", func(s *explore.Setup) {
		s.Without = []backends.Ability{backends.CanSwap, backends.CanRotate, backends.CanTouch, backends.CanSubjects}
		s.Weak = true
	})
	idle = but("memory, idle for 10 minutes of 30", func(s *explore.Setup) {
		s.Config.IdleTimeout, s.Age = 30*time.Minute, 10*time.Minute
	})
	idleNoTouch = but("a store that cannot touch, idle for 10 minutes of 30", func(s *explore.Setup) {
		s.Config.IdleTimeout, s.Age = 30*time.Minute, 10*time.Minute
		s.Without = []backends.Ability{backends.CanTouch}
	})
	atMost3 = but("memory, at most 3 sessions for each", func(s *explore.Setup) { s.Config.MaxPerSubject = 3 })
	newest2 = but("memory, the newest 2 sessions of each", func(s *explore.Setup) {
		s.Config.MaxPerSubject, s.Config.EvictOldest = 2, true
	})
	newest1 = but("memory, the newest session of each", func(s *explore.Setup) {
		s.Config.MaxPerSubject, s.Config.EvictOldest, s.Bare = 1, true, true
	})
	imports         = but("memory, imported", func(s *explore.Setup) { s.Source = newMemory })
	importsConflate = but("a store that takes absence for a conflict, imported", func(s *explore.Setup) {
		s.Source, s.Conflates = newMemory, true
	})
	importsFromConflate = but("memory, imported from a store that takes absence for a conflict", func(s *explore.Setup) {
		s.Source, s.SourceConflates = newMemory, true
	})
	importsNoRotate = but("a store that cannot rotate, imported", func(s *explore.Setup) {
		s.Source, s.Without = newMemory, []backends.Ability{backends.CanRotate}
	})
	importsCookie = but("memory, imported from a cookie", func(s *explore.Setup) {
		s.Source, s.Replays = newCookie, true
	})
	encrypted = but("encrypted records", func(s *explore.Setup) {
		s.Config.Format = serializer.Encrypted(serializer.Native(serializer.JSON), strings.Repeat("0123456789abcdef", 4))
	})
	carried   = but("a cookie", func(s *explore.Setup) { s.Store, s.Carried = newCookie, true })
	revocable = but("a cookie whose end a store remembers", func(s *explore.Setup) {
		s.Store, s.Ledger, s.Tokens = nil, newMemory, newRevocable(&cookie.RevocationOptions{CacheFor: -1})
	})
	revocableCached = but("a cookie whose end a store remembers, with answers kept", func(s *explore.Setup) {
		s.Store, s.Ledger, s.Tokens = nil, newMemory, newRevocable(nil)
	})

	setups = []explore.Setup{
		inMemory, local, conflate, strict, noRotate, noIndex, noTombstone, noSwap, fourMethods, idle, idleNoTouch,
		atMost3, newest2, newest1, imports, importsConflate, importsFromConflate, importsNoRotate, importsCookie, encrypted, carried,
		revocable, revocableCached,
	}
)

// newCookie is a backend whose sessions travel with the client.
func newCookie() sessions.Backend {
	return cookie.New(cookie.Encrypted(strings.Repeat("0123456789abcdef", 4)))
}

// newRevocable returns a function that makes such a backend over the store of what
// has ended.
func newRevocable(options *cookie.RevocationOptions) func(sessions.Backend) sessions.Backend {
	return func(ledger sessions.Backend) sessions.Backend {
		return cookie.Revocable(cookie.Encrypted(strings.Repeat("0123456789abcdef", 4)), ledger, options)
	}
}

// tombstoneless is a format as Flask-Session's, without room for what is ours.
type tombstoneless struct{ serializer.Format }

func (f tombstoneless) Holds() serializer.Holds {
	holds := f.Format.Holds()
	holds.Retired, holds.Writes = false, false
	return holds
}
