package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

const (
	maxCircle = 3  // types of the root that may refer to one another in a circle
	maxNames  = 66 // exported names of the root package
)

// The storeys of the root package, named by file without its ending. A file
// that is in neither list belongs to the storey above: the handler's.
var (
	// engine finds, commits, moves and ends records. It knows neither HTTP nor
	// the types above it.
	engine = []string{"vault", "store", "commit", "reconcile", "rotate", "move", "convert", "end", "limit", "locks", "journal", "id"}

	// session is what a handler holds. It knows the engine, and no HTTP.
	session = []string{"session", "save", "destroy", "touch", "transact", "update", "meta", "flash", "key"}

	// aboveEngine are the types that the engine must not know.
	aboveEngine = []string{"Session", "Middleware", "exchange", "Config"}
)

// A rootPackage is the root package with what its identifiers stand for.
// Imports are not read, so that no build is needed: what an imported function
// returns is unknown, while everything that the package declares is resolved.
type rootPackage struct {
	fset   *token.FileSet
	files  []*ast.File
	pkg    *types.Package
	info   *types.Info
	fields map[types.Object]string // field to the type that has it
}

// checkRoot applies the rules for the root package as a whole.
func checkRoot(fset *token.FileSet, files []*ast.File) []finding {
	if len(files) == 0 {
		return nil
	}
	p := &rootPackage{fset: fset, files: files, fields: map[types.Object]string{}}
	p.info = &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothingInside{}, Error: func(error) {}}
	p.pkg, _ = config.Check(module, fset, files, p.info)
	for _, name := range p.pkg.Scope().Names() {
		p.noteFields(name)
	}
	out := p.checkStoreys()
	out = append(out, p.checkCircles()...)
	return append(out, p.checkNames()...)
}

// nothingInside imports packages without their contents.
type nothingInside struct{}

func (nothingInside) Import(imported string) (*types.Package, error) {
	p := types.NewPackage(imported, path.Base(imported))
	p.MarkComplete()
	return p, nil
}

func (p *rootPackage) noteFields(name string) {
	typeName, ok := p.pkg.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		return
	}
	switch t := typeName.Type().Underlying().(type) {
	case *types.Struct:
		for i := range t.NumFields() {
			p.fields[t.Field(i)] = name
		}
	case *types.Interface:
		for i := range t.NumExplicitMethods() {
			p.fields[t.ExplicitMethod(i)] = name
		}
	}
}

// owner returns the package-level type that an object is, or belongs to as a
// field or method; "" for everything else.
func (p *rootPackage) owner(o types.Object) string {
	if o == nil || o.Pkg() != p.pkg {
		return ""
	}
	switch o := o.(type) {
	case *types.TypeName:
		if o.Parent() == p.pkg.Scope() {
			return o.Name()
		}
	case *types.Var:
		return p.fields[o.Origin()]
	case *types.Func:
		if name := p.fields[o]; name != "" {
			return name
		}
		recv := o.Type().(*types.Signature).Recv()
		if recv == nil {
			return ""
		}
		t := recv.Type()
		if pointer, ok := t.(*types.Pointer); ok {
			t = pointer.Elem()
		}
		if named, ok := t.(*types.Named); ok {
			return named.Obj().Name()
		}
	}
	return ""
}

// eachUse calls f for every identifier below n that stands for a package-level
// type of the root, or for a field or method of one.
func (p *rootPackage) eachUse(n ast.Node, f func(id *ast.Ident, typeName string)) {
	names := map[*ast.Ident]bool{} // of fields, which only their operand explains
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			names[n.Sel] = true
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				names[key] = true
			}
		case *ast.Ident:
			o := p.info.Uses[n]
			// Beside an operand that an import made unknown, the checker
			// does not look at a type.
			if o == nil && p.info.Defs[n] == nil && !names[n] {
				o = p.pkg.Scope().Lookup(n.Name)
			}
			if name := p.owner(o); name != "" {
				f(n, name)
			}
		}
		return true
	})
}

// file returns the name under which a file was parsed.
func (p *rootPackage) file(at token.Pos) string { return p.fset.Position(at).Filename }

func (p *rootPackage) finding(at token.Pos, rule string) finding {
	return finding{p.file(at), p.fset.Position(at).Line, rule}
}

// checkStoreys keeps HTTP out of the engine and the session, and out of the
// engine the types above it.
func (p *rootPackage) checkStoreys() []finding {
	var out []finding
	for _, f := range p.files {
		name := strings.TrimSuffix(path.Base(p.file(f.Pos())), ".go")
		inEngine := slices.Contains(engine, name)
		if !inEngine && !slices.Contains(session, name) {
			continue
		}
		for _, spec := range f.Imports {
			if imported := strings.Trim(spec.Path.Value, `"`); imported == "net/http" || strings.HasPrefix(imported, "net/http/") {
				out = append(out, p.finding(spec.Pos(), "imports "+imported+": only the exchange and what stands around it know HTTP"))
			}
		}
		if !inEngine {
			continue
		}
		p.eachUse(f, func(id *ast.Ident, typeName string) {
			if slices.Contains(aboveEngine, typeName) {
				out = append(out, p.finding(id.Pos(), "uses "+typeName+", which the engine does not know"))
			}
		})
	}
	return out
}

// checkNames counts what the package shows to its users.
func (p *rootPackage) checkNames() []finding {
	n := 0
	for _, name := range p.pkg.Scope().Names() {
		if ast.IsExported(name) {
			n++
		}
	}
	if n <= maxNames {
		return nil
	}
	return []finding{{".", 0, fmt.Sprintf("the root package exports %d names, at most %d are allowed: each is one more for the reader of go doc", n, maxNames)}}
}

// checkCircles finds types that refer to one another in too large a circle.
func (p *rootPackage) checkCircles() []finding {
	var out []finding
	for _, circle := range circles(p.references()) {
		if len(circle) > maxCircle {
			at := p.pkg.Scope().Lookup(circle[0]).Pos()
			out = append(out, p.finding(at, fmt.Sprintf("%d types refer to one another in a circle, at most %d may: %s", len(circle), maxCircle, strings.Join(circle, ", "))))
		}
	}
	return out
}

// references returns which types refer to which: in their declaration, and in
// the signatures and bodies of their methods.
func (p *rootPackage) references() map[string]map[string]bool {
	to := map[string]map[string]bool{}
	note := func(from string, n ast.Node) {
		if from == "" {
			return
		}
		if to[from] == nil {
			to[from] = map[string]bool{}
		}
		p.eachUse(n, func(_ *ast.Ident, typeName string) { to[from][typeName] = true })
	}
	for _, f := range p.files {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				note(p.owner(p.info.Defs[d.Name]), d)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok {
						note(s.Name.Name, s)
					}
				}
			}
		}
	}
	return to
}
