package main

import (
	"testing"
	"testing/fstest"
)

// TestPlainEnglish has each phrase where the rule looks for it, and texts that
// are good English. The phrases are in two parts because of the rule.
func TestPlainEnglish(t *testing.T) {
	const is = "is n" + "o "
	for _, test := range []struct{ name, path, text, want string }{
		{"tells", "internal/rules/a.go", "// F tells wh" + "ether it works.", `a.go:3: says "tells wh` + `ether"`},
		{"tells across lines", "internal/rules/a.go", "// F tells\n// wh" + "ether it works.", `a.go:3: says "tells wh` + `ether"`},
		{"tells us whether", "internal/rules/a.go", "// F tells us whether it works.", ""},
		{"is no", "internal/rules/a.go", "// This\n// " + is + "token.", `a.go:4: says "` + is + `token"`},
		{"is no, at the beginning", "internal/rules/a.go", "// Is n" + "o token.", `says "Is n` + `o token"`},
		{"is no, across lines", "internal/rules/a.go", "// This is\n// no token.", `a.go:3: says "` + is + `token"`},
		{"is no, in a block", "internal/rules/a.go", "/* This\n * is\n * no token.\n */", `a.go:4: says "` + is + `token"`},
		{"there is no", "internal/rules/a.go", "// There is no token, and where there\n// " + is + "ID there is no session.", ""},
		{"there is, and is no", "internal/rules/a.go", "// There " + is + "ID, and this " + is + "token.", `says "` + is + `token"`},
		{"is no longer", "internal/rules/a.go", "// It is no longer valid, and it is no\n// more than that.", ""},
		{"is no.", "internal/rules/a.go", "// The answer is no. It is no-op.", ""},
		{"his no, is not", "internal/rules/a.go", "// With this node it is not a token; this now works.", ""},
		{"anyone", "internal/rules/a.go", "// Who" + "ever asks.", "who it is"},
		{"someone", "internal/rules/a.go", "// It is some" + "body's.", "someone"},
		{"price", "internal/rules/a.go", "// That is dear" + "er.", "slower"},
		{"of that name", "internal/rules/a.go", "// F calls the method of\n// that na" + "me.", "a.go:3"},
		{"comment at the end of a line", "internal/rules/a.go", "var a = 1 // some" + "body's", "a.go:3"},
		{"string", "internal/rules/a.go", "var a = \"the name " + is + "token\"", "a.go:3"},
		{"long string", "internal/rules/a.go", "var a = `\n\nthe name " + is + "token`", "a.go:5"},
		{"name", "internal/rules/a.go", "func some" + "body() {}", ""},
		{"with a reason", "internal/rules/a.go", "var a = \"some" + "body\" //rules:allow the name of a user", ""},
		{"Markdown", "docs/cases.md", "# Cases\n\nA token that\n" + is + "longer known, and " + is + "token.", `cases.md:4: says "` + is + `token"`},
		{"code in Markdown", "docs/cases.md", "Not `some" + "body`.\n\n```\nsome" + "body\n```", ""},
		{"the root package", "a.go", "// Some" + "body.", `a.go:3: says "Some` + `body"`},
		{"elsewhere", "p/a.go", "// Some" + "body.", `a.go:3: says "Some` + `body"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := test.text + "\n"
			if test.path != "docs/cases.md" {
				text = "package main\n\n" + text
			}
			wantFindings(t, fstest.MapFS{test.path: {Data: []byte(text)}}, test.want)
		})
	}
}
