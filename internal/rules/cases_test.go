package main

import (
	"testing"
	"testing/fstest"
)

// TestCases compares the names of tests with docs/cases.md, which is true in the
// first row and wrong in the others.
func TestCases(t *testing.T) {
	const (
		page  = "# Cases\n\n| ID | | tests |\n|---|---|---|\n| R1 | one | `TestR1_E2_Works`, `FuzzR1` |\n| E2 | two | `TestR1_E2_Works` |\n"
		tests = "package p_test\n\nfunc TestR1_E2_Works() {}\n\nfunc FuzzR1() {}\n\nfunc TestWorks() {}\n"
	)
	for _, test := range []struct{ name, page, tests, want string }{
		{"true", page, tests, ""},
		{"ID that is not listed", page, tests + "\nfunc TestE3_Works() {}\n", "p/a_test.go:9: TestE3_Works carries E3"},
		{"second ID that is not listed", page, tests + "\nfunc TestR1_E3() {}\n", "TestR1_E3 carries E3"},
		{"ID of a fuzz target", page, tests + "\nfunc FuzzE3_Works() {}\n", "FuzzE3_Works carries E3"},
		{"ID of a benchmark", page, tests + "\nfunc BenchmarkE3(int) {}\n", "BenchmarkE3 carries E3"},
		{"ID of a subtest", page, tests + "\nfunc TestX(t T) { t.Run(\"E3\", f) }\n", "TestX carries E3"},
		{"subtest with a listed ID", page, tests + "\nfunc TestX(t T) { t.Run(\"E2\", f) }\n", ""},
		{"number within a word", page, tests + "\nfunc TestFloat32() {}\n\nfunc TestUTF8Text() {}\n", ""},
		{"number after the words", page, tests + "\nfunc TestWorks_E3() {}\n", ""},
		{"helper", page, tests + "\nfunc E3_Helper() {}\n\nfunc (t T) TestE3_Method() {}\n", ""},
		{"test that is missing", page + "| E3 | three | `TestWorks`, `TestE3_Gone` |\n", tests, "docs/cases.md:7: names TestE3_Gone, which does not exist"},
		{"test that is missing in the text", page + "\nSee `FuzzGone`.\n", tests, "names FuzzGone"},
		{"row without a test", page + "| E3 | three | |\n", tests, "docs/cases.md:7: names no test for E3"},
		{"row that comes twice", page + "| E2 | again | `TestWorks` |\n", tests, "lists E2 twice"},
		{"no page", "", "package p_test\n\nfunc TestR1() {}\n", "carries R1"},
		{"no page and no need", "", "package p_test\n\nfunc TestWorks() {}\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{"p/a_test.go": {Data: []byte(test.tests)}}
			if test.page != "" {
				root[casesPage] = &fstest.MapFile{Data: []byte(test.page)}
			}
			wantFindings(t, root, test.want)
		})
	}
}

// TestCommentsOfTests: a comment of a test begins with its name.
func TestCommentsOfTests(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"name", "// TestX works.\nfunc TestX() {}", ""},
		{"name and colon", "// TestX: it works.\nfunc TestX() {}", ""},
		{"name alone", "// TestX\nfunc TestX() {}", ""},
		{"nothing", "func TestX() {}", ""},
		{"directive", "//go:noinline\nfunc TestX() {}", ""},
		{"another name", "// TestXY works.\nfunc TestX() {}", `"TestX"`},
		{"no name", "// It works.\nfunc FuzzX() {}", `"FuzzX"`},
		{"benchmark", "// It is fast.\nfunc Benchmark() {}", `"Benchmark"`},
		{"helper", "// It helps.\nfunc testX() {}", ""},
		{"helper that looks like a test", "// It helps.\nfunc Tester() {}", ""},
		{"with a reason", "// It works.\nfunc TestX() {} //rules:allow the comment is of all that follows", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantFindings(t, fstest.MapFS{"p/a_test.go": {Data: []byte("package p_test\n\n" + test.text + "\n")}}, test.want)
		})
	}
}
