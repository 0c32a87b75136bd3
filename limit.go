package sessions

import (
	"context"

	"github.com/gosessions/sessions/backends"
)

// getsOwner reports whether the commit files the session under a subject that
// the primary store does not file it under yet.
func (c *commit) getsOwner() bool {
	return c.v.maxPerSubject > 0 && c.content.Subject != "" &&
		(c.content.Subject != c.base.content.Subject || c.base.data == nil)
}

// limit returns how many sessions the subject may have with the one that is
// stored, 0 for any number. The backend refuses one more in the step that would
// store it. If the oldest one is to go instead, that is for evict.
func (c *commit) limit() int {
	if c.v.evictOldest || !c.getsOwner() {
		return 0
	}
	return c.v.maxPerSubject
}

// evict ends the subject's oldest sessions beyond the limit, but never the one
// that was just stored. It comes after the commit, so that a login that fails logs
// no other device out. Of several logins at once each does it, and the backend
// sees to it that the limit remains.
func (c *commit) evict(ctx context.Context) error {
	removed, err := c.st.trim(ctx, c.content.Subject, c.v.maxPerSubject, c.base.id)
	for _, id := range removed {
		c.v.tell(ctx, Event{Kind: EventEvicted, Session: backends.PublicID(id)})
	}
	return err
}
