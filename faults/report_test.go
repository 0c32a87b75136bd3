package faults_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// figures are what one test measured.
type figures struct {
	fault         string
	operations    int64 // requests
	faults        int64 // how often something was broken
	refused       int64 // answered by 503
	conflicts     int64 // answered by 409
	lost          int   // acknowledged updates, and sessions
	resurrections int
	recovery      time.Duration // from the end of the fault to the first success
	slowest       time.Duration // request
	remark        string
}

func (f figures) String() string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d ms | %d ms | %s |", f.fault, f.operations, f.faults,
		f.refused, f.conflicts, f.lost, f.resurrections, f.recovery.Milliseconds(), f.slowest.Milliseconds(), f.remark)
}

// measured are the figures of this run.
var measured struct {
	mu   sync.Mutex
	rows []figures
}

func (f figures) keep() {
	measured.mu.Lock()
	defer measured.mu.Unlock()
	measured.rows = append(measured.rows, f)
}

// TestMain writes the figures into the table of the document that the environment
// variable RELIABILITY names, if it does. Rows of faults that did not run
// stay.
func TestMain(m *testing.M) {
	code := m.Run()
	if file := os.Getenv("RELIABILITY"); file != "" && code == 0 {
		if err := rewrite(file, measured.rows); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// tableHead is how the table begins.
const tableHead = "| fault | requests | faults | 503 | 409 | lost | resurrected | first success after | slowest request | |\n|---|---|---|---|---|---|---|---|---|---|\n"

func rewrite(file string, rows []figures) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, table, found := strings.Cut(string(text), tableHead)
	if !found {
		return fmt.Errorf("%s has no table of figures", file)
	}
	table, after, _ := strings.Cut(table, "\n\n")
	lines := make(map[string]string)
	add := func(line string) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok {
			lines[name] = line
		}
	}
	for line := range strings.SplitSeq(table, "\n") {
		add(line)
	}
	for _, row := range rows {
		add(row.String())
	}
	var sorted []string
	for _, line := range lines {
		sorted = append(sorted, line)
	}
	slices.Sort(sorted)
	if after != "" {
		after = "\n" + after
	}
	return os.WriteFile(file, []byte(before+tableHead+strings.Join(sorted, "\n")+"\n"+after), 0o644)
}
