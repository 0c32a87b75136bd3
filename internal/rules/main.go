// Command rules checks what the usual linters do not know: the rules of this
// house, as CONTRIBUTING.md states them. It prints one line a finding and
// exits 1 if there was one.
//
//	go run ./internal/rules
//
// A line of Go that has to break a rule says so and why, in a comment at its
// end: //rules:allow because …
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// A finding is one broken rule.
type finding struct {
	path string // slash-separated, from the root of the module
	line int    // 0: the file as a whole
	rule string // one sentence
}

func (f finding) String() string {
	if f.line == 0 {
		return f.path + ": " + f.rule
	}
	return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.rule)
}

func main() {
	findings, files, err := check(os.DirFS("."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(2)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) > 0 {
		fmt.Printf("rules: %d findings in %d files\n", len(findings), files)
		os.Exit(1)
	}
}

// check applies every rule to the files of root and returns what it found, in
// order of path and line, with the number of files read.
func check(root fs.FS) ([]finding, int, error) {
	var findings []finding
	files := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == ".cache" || name == "node_modules" || name == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || d.Name() == ".git" { // a file in a worktree
			return nil
		}
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		if bytes.IndexByte(data, 0) >= 0 {
			return nil // no text
		}
		files++
		findings = append(findings, checkText(path, data)...)
		switch {
		case filepath.Ext(path) == ".go":
			findings = append(findings, checkGo(path, data)...)
		case filepath.Ext(path) == ".md":
			findings = append(findings, checkLinks(root, path, data)...)
		case path == "go.mod":
			findings = append(findings, checkModule(path, data)...)
		}
		return nil
	})
	if err != nil {
		return nil, files, err
	}
	if files == 0 {
		return nil, 0, fmt.Errorf("no files here: run it at the root of the module")
	}
	sort.SliceStable(findings, func(i, j int) bool {
		a, b := findings[i], findings[j]
		if a.path != b.path {
			return strings.Compare(a.path, b.path) < 0
		}
		return a.line < b.line
	})
	return findings, files, nil
}
