package faults_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// invariant is a promise that holds whatever breaks.
type invariant string

const (
	noLostUpdate    invariant = "I1 no update that was acknowledged is lost"
	noResurrection  invariant = "I2 no session that was ended comes back"
	noMixUp         invariant = "I3 nobody sees another user's data"
	cleanResponse   invariant = "I4 a response is the handler's, or a clean 503 or 409"
	boundedWait     invariant = "I5 a request takes no longer than its timeouts allow"
	quickRecovery   invariant = "I6 the first success comes within a second after the fault has ended"
	nothingLeftOver invariant = "I7 no goroutine and no connection is left over"
	cookieSurvives  invariant = "I8 the same cookie works after the outage"
	// I9, no data race, is what the race detector checks.
)

// judge collects what breaks an invariant.
type judge struct {
	excused []invariant // are counted, and no failure

	mu     sync.Mutex
	counts map[invariant]int
	first  []string
}

// broken notes a violation.
func (j *judge) broken(i invariant, format string, args ...any) {
	j.brokenBy(1, i, format, args...)
}

// brokenBy notes a violation that counts as n.
func (j *judge) brokenBy(n int, i invariant, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.counts == nil {
		j.counts = make(map[invariant]int)
	}
	j.counts[i] += max(1, n)
	if len(j.first) < 10 && !slices.Contains(j.excused, i) {
		j.first = append(j.first, fmt.Sprintf("%s\n\t%s", i, fmt.Sprintf(format, args...)))
	}
}

func (j *judge) count(i invariant) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts[i]
}

// report fails the test if anything was noted.
func (j *judge) report(t *testing.T) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.first) == 0 {
		return
	}
	for i, n := range j.counts {
		if !slices.Contains(j.excused, i) {
			t.Errorf("broken %d times: %s", n, i)
		}
	}
	t.Errorf("for example:\n%s", strings.Join(j.first, "\n"))
}

// goroutinesOfOthers are not ours and may stay: what a proxy starts for itself in
// its own time, what toxiproxy leaves behind when a toxic is removed from a
// connection that is just closing, and who waits for the end of a server that was
// restarted.
var goroutinesOfOthers = []string{
	"github.com/Shopify/toxiproxy/v2.(*Proxy).freeBlocker",
	"github.com/Shopify/toxiproxy/v2/toxics.(*NoopToxic).Pipe",
	"github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run",
	"github.com/Shopify/toxiproxy/v2/stream.(*ChanWriter).Write",
	"github.com/gosessions/sessions/internal/process.(*Process).Start.func1",
}
