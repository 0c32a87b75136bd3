package report

import (
	"fmt"
	"os"
	"strings"
)

// The part of a document between these two lines is written by the benchmarks.
const (
	begin = "<!-- figures: written by make bench -->\n"
	end   = "<!-- end of the figures -->\n"
)

// Rewrite replaces the part of file that the benchmarks write, and nothing else.
func Rewrite(file, part string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed, err := replace(string(text), part)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(changed), 0o644)
}

func replace(text, part string) (string, error) {
	before, rest, found := strings.Cut(text, begin)
	if !found {
		return "", fmt.Errorf("the line %q is missing", strings.TrimSpace(begin))
	}
	_, after, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("no line %q follows", strings.TrimSpace(end))
	}
	return before + begin + "\n" + strings.Trim(part, "\n") + "\n\n" + end + after, nil
}
