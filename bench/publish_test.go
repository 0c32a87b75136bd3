package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gosessions/sessions/bench/report"
)

// publish writes figures into document, and the pictures beside it.
func publish(document string, s *servers, figures []report.Figure, missed []string) error {
	panels, err := report.Panels(figures, plotted...)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("Requests a second over loopback, %d connections", report.Connections)
	for name, theme := range map[string]report.Theme{"light": report.Light, "dark": report.Dark} {
		svg := report.SVG(theme, title, subtitle(), panels)
		path := strings.TrimSuffix(document, ".md") + "-" + name + ".svg"
		if err := os.WriteFile(path, []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return report.Rewrite(filepath.Clean(document), part(s, figures, missed))
}

func subtitle() string {
	return fmt.Sprintf("longer is better; %s, %s", machine(), time.Now().Format(time.DateOnly))
}

func machine() string { return runtime.GOARCH }

func part(s *servers, figures []report.Figure, missed []string) string {
	var b strings.Builder
	b.WriteString(report.Table(figures))
	return b.String()
}
