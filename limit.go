package sessions

import (
	"context"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// makeRoom keeps a subject's sessions within the configured number.
func (c *commit) makeRoom(ctx context.Context) error {
	limit := c.v.maxPerSubject
	subject := c.content.Subject
	if limit == 0 || subject == "" || subject == c.base.content.Subject || c.st.absent(c.content) {
		return nil
	}
	list, err := c.st.list(ctx, subject)
	if err != nil {
		return err
	}
	for len(list) >= limit {
		if !c.v.evictOldest {
			return ErrSubjectLimit
		}
		oldest := 0
		var when serializer.Content
		for i := range list {
			var content serializer.Content
			if err := c.st.format.Unpack(list[i].Record.Data, &content); err != nil {
				oldest = i // nobody can use it
				break
			}
			if i == 0 || content.Created.Before(when.Created) {
				oldest, when = i, content
			}
		}
		if err := c.st.remove(ctx, list[oldest].ID); err != nil {
			return err
		}
		c.v.tell(ctx, Event{Kind: EventEvicted, Session: backends.PublicID(list[oldest].ID)})
		list = append(list[:oldest], list[oldest+1:]...)
	}
	return nil
}
