package sessions_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// lastRecord keeps the last record that was written.
type lastRecord struct {
	sessions.Backend
	last string
}

func (l *lastRecord) Write(ctx context.Context, id string, record sessions.Record) (string, error) {
	l.last = string(record.Data)
	return l.Backend.Write(ctx, id, record)
}

// A record of starsessions states its lifetime, and says when it was last
// used; what else its metadata holds stays.
func TestStarsessionsMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &lastRecord{Backend: memory.New(nil)}
		mw := newMiddleware(t, b, &sessions.Config{Format: serializer.StarsessionsFormat, Lifetime: time.Hour})
		c := start(t, mw, nil)
		if want := `"__metadata__": {"lifetime": 3600, "created": 946684800.0, "last_access": 946684800.0}}`; !strings.HasSuffix(b.last, want) {
			t.Errorf("a new session is %s, want …%s", b.last, want)
		}
		time.Sleep(time.Minute)
		c.get("/other")
		if want := `"__metadata__": {"lifetime": 3600, "created": 946684800.0, "last_access": 946684860.0}}`; !strings.HasSuffix(b.last, want) {
			t.Errorf("a changed session is %s, want …%s", b.last, want)
		}
	})
}
