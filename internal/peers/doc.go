// Package peers gives tests the real Python libraries whose sessions we share,
// under the control of the test:
//
//   - [Flask] and [Starlette] run an application that does to its session what
//     the test asks: set, read and delete typed values, flash, log in.
//   - [Python] runs the libraries' own writers and readers of session cookies,
//     fast enough for differential fuzzing.
//
// Values are those of the neutral form (package internal/neutral), so that a
// tuple, bytes, 1 and 1.0 stay what they are on the way.
//
// A test that finds no Python with the libraries is skipped, or fails in CI.
package peers

import (
	"embed"
	"os"
	"path/filepath"

	"github.com/gosessions/sessions/internal/process"
)

// T is what this package needs of a *testing.T, *testing.B or *testing.F.
type T = process.T

//go:embed python/*.py
var scripts embed.FS

// unpack writes the Python scripts into a folder of the test's own.
func unpack(t T) string {
	t.Helper()
	dir := process.Dir(t, nil)
	entries, err := scripts.ReadDir("python")
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	for _, entry := range entries {
		data, err := scripts.ReadFile("python/" + entry.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, entry.Name()), data, 0o600)
		}
		if err != nil {
			t.Fatalf("peers: %v", err)
		}
	}
	return dir
}

// need returns an interpreter with the modules, or ends the test.
func need(t T, modules ...string) string {
	t.Helper()
	path, err := FindPython(modules...)
	if err != nil {
		missing(t, err)
	}
	return path
}

func missing(t T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("peers: %v, and in CI nothing is skipped", err)
	}
	t.Skipf("%v (make test installs it where it can)", err)
}

// environment keeps Python from writing bytecode and from buffering.
var environment = []string{"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "PYTHONPATH=", "PYTHONWARNINGS=ignore"}
