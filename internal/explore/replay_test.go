package explore_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/explore"
)

// TestReplay runs one schedule again: the one that the environment names, as a
// report of a broken rule prints it, or one that breaks nothing.
func TestReplay(t *testing.T) {
	name, text := os.Getenv("EXPLORE_SCENARIO"), os.Getenv("EXPLORE_SCHEDULE")
	if name == "" {
		name, text = "memory: count | set by other in one process", "A B A:lost B A"
	}
	s, err := scenario(name)
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := explore.ParseSchedule(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, turn := range schedule {
		if turn.Fault != explore.None {
			s.Faults++
		}
	}
	if broken := s.Replay(t, schedule); broken != nil {
		t.Error(broken)
	}
}

// scenario returns the scenario of this name.
func scenario(name string) (explore.Scenario, error) {
	var s explore.Scenario
	setup, requests, _ := strings.Cut(name, ": ")
	for _, candidate := range setups {
		if candidate.Name == setup {
			s.Setup = candidate
		}
	}
	if s.Setup.Name == "" {
		return s, fmt.Errorf("%q: no setup has this name; real stores cannot be replayed", setup)
	}
	requests, s.Together = strings.CutSuffix(requests, " in one process")
	for _, request := range strings.Split(requests, " | ") {
		p, err := named(request)
		if err != nil {
			return s, err
		}
		s.Requests = append(s.Requests, p)
	}
	return s, nil
}

// named returns the program of this name.
func named(name string) (explore.Program, error) {
	short, by, _ := strings.Cut(name, " by ")
	for _, p := range everything {
		switch {
		case p.Name != short:
		case by == "":
			return p, nil
		case by == "a stranger":
			return from(p), nil
		default:
			return from(p, strings.Split(by, " by ")...), nil
		}
	}
	return explore.Program{}, fmt.Errorf("no program is called %q", name)
}
