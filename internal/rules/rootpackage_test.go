package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestRootPackage breaks the rules for the root package as a whole, one at a
// time.
func TestRootPackage(t *testing.T) {
	names := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "// N%d is one.\nconst N%d = %d\n\n", i, i, i)
		}
		return b.String()
	}
	tests := []struct {
		name  string
		files map[string]string
		want  string // part of the one finding; "": none
	}{
		{"circle of three", map[string]string{
			"a.go": "type a struct{ b *b }\n\ntype b struct{ c *c }\n\ntype c struct{ a *a }",
		}, ""},
		{"circle of four by fields", map[string]string{
			"a.go": "type a struct{ b *b }\n\ntype b struct{ c *c }",
			"c.go": "type c struct{ d []d }\n\ntype d map[string]func(*a)",
		}, "4 types refer to one another in a circle, at most 3 may: a, b, c, d"},
		{"circle of four by methods", map[string]string{
			"a.go": "type a int\n\nfunc (a) f() { var _ b }\n\ntype b int\n\nfunc (*b) f() c { return 0 }",
			"c.go": "type c int\n\nfunc (c) f(d) {}\n\ntype d int\n\nfunc (d) f() { _ = a(0) }",
		}, "a, b, c, d"},
		{"circle of four by what values have", map[string]string{
			"a.go": "type a struct{ x b }\n\ntype b struct{ y c }\n\ntype c struct{ z *d }\n\ntype d struct{ f int }\n\nvar all a\n\nfunc (p d) g() int { return all.x.y.z.f }",
		}, "a, b, c, d"},
		{"circle of four beside imported values", map[string]string{
			"a.go": "import \"context\"\n\ntype a interface{ f(b) }\n\ntype b struct{ c }\n\ntype c struct{ d *d }\n\ntype d struct{ context.Context }\n\nfunc (x *d) f() { _, _ = x.Value(nil).(a) }",
		}, "a, b, c, d"},
		{"line of four", map[string]string{
			"a.go": "type a struct{ b *b }\n\ntype b struct{ c *c }\n\ntype c struct{ d *d }\n\ntype d struct{ e *d }",
		}, ""},
		{"circle in tests", map[string]string{
			"a_test.go": "type a struct{ b *b }\n\ntype b struct{ c *c }\n\ntype c struct{ d *d }\n\ntype d struct{ a *a }",
		}, ""},
		{"circle elsewhere", map[string]string{
			"p/a.go": "type a struct{ b *b }\n\ntype b struct{ c *c }\n\ntype c struct{ d *d }\n\ntype d struct{ a *a }",
		}, ""},

		{"engine with HTTP", map[string]string{"vault.go": `import _ "net/http"`}, "vault.go:4: imports net/http"},
		{"session with HTTP", map[string]string{"save.go": `import _ "net/http/httptest"`}, "save.go:4: imports net/http/httptest"},
		{"exchange with HTTP", map[string]string{"exchange.go": `import _ "net/http"`}, ""},
		{"engine with a session", map[string]string{
			"session.go": "// Session is one.\ntype Session int",
			"commit.go":  "type commit struct{ s *Session }",
		}, "commit.go:4: uses Session"},
		{"engine with a session's method", map[string]string{
			"session.go": "// Session is one.\ntype Session int\n\nfunc (Session) f() {}\n\nvar current Session",
			"store.go":   "func f() { current.f() }",
		}, "store.go:4: uses Session"},
		{"engine with a field of the configuration", map[string]string{
			"config.go": "// Config is one.\ntype Config struct{ max int }\n\nvar config Config",
			"limit.go":  "func f() int { return config.max }",
		}, "limit.go:4: uses Config"},
		{"engine with another Config", map[string]string{
			"config.go": "// Config is one.\ntype Config struct{}",
			"limit.go":  "import \"x\"\n\nvar _ = x.Y{Config: x.Config}",
		}, ""},
		{"engine that is mentioned", map[string]string{
			"session.go": "// Session is one.\ntype Session struct{ v *vault }",
			"vault.go":   "// A vault keeps what a Session holds.\ntype vault struct{}",
		}, ""},
		{"session with the exchange", map[string]string{
			"exchange.go": "type exchange struct{}",
			"session.go":  "var _ exchange",
		}, ""},

		{"as many names as may be", map[string]string{"a.go": names(maxNames)}, ""},
		{"one name more", map[string]string{"a.go": names(maxNames), "b.go": "// N is one.\ntype N int"}, "exports 67 names"},
		{"names of methods", map[string]string{"a.go": names(maxNames-1) + "// N is one.\ntype N int\n\n// M is one.\nfunc (N) M() {}"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte("// Package p is one.\npackage p\n\n" + text + "\n")}
			}
			wantFindings(t, root, test.want)
		})
	}
}

// wantFindings checks root and wants one finding that says want, or none if want
// is "".
func wantFindings(t *testing.T, root fstest.MapFS, want string) {
	t.Helper()
	findings, _, err := check(root)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case want == "" && len(findings) > 0:
		t.Errorf("found %v, want nothing", findings)
	case want != "" && (len(findings) != 1 || !strings.Contains(findings[0].String(), want)):
		t.Errorf("found %v, want one finding that says %q", findings, want)
	}
}
