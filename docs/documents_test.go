// Package docs_test holds the documents to the code: every piece of Go in them
// compiles.
package docs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// elsewhere are documents whose code needs the dependencies of other modules, which
// test it. Here it has to be Go.
var elsewhere = map[string]bool{"frameworks.md": true, "nats.md": true, "sql.md": true, "recipes.md": true, "../CONTRIBUTING.md": true}

// given are the variables that a fragment may use without declaring them.
const given = `func fragment(ctx context.Context, w http.ResponseWriter, r *http.Request, mux *http.ServeMux,
	session *sessions.Session, mw *sessions.Middleware, backend, store sessions.Backend,
	key string, olderKeys []string, client goredis.UniversalClient) (err error) { {
`

// TestDocumentsCompile: every block of Go in the README and in docs is a program, a
// piece of one, or statements, and type-checks.
func TestDocumentsCompile(t *testing.T) {
	documents, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	packages := load(t)
	blocks := 0
	for _, document := range append(documents, "../README.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range block.FindAllSubmatchIndex(text, -1) {
			blocks++
			line := 1 + bytes.Count(text[:b[2]], []byte("\n"))
			check := packages.check
			if elsewhere[document] {
				check = packages.parse
			}
			if err := check(string(text[b[2]:b[3]])); err != nil {
				t.Errorf("%s:%d: %v", document, line, err)
			}
		}
	}
	if blocks < 8 {
		t.Errorf("found %d blocks, want 8 at least", blocks)
	}
}

// TestDocumentsCompileNotices: the check fails for what does not compile.
func TestDocumentsCompileNotices(t *testing.T) {
	packages := load(t)
	for _, bad := range []string{
		"session.SetPermanent(true)\n",
		"mw, err := sessions.New(backend, &sessions.Config{Unknown: 1})\n",
		"if err != nil { ... }\n",
		"func f() { return memory.Missing }\n",
	} {
		if packages.check(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// TestDocumentsNameWhatExists: a name of ours in the text of a document exists.
func TestDocumentsNameWhatExists(t *testing.T) {
	packages := load(t)
	const module = "github.com/gosessions/sessions"
	root, err := packages.importer.Import(module)
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, pattern := range []string{"../README.md", "*.md", "migrating/*/README.md"} {
		documents, err := filepath.Glob(pattern)
		if err != nil || len(documents) == 0 {
			t.Fatalf("%s: %d documents, %v", pattern, len(documents), err)
		}
		for _, document := range documents {
			text, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range named.FindAllSubmatch(text, -1) {
				names++
				owner, name := string(m[1]), string(m[2])
				in := root
				switch owner {
				case "sessions":
				case "Config", "Session", "session", "Middleware", "mw":
					if owner == "session" && strings.Contains(document, "gorilla") {
						continue // gorilla's own type is called so, too
					}
					if variable := map[string]string{"session": "Session", "mw": "Middleware"}[owner]; variable != "" {
						owner = variable
					}
					found, _, _ := types.LookupFieldOrMethod(types.NewPointer(root.Scope().Lookup(owner).Type()), true, root, name)
					if found == nil {
						t.Errorf("%s: there is no %s.%s", document, owner, name)
					}
					continue
				case "serializer", "sessionstest", "backends", "itsdangerous":
					in, err = packages.importer.Import(module + "/" + owner)
				default:
					in, err = packages.importer.Import(module + "/backends/" + owner)
				}
				if err != nil {
					t.Fatal(err)
				}
				if in.Scope().Lookup(name) == nil {
					t.Errorf("%s: there is no %s.%s", document, owner, name)
				}
			}
		}
	}
	if names < 100 {
		t.Errorf("found %d names, want 100 at least", names)
	}
}

// named is a name of ours in code within a text.
var named = regexp.MustCompile("`(sessions|Config|Session|session|Middleware|mw|serializer|sessionstest|backends|itsdangerous|memory|redis|postgres|cookie)\\.([A-Z][A-Za-z0-9]*)")

// packages are the compiled packages that the root module imports.
type packages struct {
	fset     *token.FileSet
	importer types.Importer
	byName   map[string]string // a package's name to its path
}

// load compiles them.
func load(t *testing.T) *packages {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Name}} {{.Export}}", "../...", "embed", "log", "log/slog")
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	p := &packages{fset: token.NewFileSet(), byName: map[string]string{}}
	files := map[string]string{}
	for line := range strings.Lines(string(output)) {
		var name, imported, file string
		if n, _ := fmt.Sscan(line, &imported, &name, &file); n < 3 || strings.Contains(imported, "/internal/") {
			continue
		}
		files[imported] = file
		// Of two packages with one name, the fragments mean ours, or that of the
		// standard library.
		if old := p.byName[name]; old == "" || strings.Contains(imported, "gosessions") || strings.Contains(old, ".") && !strings.Contains(imported, "gosessions") && len(imported) < len(old) {
			p.byName[name] = imported
		}
	}
	p.byName["rand"] = "crypto/rand"
	p.importer = importer.ForCompiler(p.fset, "gc", func(imported string) (io.ReadCloser, error) {
		file, found := files[imported]
		if !found {
			return nil, fmt.Errorf("the root module does not import %s", imported)
		}
		return os.Open(file)
	})
	return p
}

// parse reports what is not Go.
func (p *packages) parse(code string) error {
	texts := []string{code, "package block\n" + code, "package block\nfunc f() {\n" + code + "}\n"}
	var failed error
	for _, text := range texts {
		if _, failed = parser.ParseFile(p.fset, "block.go", text, parser.SkipObjectResolution); failed == nil {
			return nil
		}
	}
	return failed
}

// check type-checks a file, or declarations, or statements.
func (p *packages) check(code string) error {
	const name = "block.go"
	if strings.HasPrefix(code, "package ") {
		return p.types(name, code)
	}
	for _, text := range []string{code, given + code + "\n}\nreturn nil\n}\n"} {
		file, err := parser.ParseFile(p.fset, name, "package block\n"+text, parser.SkipObjectResolution)
		if err == nil {
			return p.types(name, "package block\n"+p.imports(file)+text)
		}
		if text != code {
			return err
		}
	}
	return nil
}

// imports returns declarations for the packages that file uses.
func (p *packages) imports(file *ast.File) string {
	used := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				if x.Name == "goredis" {
					used[x.Name] = "github.com/redis/go-redis/v9"
				} else if found := p.byName[x.Name]; found != "" {
					used[x.Name] = found
				}
			}
		}
		return true
	})
	var text strings.Builder
	for name, imported := range used {
		fmt.Fprintf(&text, "import %s %q\n", name, imported)
	}
	return text.String()
}

// types type-checks a file. Variables and imports that are not used do no harm in a
// fragment.
func (p *packages) types(name, text string) error {
	file, err := parser.ParseFile(p.fset, name, text, 0)
	if err != nil {
		return err
	}
	var failed error
	config := types.Config{Importer: p.importer, Error: func(err error) {
		if e, ok := err.(types.Error); failed == nil && !(ok && e.Soft) {
			failed = err
		}
	}}
	_, _ = config.Check(path.Base(name), p.fset, []*ast.File{file}, nil)
	return failed
}
