package sessions

import (
	"context"

	"github.com/gosessions/sessions/backends"
)

// getsOwner reports whether the commit adds a session to its subject in the primary
// store, so that the limit counts.
func (c *commit) getsOwner() bool {
	return c.v.maxPerSubject > 0 && c.content.Subject != "" &&
		(c.content.Subject != c.base.content.Subject || c.base.data == nil)
}

// limit returns how many sessions the subject may have, including the one that is
// stored; 0 means any number. The backend refuses one more in the same step that
// would store it. With evictOldest the backend refuses none, and evict ends the
// oldest afterwards.
func (c *commit) limit() int {
	if c.v.evictOldest || !c.getsOwner() {
		return 0
	}
	return c.v.maxPerSubject
}

// evict ends the subject's oldest sessions above the limit, but never the one that
// was just stored. It runs after the commit, so that a login that fails does not
// log another device out. Concurrent logins all call it, and the backend keeps the
// number at the limit.
func (c *commit) evict(ctx context.Context) error {
	removed, err := c.st.trim(ctx, c.content.Subject, c.v.maxPerSubject, c.base.id)
	for _, id := range removed {
		c.v.tell(ctx, Event{Kind: EventEvicted, Session: backends.PublicID(id), Subject: c.content.Subject})
	}
	return err
}
