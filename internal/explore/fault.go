package explore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Fault is what goes wrong with one step.
type Fault uint8

// The faults.
const (
	None        Fault = iota
	Refused           // nothing is done, and the answer is an error
	Lost              // it is carried out, and the answer is an error
	Cut               // as Lost, and the thread's next step is refused
	Late              // it is carried out, and the answer does not come before the deadline
	Silent            // nothing is done, and no answer comes before the deadline
	Killed            // the process ends before the step
	KilledAfter       // the process ends when the step is carried out
	numFaults

	abort Fault = 255 // ends the thread, when a run is over
)

// Every is all faults.
var Every = []Fault{Refused, Lost, Cut, Late, Silent, Killed, KilledAfter}

var faultNames = [numFaults]string{
	None: "", Refused: "refused", Lost: "lost", Cut: "cut", Late: "late",
	Silent: "silent", Killed: "killed", KilledAfter: "killed-after",
}

// String returns the fault as a schedule has it.
func (f Fault) String() string { return faultNames[f] }

// stops reports whether the fault changes what other threads can do, by time
// that passes or by the end of their process.
func (f Fault) stops() bool { return f >= Late }

// errFault is what a store answers whose step went wrong.
var errFault = errors.New("explore: the store failed")

// Schedule is the choices of one run: which thread went on, and what went wrong
// with its step.
type Schedule []Turn

// Turn is one choice. Threads have letters: A is the first request, B the
// second, and Ab a second goroutine in A.
type Turn struct {
	Thread string
	Fault  Fault
}

// String returns s as [ParseSchedule] takes it: "A B:lost A".
func (s Schedule) String() string {
	words := make([]string, len(s))
	for i, turn := range s {
		words[i] = turn.Thread
		if turn.Fault != None {
			words[i] += ":" + turn.Fault.String()
		}
	}
	return strings.Join(words, " ")
}

// ParseSchedule reads what [Schedule.String] returns.
func ParseSchedule(text string) (Schedule, error) {
	var s Schedule
	for _, word := range strings.Fields(text) {
		thread, name, _ := strings.Cut(word, ":")
		fault := slices.Index(faultNames[:], name)
		if thread == "" || fault < 0 {
			return nil, fmt.Errorf("explore: %q is not a turn of a schedule: write a thread, or thread:fault with one of %v", word, faultNames[1:])
		}
		s = append(s, Turn{thread, Fault(fault)})
	}
	return s, nil
}
