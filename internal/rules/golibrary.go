package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// checkCalls finds calls that the place of the file forbids.
func (g *goFile) checkCalls() {
	ast.Inspect(g.file, func(n ast.Node) bool {
		if b, ok := n.(*ast.BinaryExpr); ok && g.library && signs(g.dir) && comparesMAC(b) {
			g.add(b.Pos(), "compares a signature with "+b.Op.String()+", which stops at the first difference: use hmac.Equal")
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); ok && g.library {
			switch name.Name {
			case "panic":
				g.add(call.Pos(), "panics: return an error")
			case "print", "println":
				g.add(call.Pos(), "prints: a library is silent")
			}
		}
		pkg, name := g.callee(call)
		switch {
		case g.library && pkg == "fmt" && strings.HasPrefix(name, "Print"):
			g.add(call.Pos(), "prints: a library is silent")
		case g.library && pkg == "os" && name == "Exit":
			g.add(call.Pos(), "exits: return an error")
		case g.library && (pkg == "bytes" || pkg == "slices") && (name == "Equal" || name == "Compare") && signs(g.dir):
			g.add(call.Pos(), "compares with "+pkg+"."+name+" where signatures are compared: use hmac.Equal")
		case g.test && pkg == "time" && name == "Sleep" && topOf(g.dir) != "faults" && g.imports["synctest"] == "":
			g.add(call.Pos(), "sleeps for real: use testing/synctest, or wait for what is awaited")
		}
		return true
	})
}

// signs reports whether a package compares signatures or tags.
func signs(dir string) bool {
	return dir == "itsdangerous" || dir == "backends/cookie"
}

// comparesMAC reports whether == or != compares a signature, going by the names.
func comparesMAC(b *ast.BinaryExpr) bool {
	if b.Op != token.EQL && b.Op != token.NEQ {
		return false
	}
	for _, x := range []ast.Expr{b.X, b.Y} {
		if call, ok := x.(*ast.CallExpr); ok && len(call.Args) == 1 {
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "string" {
				continue // a length, say
			}
			x = call.Args[0]
		}
		switch x := x.(type) {
		case *ast.Ident:
			if macName.MatchString(x.Name) {
				return true
			}
		case *ast.SelectorExpr:
			if macName.MatchString(x.Sel.Name) {
				return true
			}
		}
	}
	return false
}

var macName = regexp.MustCompile(`(?i)signature|expected|^given$|(mac|sum|tag|digest)$`)

// callee returns the import path and name of a called package function.
func (g *goFile) callee(call *ast.CallExpr) (pkg, name string) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	return g.imports[x.Name], sel.Sel.Name
}

// wellKnown methods mean the same on every type.
var wellKnown = map[string]bool{"Error": true, "Unwrap": true, "String": true}

// checkDocs finds exported names without a comment.
func (g *goFile) checkDocs() {
	for _, decl := range g.file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !wellKnown[d.Name.Name] {
				g.add(d.Pos(), d.Name.Name+" is exported and has no comment")
			}
		case *ast.GenDecl:
			g.checkSpecs(d)
		}
	}
}

func (g *goFile) checkSpecs(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			if d.Doc == nil && s.Doc == nil {
				g.add(s.Pos(), s.Name.Name+" is exported and has no comment")
			}
			// The comment of a type with one method speaks of that method.
			if i, ok := s.Type.(*ast.InterfaceType); ok && methods(i) > 1 {
				g.checkMethods(s.Name.Name, i)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					g.add(s.Pos(), name.Name+" is exported and has no comment")
				}
			}
		}
	}
}

// methods counts the methods that an interface states itself.
func methods(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		n += len(m.Names)
	}
	return n
}

func (g *goFile) checkMethods(typeName string, i *ast.InterfaceType) {
	for _, m := range i.Methods.List {
		if len(m.Names) > 0 && m.Names[0].IsExported() && m.Doc == nil && m.Comment == nil {
			g.add(m.Pos(), typeName+"."+m.Names[0].Name+" has no comment")
		}
	}
}

// exportedReceiver reports whether a function is not a method, or one of an
// exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// checkSentinels wants the package's name in front of every error variable.
func (g *goFile) checkSentinels() {
	for _, decl := range g.file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				call, ok := value.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					continue
				}
				if pkg, name := g.callee(call); pkg != "errors" || name != "New" {
					continue
				}
				lit, ok := call.Args[0].(*ast.BasicLit)
				if !ok {
					continue
				}
				text, err := strconv.Unquote(lit.Value)
				if prefix := g.errorPrefix(); err == nil && !strings.HasPrefix(text, prefix) {
					g.add(lit.Pos(), "is an error that does not begin with \""+prefix+"\"")
				}
			}
		}
	}
}

// errorPrefix returns what the package's errors begin with: its name, except in
// the contract of backends, whose errors the root package hands on as its own.
func (g *goFile) errorPrefix() string {
	if g.dir == "backends" {
		return "sessions: "
	}
	return g.file.Name.Name + ": "
}
