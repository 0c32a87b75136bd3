package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

const (
	module   = "github.com/gosessions/sessions"
	maxLines = 450 // a file is one concept
	maxTest  = 600 // so is a test file, with its tables
)

// testOnly are the packages outside _test.go files that may import testing:
// test helpers, which no program imports.
var testOnly = map[string]bool{
	"sessionstest":      true,
	"internal/process":  true,
	"internal/services": true,
	"internal/peers":    true,
	"internal/explore":  true,
	"internal/storm":    true,
}

// nested modules measure and attack; the rules for library code are not
// theirs.
var nested = map[string]bool{"bench": true, "faults": true, "browser": true}

// A place is where a Go file stands and so which rules it has to obey.
type place struct {
	dir     string // "" is the root package
	test    bool   // a _test.go file
	library bool   // part of a package that programs import
}

func placeOf(name string, pkg string) place {
	dir := path.Dir(name)
	if dir == "." {
		dir = ""
	}
	top, _, _ := strings.Cut(dir, "/")
	p := place{dir: dir, test: strings.HasSuffix(name, "_test.go")}
	p.library = !p.test && pkg != "main" && !testOnly[dir] && !nested[top]
	return p
}

// parseGo returns a Go file for the rules, or what keeps it from being parsed.
func parseGo(fset *token.FileSet, name string, src []byte) (*goFile, []finding) {
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, []finding{{name, 0, "does not parse: " + err.Error()}}
	}
	return &goFile{
		name: name, file: file, fset: fset,
		place:   placeOf(name, file.Name.Name),
		allowed: allowances(fset, file),
		imports: map[string]string{},
	}, nil
}

// check applies the rules for Go files.
func (g *goFile) check() []finding {
	g.checkImports()
	g.checkCalls()
	if g.library {
		g.checkDocs()
		g.checkSentinels()
	}
	g.checkEnglish()
	most := maxLines
	if g.test {
		most = maxTest
		g.checkTestComments()
	}
	if n := g.fset.File(g.file.Pos()).LineCount(); n > most && !ast.IsGenerated(g.file) {
		g.add(g.file.Pos(), "has "+strconv.Itoa(n)+" lines: split it where the concept changes")
	}
	return g.findings
}

// A goFile is one file under examination.
type goFile struct {
	place
	name     string
	file     *ast.File
	fset     *token.FileSet
	imports  map[string]string // name in the file to import path
	allowed  map[int]bool      // lines with an allowance
	findings []finding
}

func (g *goFile) add(pos token.Pos, rule string) {
	line := g.fset.Position(pos).Line
	if !g.allowed[line] {
		g.findings = append(g.findings, finding{g.name, line, rule})
	}
}

var allowance = regexp.MustCompile(`^//rules:allow \S+`)

// allowances returns the lines whose comment excuses them with a reason.
func allowances(fset *token.FileSet, file *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if allowance.MatchString(c.Text) {
				lines[fset.Position(c.Pos()).Line] = true
			}
		}
	}
	return lines
}

// checkImports keeps testing code, weak randomness and wrong directions out.
func (g *goFile) checkImports() {
	for _, spec := range g.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		g.imports[name] = p
		if g.test || nested[topOf(g.dir)] {
			continue
		}
		switch {
		case (p == "testing" || strings.HasPrefix(p, "testing/")) && !testOnly[g.dir]:
			g.add(spec.Pos(), "imports "+p+" outside tests")
		case forTests(p):
			g.add(spec.Pos(), "imports "+p+", which only tests need: programs should not depend on it")
		case g.library && (p == "math/rand" || p == "math/rand/v2"):
			g.add(spec.Pos(), "imports "+p+": secrets come from crypto/rand, and nothing here needs weaker chance")
		case g.library && p == "log":
			g.add(spec.Pos(), "imports log: a library reports through its observer or log/slog")
		case g.library && p == "encoding/gob":
			g.add(spec.Pos(), "imports encoding/gob, which must not read what a client or a store sends")
		case g.library && p == "unsafe":
			g.add(spec.Pos(), "imports unsafe")
		case strings.HasPrefix(p, module):
			own := strings.TrimPrefix(strings.TrimPrefix(p, module), "/")
			if why := wrongWay(g.dir, own); why != "" {
				g.add(spec.Pos(), why)
			}
		}
	}
}

func topOf(dir string) string {
	top, _, _ := strings.Cut(dir, "/")
	return top
}

// wrongWay returns why the package in from must not import the one in to; "" if
// it may. Imports point one way: programs, the root, the backends, the contract
// of backends, serializer.
func wrongWay(from, to string) string {
	top := topOf(from)
	switch {
	case testOnly[to] && !testOnly[from] && topOf(from) != "internal":
		return "imports the test package " + to
	case top == "serializer" || top == "itsdangerous":
		if to != from && !strings.HasPrefix(to, "internal/") {
			return top + " imports nothing of this module"
		}
	case from == "":
		if to != "backends" && to != "serializer" && !strings.HasPrefix(to, "internal/") {
			return "the root package imports only backends and serializer"
		}
	case from == "backends":
		if to != "serializer" {
			return "the contract of backends imports only serializer"
		}
	case top == "backends":
		if to == "" {
			return "a backend imports the contract, package backends, and not the root"
		}
		if topOf(to) == "backends" && to != "backends" && to != from {
			return "one backend does not import another"
		}
		if to == "itsdangerous" && from != "backends/cookie" && from != "backends/redis" {
			return "only what speaks Python's cookies imports itsdangerous"
		}
	case top == "internal" && !testOnly[from]:
		if topOf(to) == "backends" || topOf(to) == "cmd" || topOf(to) == "example" {
			return "internal packages do not import what stands above them"
		}
	}
	return ""
}
