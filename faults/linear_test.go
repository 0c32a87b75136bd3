package faults_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

// A family is three IDs among which sessions come, change, move and go. Each is
// used for some forty operations, because what is in doubt stays in doubt for as
// long as the family is watched, and every doubt doubles the work of the check.
const (
	members       = 3
	familyHistory = 40
)

// call is one operation of a backend. Values are numbers, 0 is "nothing".
type call struct {
	op        backends.Op // OpWrite stands for a Swap that creates
	family    int
	id        int // of the member
	old, new  int
	to        int // rotate: the member that gets new, while id gets tombstone
	tombstone int
}

// result is how it ended.
type result struct {
	value int    // read: what was there
	said  string // "ok", "conflict", "absent" or "unknown"
}

// state is what the members of a family hold.
type state [members]int

// model says what each operation does and what it may answer. An operation in
// doubt is carried out, if at all, at any time after it was called, and
// so never has to end.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		families := make(map[int][]porcupine.Operation)
		for _, o := range history {
			f := o.Input.(call).family
			families[f] = append(families[f], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range families {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return state{} },
	Step: func(s, input, output any) (bool, any) {
		now, c, r := s.(state), input.(call), output.(result)
		next, says := c.apply(now)
		switch r.said {
		case "unknown":
			return true, next
		case "ok":
			return says == "ok" && (c.op != backends.OpRead || r.value == now[c.id]), next
		case "conflict": // also said by those who cannot tell it from absent
			return says != "ok", now
		}
		return says == r.said, now
	},
	DescribeOperation: func(input, output any) string {
		c, r := input.(call), output.(result)
		return fmt.Sprintf("%s %d: %d to %d (new ID %d, tombstone %d): %s %d", c.op, c.id, c.old, c.new, c.to, c.tombstone, r.said, r.value)
	},
}

// apply returns the state after the call, and what the call has to answer.
func (c call) apply(s state) (state, string) {
	switch c.op {
	case backends.OpRead, backends.OpTouch:
		if s[c.id] == 0 {
			return s, "absent"
		}
	case backends.OpRemove:
		s[c.id] = 0
	case backends.OpWrite:
		if s[c.id] != 0 {
			return s, "conflict"
		}
		s[c.id] = c.new
	case backends.OpSwap, backends.OpRotate:
		if s[c.id] == 0 {
			return s, "absent"
		}
		if s[c.id] != c.old || c.op == backends.OpRotate && s[c.to] != 0 {
			return s, "conflict"
		}
		if c.op == backends.OpSwap {
			s[c.id] = c.new
		} else {
			s[c.id], s[c.to] = c.tombstone, c.new
		}
	}
	return s, "ok"
}

// carryOut calls the backend.
func (c call) carryOut(ctx context.Context, b sessions.Backend, prefix string) result {
	name := func(id int) string { return fmt.Sprintf("%s-%d-%d", prefix, c.family, id) }
	record := func(value int) sessions.Record {
		if value == 0 {
			return sessions.Record{}
		}
		return sessions.Record{Data: []byte(strconv.Itoa(value)), TTL: time.Hour}
	}
	var r result
	var err error
	switch c.op {
	case backends.OpRead:
		var found sessions.Record
		if found, err = b.Read(ctx, name(c.id)); err == nil {
			r.value, err = strconv.Atoi(string(found.Data))
		}
	case backends.OpTouch:
		_, err = backends.Touch(ctx, b, name(c.id), time.Hour)
	case backends.OpRemove:
		err = b.Remove(ctx, name(c.id))
	case backends.OpWrite:
		err = backends.Swap(ctx, b, name(c.id), nil, record(c.new))
	case backends.OpSwap:
		err = backends.Swap(ctx, b, name(c.id), record(c.old).Data, record(c.new))
	case backends.OpRotate:
		err = backends.Rotate(ctx, b, name(c.id), record(c.old).Data, record(c.tombstone), name(c.to), record(c.new))
	}
	switch {
	case err == nil:
		r.said = "ok"
	case errors.Is(err, sessions.ErrConflict):
		r.said = "conflict"
	case errors.Is(err, sessions.ErrNotFound):
		r.said = "absent"
	default:
		r.said = "unknown"
	}
	return r
}

// watch lets eight clients use the stores while strike runs, and returns what
// happened and how many operations are in doubt.
func watch(stores []sessions.Backend, strike func()) (history []porcupine.Operation, doubts int) {
	var (
		mu        sync.Mutex
		wait      sync.WaitGroup
		calls     atomic.Int64
		values    atomic.Int64
		ended     atomic.Bool
		prefix    = strconv.FormatUint(rand.Uint64(), 36)
		began     = time.Now()
		rotates   = slices.Contains(backends.Abilities(stores[0]), backends.CanRotate)
		kinds     = []backends.Op{backends.OpRead, backends.OpRead, backends.OpRead, backends.OpWrite, backends.OpWrite, backends.OpSwap, backends.OpSwap, backends.OpSwap, backends.OpTouch, backends.OpRemove, backends.OpRotate, backends.OpRotate}
		lastValue sync.Map // by family and member: a value that was there
	)
	for client := range 8 {
		wait.Go(func() {
			for !ended.Load() {
				c := call{
					op: kinds[rand.IntN(len(kinds))], family: int(calls.Add(1)) / familyHistory,
					id: rand.IntN(members), new: int(values.Add(1)),
				}
				if c.op == backends.OpRotate {
					if !rotates {
						continue
					}
					c.to = (c.id + 1 + rand.IntN(members-1)) % members
					c.tombstone = rand.IntN(2) * int(values.Add(1))
				}
				if old, ok := lastValue.Load([2]int{c.family, c.id}); ok {
					c.old = old.(int)
				} else if c.op == backends.OpSwap || c.op == backends.OpRotate {
					c.op = backends.OpRead
				}
				ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
				o := porcupine.Operation{ClientId: client, Input: c, Call: int64(time.Since(began))}
				r := c.carryOut(ctx, stores[rand.IntN(len(stores))], prefix)
				o.Output, o.Return = r, int64(time.Since(began))
				cancel()
				switch {
				case r.said == "unknown" && c.op == backends.OpRead:
					continue
				case r.said == "unknown":
					o.Return = math.MaxInt64
				case r.said == "ok" && c.op == backends.OpRead:
					lastValue.Store([2]int{c.family, c.id}, r.value)
				case r.said == "ok" && (c.op == backends.OpWrite || c.op == backends.OpSwap):
					lastValue.Store([2]int{c.family, c.id}, c.new)
				}
				mu.Lock()
				history = append(history, o)
				if r.said == "unknown" {
					doubts++
				}
				mu.Unlock()
			}
		})
	}
	strike()
	ended.Store(true)
	wait.Wait()
	return history, doubts
}

// explain finds an order of the operations that explains every answer. If there
// is none it returns the first family without one, as a text.
func explain(history []porcupine.Operation) (explained bool, why string) {
	for _, family := range model.Partition(history) {
		switch porcupine.CheckOperationsTimeout(model, family, time.Minute) {
		case porcupine.Ok:
			continue
		case porcupine.Illegal:
			if removedTwice(family) {
				continue
			}
		case porcupine.Unknown:
			return false, fmt.Sprintf("family %d, with %d operations of which %d are in doubt, cannot be checked within a minute", family[0].Input.(call).family, len(family), inDoubt(family))
		}
		slices.SortFunc(family, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
		for _, o := range family {
			if seen := until(family, o.Return); !porcupine.CheckOperations(model, seen) && !removedTwice(seen) {
				return false, fmt.Sprintf("%s\nThe last one broke it: %s", list(seen), describe(o))
			}
		}
	}
	return true, ""
}

// inDoubt counts the operations of which nobody knows whether they were carried out.
func inDoubt(family []porcupine.Operation) (n int) {
	for _, o := range family {
		if o.Output.(result).said == "unknown" {
			n++
		}
	}
	return n
}

// removedTwice reports whether there is an explanation if removals may be carried
// out twice while they last: a client repeats one whose answer was lost, and may,
// for the middleware never uses an ID again after it was removed.
func removedTwice(family []porcupine.Operation) bool {
	var removals []porcupine.Operation
	for _, o := range family {
		if o.Input.(call).op == backends.OpRemove {
			removals = append(removals, o)
		}
	}
	for set := 1; set < 1<<min(len(removals), 6); set++ {
		again := slices.Clone(family)
		for i, o := range removals {
			if set&(1<<i) != 0 {
				again = append(again, o)
			}
		}
		if porcupine.CheckOperationsTimeout(model, again, 10*time.Second) == porcupine.Ok {
			return true
		}
	}
	return false
}

// until returns what was known of the operations at a time: those that had not
// ended were in doubt.
func until(family []porcupine.Operation, end int64) (seen []porcupine.Operation) {
	for _, o := range family {
		if o.Return > end {
			if o.Call > end || o.Input.(call).op == backends.OpRead {
				continue
			}
			o.Output, o.Return = result{said: "unknown"}, math.MaxInt64
		}
		seen = append(seen, o)
	}
	return seen
}

func list(operations []porcupine.Operation) string {
	slices.SortFunc(operations, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var lines []string
	for _, o := range operations {
		lines = append(lines, describe(o))
	}
	return strings.Join(lines, "\n")
}

func describe(o porcupine.Operation) string {
	end := "for ever"
	if o.Return != math.MaxInt64 {
		end = time.Duration(o.Return).String()
	}
	return fmt.Sprintf("%12v to %12s, client %d: %s", time.Duration(o.Call), end, o.ClientId, model.DescribeOperation(o.Input, o.Output))
}

// linear is F27: whatever strike breaks, all that the backends answer can be
// explained by one order of the operations.
func linear(t *testing.T, name string, stores []sessions.Backend, strike func()) {
	t.Helper()
	history, doubts := watch(stores, strike)
	row := figures{fault: name, operations: int64(len(history)), refused: int64(doubts), remark: "operations of a backend; 503 stands for those in doubt"}
	t.Log(row)
	if explained, why := explain(history); !explained {
		t.Fatalf("no order of the operations explains what they answered:\n%s", why)
	}
	if len(history) < 100 {
		t.Errorf("only %d operations were watched", len(history))
	}
	row.keep()
}
