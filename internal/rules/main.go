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
	"go/ast"
	"go/token"
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
	t := tree{root: root, fset: token.NewFileSet()}
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
		return t.read(path)
	})
	if err != nil {
		return nil, t.files, err
	}
	if t.files == 0 {
		return nil, 0, fmt.Errorf("no files here: run it at the root of the module")
	}
	t.findings = append(t.findings, t.cases.check()...)
	t.findings = append(t.findings, checkRoot(t.fset, t.rootFiles)...)
	sort.SliceStable(t.findings, func(i, j int) bool {
		a, b := t.findings[i], t.findings[j]
		if a.path != b.path {
			return strings.Compare(a.path, b.path) < 0
		}
		return a.line < b.line
	})
	return t.findings, t.files, nil
}

// A tree is what has been read of the project. Most rules look at one file; the
// others need what is collected here.
type tree struct {
	root      fs.FS
	fset      *token.FileSet
	files     int
	findings  []finding
	cases     cases
	rootFiles []*ast.File // of the root package, without its tests
}

// read applies the rules for single files to the file at path.
func (t *tree) read(path string) error {
	data, err := fs.ReadFile(t.root, path)
	if err != nil {
		return err
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil // not a text
	}
	t.files++
	t.findings = append(t.findings, checkText(path, data)...)
	switch {
	case filepath.Ext(path) == ".go":
		t.findings = append(t.findings, t.readGo(path, data)...)
	case filepath.Ext(path) == ".md":
		t.findings = append(t.findings, checkLinks(t.root, path, data)...)
		t.findings = append(t.findings, checkEnglish(path, data)...)
		if path == casesPage {
			t.cases.page = data
		}
	case path == "go.mod":
		t.findings = append(t.findings, checkModule(path, data)...)
	}
	return nil
}

func (t *tree) readGo(path string, data []byte) []finding {
	g, bad := parseGo(t.fset, path, data)
	if g == nil {
		return bad
	}
	switch {
	case g.test:
		t.cases.add(g)
	case g.dir == "":
		t.rootFiles = append(t.rootFiles, g.file)
	}
	return g.check()
}
