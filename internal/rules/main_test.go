package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestCR9_ID1_Rules: each row breaks one rule that concerns a single file, or
// shows where it does not apply.
func TestCR9_ID1_Rules(t *testing.T) {
	const doc = "// Package p is one.\npackage p\n\n"
	tests := []struct {
		name, path, text string
		want             string // part of the one finding; "": none
	}{
		{"panic in a library", "p/a.go", doc + `func f() { panic("x") }`, "panics"},
		{"panic with a reason", "p/a.go", doc + `func f() { panic("x") } //rules:allow unreachable by construction`, ""},
		{"allowance without a reason", "p/a.go", doc + `func f() { panic("x") } //rules:allow`, "panics"},
		{"panic in a program", "cmd/x/a.go", "// Command x.\npackage main\n\n" + `func f() { panic("x") }`, ""},
		{"panic in a test", "p/a_test.go", "package p_test\n\n" + `func f() { panic("x") }`, ""},
		{"printing", "p/a.go", doc + "import \"fmt\"\n\nfunc f() { fmt.Println(1) }", "prints"},
		{"formatting", "p/a.go", doc + "import \"fmt\"\n\nvar _ = fmt.Sprint(1)", ""},
		{"exit", "p/a.go", doc + "import \"os\"\n\nfunc f() { os.Exit(1) }", "exits"},
		{"log", "p/a.go", doc + `import _ "log"`, "imports log"},
		{"slog", "p/a.go", doc + `import _ "log/slog"`, ""},
		{"weak chance", "p/a.go", doc + `import _ "math/rand/v2"`, "crypto/rand"},
		{"testing", "p/a.go", doc + `import _ "testing"`, "outside tests"},
		{"a peer in a library", "p/a.go", doc + `import _ "github.com/golang-jwt/jwt/v5"`, "only tests need"},
		{"a peer's package in a program", "cmd/x/a.go", doc + `import _ "github.com/golang-jwt/jwt/v5/request"`, "only tests need"},
		{"a peer in a test", "p/a_test.go", doc + `import _ "github.com/golang-jwt/jwt/v5"`, ""},
		{"testing in a test package", "sessionstest/a.go", doc + `import _ "testing"`, ""},
		{"test package in a library", "p/a.go", doc + `import _ "github.com/gosessions/sessions/internal/peers"`, "test package"},
		{"serializer looks up", "serializer/a.go", doc + `import _ "github.com/gosessions/sessions"`, "imports nothing"},
		{"root looks up", "a.go", doc + `import _ "github.com/gosessions/sessions/backends/memory"`, "only backends and serializer"},
		{"root looks down", "a.go", doc + `import _ "github.com/gosessions/sessions/serializer"`, ""},
		{"root's tests look up", "a_test.go", doc + `import _ "github.com/gosessions/sessions/backends/memory"`, ""},
		{"backends side by side", "backends/redis/a.go", doc + `import _ "github.com/gosessions/sessions/backends/memory"`, "another"},
		{"cookie signs", "backends/cookie/a.go", doc + `import _ "github.com/gosessions/sessions/itsdangerous"`, ""},
		{"sleeping test", "p/a_test.go", doc + "import \"time\"\n\nfunc f() { time.Sleep(1) }", "sleeps"},
		{"sleeping in a bubble", "p/a_test.go", doc + "import (\n\"testing/synctest\"\n\"time\"\n)\n\nfunc f() { synctest.Wait(); time.Sleep(1) }", ""},
		{"sleeping fault test", "faults/a_test.go", doc + "import \"time\"\n\nfunc f() { time.Sleep(1) }", ""},
		{"comparing signatures", "itsdangerous/a.go", doc + "import \"bytes\"\n\nvar _ = bytes.Equal(nil, nil)", "hmac.Equal"},
		{"comparing signatures as slices", "backends/cookie/a.go", doc + "import \"slices\"\n\nvar _ = slices.Equal([]int(nil), nil)", "hmac.Equal"},
		{"comparing signatures as text", "itsdangerous/a.go", doc + "func f(mac []byte, given string) bool { return string(mac) == given }", "hmac.Equal"},
		{"comparing a sum", "backends/cookie/a.go", doc + "func f(a struct{ sum [20]byte }, b [20]byte) bool { return a.sum != b }", "hmac.Equal"},
		{"comparing the length of a signature", "itsdangerous/a.go", doc + "func f(signature string) bool { return len(signature) == 27 }", ""},
		{"comparing signatures elsewhere", "p/a.go", doc + "func f(mac, given string) bool { return mac == given }", ""},
		{"comparing elsewhere", "p/a.go", doc + "import \"bytes\"\n\nvar _ = bytes.Equal(nil, nil)", ""},
		{"function without comment", "p/a.go", doc + "func F() {}", "F is exported"},
		{"method without comment", "p/a.go", doc + "// T is one.\ntype T int\n\nfunc (t *T) M() {}", "M is exported"},
		{"method of a hidden type", "p/a.go", doc + "type t int\n\nfunc (t) M() {}", ""},
		{"well-known method", "p/a.go", doc + "// T is one.\ntype T int\n\nfunc (t *T) Error() string { return \"\" }", ""},
		{"type without comment", "p/a.go", doc + "type T int", "T is exported"},
		{"constants under one comment", "p/a.go", doc + "// Sizes.\nconst (\n\tA = 1\n\tB = 2\n)", ""},
		{"constant without comment", "p/a.go", doc + "const A = 1", "A is exported"},
		{"interface method without comment", "p/a.go", doc + "// I is one.\ntype I interface {\n\t// A is one.\n\tA()\n\tB()\n}", "I.B has no comment"},
		{"interface of one method", "p/a.go", doc + "// I has A, which is one.\ntype I interface{ A() }", ""},
		{"error without prefix", "p/a.go", doc + "import \"errors\"\n\nvar err = errors.New(\"bad\")", "does not begin"},
		{"error with prefix", "p/a.go", doc + "import \"errors\"\n\nvar err = errors.New(\"p: bad\")", ""},
		{"long file", "p/a.go", doc + strings.Repeat("// x\n", 450), "lines"},
		{"long test file", "p/a_test.go", "package p_test\n\n" + strings.Repeat("// x\n", 450), ""},
		{"very long test file", "p/a_test.go", "package p_test\n\n" + strings.Repeat("// x\n", 600), "lines"},
		{"syntax", "p/a.go", "package", "does not parse"},
		{"path outside", "a.md", "see /wo" + "rk/plan.md\n", "outside the project"},
		{"path inside", "a.md", "see docs/work/plan.md\n", ""},
		{"unfinished", "a.py", "# TO" + "DO later\n", "undone"},
		{"carriage return", "a.md", "a\r\nb\r\n", "carriage return"},
		{"dead link", "a.md", "[b](b.md)\n", "does not exist"},
		{"dead heading", "a.md", "# One\n\n[b](#two)\n", "no such heading"},
		{"good heading", "a.md", "# One, `two` & Three!\n\n[b](#one-two--three)\n", ""},
		{"link in code", "a.md", "```\n[b](b.md)\n```\n", ""},
		{"link abroad", "a.md", "[b](https://go.dev/x.md)\n", ""},
		{"dependency", "go.mod", "module m\n\nrequire (\n\tgithub.com/google/uuid v1.6.0\n\texample.com/x v1.0.0\n)\n", "requires example.com/x"},
		{"indirect dependency", "go.mod", "module m\n\nrequire example.com/x v1.0.0 // indirect\n", ""},
		{"nested dependency", "bench/go.mod", "module m\n\nrequire example.com/x v1.0.0\n", ""},
		{"replacement", "go.mod", "module m\n\nreplace example.com/x => ../x\n", "replaces"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantFindings(t, fstest.MapFS{test.path: {Data: []byte(test.text)}}, test.want)
		})
	}
}

func TestEmptyTreeIsAnError(t *testing.T) {
	if _, _, err := check(fstest.MapFS{}); err == nil {
		t.Error("no files, no error")
	}
}
