package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Modules are the Python modules that the live tests use.
var Modules = []string{"cryptography", "flask", "flask_login", "flask_session", "itsdangerous", "jwt", "msgpack", "redis", "starlette", "uvicorn"}

// FindPython returns an interpreter that can import the modules: the one that
// SESSIONS_PYTHON names, else the system's own, which has the packages of the
// distribution, else the first in PATH. The error says what is missing.
func FindPython(modules ...string) (string, error) {
	found, err := search(1, modules)
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// Pythons returns every interpreter that can import the modules, the preferred
// one first. Where a machine has several, they tend to have several Flasks.
func Pythons(modules ...string) ([]string, error) { return search(-1, modules) }

// search finds up to n interpreters, or all of them.
func search(n int, modules []string) ([]string, error) {
	var found []string
	problem := "there is no python3"
	for i, path := range candidates() {
		if len(found) == n {
			break
		}
		lacking := lacks(path, modules)
		switch {
		case lacking == "":
			found = append(found, path)
		case i == 0:
			problem = path + " lacks " + lacking
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no Python for the live tests: %s", problem)
	}
	return found, nil
}

// candidates returns the interpreters of this machine.
func candidates() []string {
	var paths, real []string
	for _, name := range append(filepath.SplitList(os.Getenv("SESSIONS_PYTHON")), "/usr/bin/python3", "python3", "python") {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// Two names of one file are one interpreter, but a virtual
		// environment is known by its path alone.
		target, err := filepath.EvalSymlinks(path)
		if err != nil || slices.Contains(real, target) && !strings.Contains(path, "venv") {
			continue
		}
		paths, real = append(paths, path), append(real, target)
	}
	return paths
}

// complete holds the questions, of an interpreter and its modules, that found
// nothing missing. What was missing is asked for again: it may be installed by
// then.
var complete sync.Map

// lacks asks an interpreter which of the modules it cannot import.
func lacks(path string, modules []string) string {
	question := path + " " + strings.Join(modules, " ")
	if _, ok := complete.Load(question); ok {
		return ""
	}
	const script = `
import importlib, sys
lacking = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        lacking.append(name)
print(", ".join(lacking))
`
	out, err := exec.Command(path, append([]string{"-W", "ignore", "-c", script}, modules...)...).Output()
	answer := strings.TrimSpace(string(out))
	if err != nil {
		answer = "a working interpreter"
	}
	if answer == "" {
		complete.Store(question, nil)
	}
	return answer
}
