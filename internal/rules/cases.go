package main

import (
	"go/ast"
	"regexp"
	"strconv"
	"strings"
)

const casesPage = "docs/cases.md"

// cases are the tests of the whole tree, and what docs/cases.md says of the IDs
// in front of their names.
type cases struct {
	tests map[string]bool // every test and fuzz target
	uses  []useOfID
	page  []byte // nil if there is none
}

// A useOfID is an ID in the name of a test or of a subtest.
type useOfID struct {
	id, test, path string
	line           int
}

var (
	testFunc = regexp.MustCompile(`^(Test|Fuzz|Benchmark)($|[^a-z])`)
	testID   = regexp.MustCompile(`^[A-Z]+[0-9]+$`)
	caseRow  = regexp.MustCompile(`^\| *([A-Z]+[0-9]+) *\|`)
	caseTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z0-9]\\w*)`")
)

// idsOf returns the IDs in front of a test's name: R4 and E6 of
// TestR4_E6_LostReply.
func idsOf(test string) []string {
	var ids []string
	for _, part := range strings.Split(strings.TrimPrefix(testFunc.ReplaceAllString(test, "$2"), "_"), "_") {
		if !testID.MatchString(part) {
			break
		}
		ids = append(ids, part)
	}
	return ids
}

// add notes the tests of a test file, and the subtests whose whole name is an
// ID.
func (c *cases) add(g *goFile) {
	for _, decl := range g.file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !testFunc.MatchString(f.Name.Name) {
			continue
		}
		if c.tests == nil {
			c.tests = map[string]bool{}
		}
		c.tests[f.Name.Name] = true
		note := func(id string, at ast.Node) {
			c.uses = append(c.uses, useOfID{id, f.Name.Name, g.name, g.fset.Position(at.Pos()).Line})
		}
		for _, id := range idsOf(f.Name.Name) {
			note(id, f)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if id := subtestID(n); id != "" {
				note(id, n)
			}
			return true
		})
	}
}

// subtestID returns the ID that a call of Run names its subtest with, and "" for
// anything else.
func subtestID(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Run" {
		return ""
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return ""
	}
	if id, err := strconv.Unquote(lit.Value); err == nil && testID.MatchString(id) {
		return id
	}
	return ""
}

// check returns the IDs that the page does not explain, and the tests on the
// page that do not exist.
func (c *cases) check() []finding {
	var out []finding
	listed := map[string]bool{}
	for i, line := range strings.Split(string(c.page), "\n") {
		names := caseTest.FindAllStringSubmatch(line, -1)
		for _, name := range names {
			if !c.tests[name[1]] {
				out = append(out, finding{casesPage, i + 1, "names " + name[1] + ", which does not exist"})
			}
		}
		row := caseRow.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		if listed[row[1]] {
			out = append(out, finding{casesPage, i + 1, "lists " + row[1] + " twice"})
		}
		listed[row[1]] = true
		if len(names) == 0 {
			out = append(out, finding{casesPage, i + 1, "names no test for " + row[1]})
		}
	}
	for _, use := range c.uses {
		if !listed[use.id] {
			out = append(out, finding{use.path, use.line, use.test + " carries " + use.id + ", which " + casesPage + " does not list"})
		}
	}
	return out
}

// checkTestComments wants the comment of a test to begin with the test's name.
func (g *goFile) checkTestComments() {
	for _, decl := range g.file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Doc == nil || !testFunc.MatchString(f.Name.Name) {
			continue
		}
		text := f.Doc.Text()
		rest, found := strings.CutPrefix(text, f.Name.Name)
		if text != "" && (!found || !strings.ContainsAny(rest[:1], " :,\n")) {
			g.add(f.Pos(), "has a comment that does not begin with \""+f.Name.Name+"\"")
		}
	}
}
