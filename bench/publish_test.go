package bench

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/bench/report"
)

// miss is a row that missed budgets.
type miss struct {
	row     string
	budgets []string // which, and by how much
	profile string   // what our time is spent on
}

// publish writes figures into document, and the pictures beside it.
func publish(document string, s *servers, figures []report.Figure, missed []miss) error {
	panels, err := report.Panels(figures, plotted...)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("Requests a second, %d connections", report.Connections)
	subtitle := "Sessions of 3 keys, longer is better. The floor is a handler written by hand, without a library."
	for name, theme := range map[string]report.Theme{"light": report.Light, "dark": report.Dark} {
		path := strings.TrimSuffix(document, ".md") + "-" + name + ".svg"
		if err := os.WriteFile(path, []byte(report.SVG(theme, title, subtitle, panels)), 0o644); err != nil {
			return err
		}
	}
	module, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	return report.Rewrite(document, s.machine()+"\n\n"+libraries(string(module))+"\n\n"+report.Table(figures)+"\n"+inWords(missed))
}

// machine says on what the figures were measured.
func (s *servers) machine() string {
	processor := runtime.GOARCH
	if found := field("/proc/cpuinfo", `(?m)^model name\s*: (.*)$`); found != "" {
		processor = found
	}
	system := runtime.GOOS
	if found := field("/etc/os-release", `(?m)^PRETTY_NAME="(.*)"$`); found != "" {
		system = found
	}
	text := fmt.Sprintf("Measured on %s on %d cores of %s, with %s, %s, Redis %s and Postgres %s.", time.Now().Format(time.DateOnly),
		runtime.NumCPU(), processor, system, runtime.Version(), s.redisVersion, s.postgresVersion)
	if s.load != "" {
		text += " The machine's load average was " + s.load + " before."
	}
	return text
}

// field returns what the first group of pattern matches in a file, "" if nothing.
func field(file, pattern string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	if m := regexp.MustCompile(pattern).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// peers are the modules whose versions the report states.
var peers = []string{
	"alexedwards/scs/v2", "gorilla/sessions", "gin-contrib/sessions", "gin-gonic/gin", "labstack/echo-contrib", "labstack/echo/v4", "gofiber/fiber/v3",
	"boj/redistore", "antonlindstrom/pgstore", "quasoft/memstore", "redis/go-redis/v9", "jackc/pgx/v5",
}

// libraries says which versions go.mod names.
func libraries(module string) string {
	var list []string
	for _, name := range peers {
		m := regexp.MustCompile(`github\.com/` + regexp.QuoteMeta(name) + ` v(\S+)`).FindStringSubmatch(module)
		if m == nil {
			continue
		}
		version := m[1]
		if strings.HasPrefix(version, "0.0.0-") {
			version = "of " + version[6:10] + "-" + version[10:12] + "-" + version[12:14]
		}
		list = append(list, name+" "+version)
	}
	return "Libraries: " + strings.Join(list, ", ") + "."
}

// inWords lists the budgets that were missed.
func inWords(missed []miss) string {
	if len(missed) == 0 {
		return "No budget was missed.\n"
	}
	var b strings.Builder
	b.WriteString("Budgets that were missed, and what the processor time of these requests is spent on, in process:\n\n")
	for _, m := range missed {
		fmt.Fprintf(&b, "- **%s**: %s. Its time: %s.\n", m.row, strings.Join(m.budgets, "; "), m.profile)
	}
	return b.String()
}

func TestPublishedWords(t *testing.T) {
	const module = "require (\n\tgithub.com/alexedwards/scs/v2 v2.9.0\n\tgithub.com/quasoft/memstore v0.0.0-20191010062613-2bce066d2b0b // indirect\n)\n"
	if got, want := libraries(module), "Libraries: alexedwards/scs/v2 2.9.0, quasoft/memstore of 2019-10-10."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	module2, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(libraries(string(module2)), ", "); got != len(peers)-1 {
		t.Errorf("go.mod names %d of the %d libraries", got+1, len(peers))
	}
	if got := inWords(nil); got != "No budget was missed.\n" {
		t.Errorf("%q", got)
	}
	got := inWords([]miss{{"memory, read", []string{"3 times", "0.8 of"}, "locks 50 %"}})
	const want = "\n\n- **memory, read**: 3 times; 0.8 of. Its time: locks 50 %.\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
