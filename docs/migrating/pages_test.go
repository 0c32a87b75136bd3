// Package migrating_test holds the pages about migrating to the programs beside
// them.
package migrating_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// TestPages: every piece of Go on a page is a piece of the program, which is
// tested.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("*/README.md")
	if err != nil || len(pages) != 6 {
		t.Fatalf("%d pages, %v, want 6", len(pages), err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		program, err := os.ReadFile(filepath.Join(filepath.Dir(page), "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		blocks := block.FindAllSubmatch(text, -1)
		if len(blocks) == 0 {
			t.Errorf("%s shows no code", page)
		}
		for _, b := range blocks {
			if !strings.Contains(string(program), string(b[1])) {
				t.Errorf("%s shows what is not in main.go:\n%s", page, b[1])
			}
		}
	}
}
