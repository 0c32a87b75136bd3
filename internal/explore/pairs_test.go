package explore_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/explore"
)

func TestTmpPairs(t *testing.T) {
	setups := map[string]explore.Setup{"memory": inMemory}
	imp := inMemory
	imp.Name, imp.Source = "imported", newMemory
	setups["imported"] = imp
	faults := 0
	if os.Getenv("F") != "" {
		faults = 1
	}
	only := os.Getenv("P")
	total, broken := 0, 0
	for _, a := range everything {
		for _, b := range everything {
			s := explore.Scenario{Setup: setups[os.Getenv("S")], Requests: []explore.Program{a, b}, Faults: faults, Together: os.Getenv("T") != ""}
			if only != "" && !strings.Contains(s.Name(), only) {
				continue
			}
			r := s.Explore(t, explore.Options{})
			total += r.Schedules
			broken += r.Broken
			if r.First != nil {
				fmt.Println(r.Broken, "of", r.Schedules, r.First)
			}
		}
	}
	fmt.Println(total, broken)
}
