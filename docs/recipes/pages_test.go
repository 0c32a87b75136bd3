// Package recipes_test holds the page of recipes to the programs and examples that
// it shows.
package recipes_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// TestRecipes: every piece of Go on the page is a piece of a program or example, which
// the tests run.
func TestRecipes(t *testing.T) {
	page, err := os.ReadFile("../recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	var programs strings.Builder
	for pattern, least := range map[string]int{"*/main.go": 5, "../../example_*_test.go": 10, "../../browser/recipes_test.go": 1} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) < least {
			t.Fatalf("%s: %d files, %v, want %d at least", pattern, len(files), err, least)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			programs.Write(text)
		}
	}
	blocks := block.FindAllSubmatch(page, -1)
	if len(blocks) < 25 {
		t.Errorf("%d pieces, want 25 at least", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(programs.String(), string(b[1])) {
			t.Errorf("the page shows what is in no program:\n%s", b[1])
		}
	}
}
