package scale

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// document is the file whose figures are written anew; "": a short run is enough.
var document = os.Getenv("SCALE")

// rows are the figures of this run, for each store.
var rows = map[string][]string{}

// addRow logs a figure and keeps it for the document.
func addRow(t *testing.T, store, what, format string, args ...any) {
	t.Helper()
	value := fmt.Sprintf(format, args...)
	t.Logf("%s: %s: %s", store, what, value)
	rows[store] = append(rows[store], fmt.Sprintf("| %s | %s |", what, value))
}

// level says at how many sessions something was measured.
func level(n int, what string) string {
	digits := fmt.Sprint(n)
	return fmt.Sprintf("10^%d sessions: %s", len(digits)-1, what)
}

// TestMain writes the figures into the document, if there is one.
func TestMain(m *testing.M) {
	code := m.Run()
	if document != "" && code == 0 {
		if err := update(document); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// update replaces the tables of the stores that were measured.
func update(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed := string(text)
	for store, lines := range rows {
		if changed, err = replace(changed, store, lines); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return os.WriteFile(file, []byte(changed), 0o644)
}

// replace returns text with lines as the table of store, which stands between
// two comments.
func replace(text, store string, lines []string) (string, error) {
	start, end := fmt.Sprintf("<!-- %s: made by make scale -->\n", store), fmt.Sprintf("<!-- %s: end -->", store)
	before, rest, found := strings.Cut(text, start)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the lines %q and %q are missing, between which the table stands", start, end)
	}
	return before + start + "\n| what | measured |\n|---|---|\n" + strings.Join(lines, "\n") + "\n\n" + end + after, nil
}

// TestReplace: only the table between the comments is replaced.
func TestReplace(t *testing.T) {
	text := "a\n<!-- Redis: made by make scale -->\nold\n<!-- Redis: end -->\nb\n"
	got, err := replace(text, "Redis", []string{"| x | y |"})
	want := "a\n<!-- Redis: made by make scale -->\n\n| what | measured |\n|---|---|\n| x | y |\n\n<!-- Redis: end -->\nb\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, broken := range []string{"", "<!-- Redis: end -->", "<!-- Redis: made by make scale -->\n"} {
		if _, err := replace(broken, "Redis", nil); err == nil {
			t.Errorf("no error for %q", broken)
		}
	}
}
