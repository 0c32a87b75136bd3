package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// purposes are what processor time may be spent on. A sample belongs to the purpose
// that its innermost function with one has.
var purposes = []struct {
	name      string
	functions *regexp.Regexp
}{
	{"allocation and garbage collection", regexp.MustCompile(`^runtime\.(mallocgc|newobject|growslice|makeslice|makemap|gc|bgsweep|bgscavenge|\(\*(mheap|mspan|mcache|mcentral|gcWork|sweepLocked|scavenge)|wbBuf|scanobject|typePointers|deductAssist|heapSetType)`)},
	{"system calls", regexp.MustCompile(`^(syscall|internal/runtime/syscall)\.|^internal/poll\.`)},
	{"scheduling of goroutines", regexp.MustCompile(`^runtime\.(mcall|park_m|schedule|findRunnable|netpoll|goready|ready|wakep|startm|stopm|newproc|goexit0|morestack|newstack|copystack|chan|selectgo|lock2|unlock2)`)},
	{"contexts and timers", regexp.MustCompile(`^(context|time)\.|^runtime\.(\(\*timer|timer)`)},
	{"cryptography", regexp.MustCompile(`^(crypto|hash)/|^crypto\.`)},
	{"locks", regexp.MustCompile(`^(sync|sync/atomic|internal/sync)\.`)},
	{"maps", regexp.MustCompile(`^(internal/runtime/maps|maps)\.|^runtime\.map`)},
	{"encoding", regexp.MustCompile(`^(encoding|strconv|unicode)[./]`)},
	{"net/http", regexp.MustCompile(`^net/`)},
	{"the client of Redis", regexp.MustCompile(`^github\.com/redis/`)},
	{"the client of Postgres", regexp.MustCompile(`^github\.com/jackc/`)},
	{"this library", regexp.MustCompile(`^github\.com/gosessions/sessions(/backends|/serializer|/itsdangerous|/internal|\.)`)},
}

// profiled returns in words what processor time of that length is spent on.
func profiled(tb testing.TB, ask func(), length time.Duration) string {
	tb.Helper()
	var data bytes.Buffer
	if err := pprof.StartCPUProfile(&data); err != nil {
		tb.Fatal(err)
	}
	// A request that waits for a server takes more time than the processor's.
	began, limit := spent(), time.Now().Add(5*length)
	for spent()-began < length && time.Now().Before(limit) {
		turn(ask, length/10)
	}
	pprof.StopCPUProfile()
	p, err := profile.Parse(&data)
	if err != nil {
		tb.Fatal(err)
	}
	return shares(p)
}

// shares returns the purposes that take at least 3 % of a profile, the greatest
// first.
func shares(p *profile.Profile) string {
	times, all := map[string]int64{}, int64(0)
	for _, s := range p.Sample {
		value := s.Value[len(s.Value)-1]
		all += value
		times[purpose(s)] += value
	}
	type share struct {
		name    string
		percent float64
	}
	var list []share
	for name, value := range times {
		if percent := 100 * float64(value) / float64(all); name != "" && percent >= 3 {
			list = append(list, share{name, percent})
		}
	}
	slices.SortFunc(list, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.percent, a.percent), strings.Compare(a.name, b.name))
	})
	var words []string
	for _, s := range list {
		words = append(words, fmt.Sprintf("%s %.0f %%", s.name, s.percent))
	}
	return strings.Join(words, ", ")
}

// purpose returns what a sample's time was spent on, "" if that is unknown.
func purpose(s *profile.Sample) string {
	for _, location := range s.Location {
		for _, line := range location.Line {
			for _, p := range purposes {
				if p.functions.MatchString(line.Function.Name) {
					return p.name
				}
			}
		}
	}
	return ""
}

func TestShares(t *testing.T) {
	location := func(name string) *profile.Location {
		return &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}}
	}
	sample := func(value int64, stack ...string) *profile.Sample {
		s := &profile.Sample{Value: []int64{1, value}}
		for _, name := range stack {
			s.Location = append(s.Location, location(name))
		}
		return s
	}
	const ours, test = "github.com/gosessions/sessions.Load", "github.com/gosessions/sessions/bench.turn"
	p := &profile.Profile{Sample: []*profile.Sample{
		sample(40, "runtime.memclr", "runtime.mallocgcSmallNoscan", ours),
		sample(10, "runtime.gcBgMarkWorker"),
		sample(30, "runtime.memmove", ours),
		sample(10, "crypto/sha256.block", ours),
		sample(2, "sync.(*Mutex).Lock", ours),
		sample(8, test),
	}}
	const want = "allocation and garbage collection 50 %, this library 30 %, cryptography 10 %"
	if got := shares(p); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
