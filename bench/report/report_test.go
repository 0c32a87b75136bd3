package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Duration(0), "0 ns"},
		{Duration(4), "4 ns"},
		{Duration(999), "999 ns"},
		{Duration(1000), "1 µs"},
		{Duration(1994), "1.99 µs"},
		{Duration(20849), "20.8 µs"},
		{Duration(99960), "100 µs"},
		{Duration(999_600), "1 ms"},
		{Duration(2 * time.Second), "2 s"},
		{Size(0), "0 B"},
		{Size(512.4), "512 B"},
		{Size(1000), "0.98 KB"},
		{Size(1536), "1.5 KB"},
		{Size(16 << 20), "16 MB"},
		{Rate(0), ""},
		{Rate(7.4), "7"},
		{Rate(412), "412"},
		{Rate(8_464), "8,460"},
		{Rate(73_749), "73,700"},
		{Rate(99_960), "100,000"},
		{Rate(1_234_567), "1,230,000"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

var some = []Figure{
	{"Redis", "read", Floor, 19 * time.Microsecond, 410, 9, 1, 9000, 30000},
	{"Redis", "read", Ours, 20 * time.Microsecond, 2048, 12, 1, 8000, 29000},
	{"Redis", "read", "gin", 50 * time.Microsecond, 9000, 237, 2, 4000, 12000},
	{"Redis", "read", "scs", 36 * time.Microsecond, 8000, 221, 1.04, 5000, 15000},
	{"memory", "read", Ours, time.Microsecond, 512, 4, -1, 20000, 60000},
}

func TestTable(t *testing.T) {
	const want = `| Redis, read | floor | 19 µs | 410 B | 9 | 1 | 9,000 | 30,000 |
|  | **sessions** | 20 µs | 2 KB | 12 | 1 | 8,000 | 29,000 |
|  | gin | 50 µs | 8.79 KB | 237 | 2 | 4,000 | 12,000 |
|  | scs | 36 µs | 7.81 KB | 221 | 1 | 5,000 | 15,000 |
| memory, read | **sessions** | 1 µs | 512 B | 4 |  | 20,000 | 60,000 |
`
	head, got, _ := strings.Cut(Table(some), "---:|\n")
	if !strings.Contains(head, "64 connections |\n") || strings.Count(head, "|") != 9+8 {
		t.Errorf("the head is %q", head)
	}
	if got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

func TestRewrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const before, after = "# Title\n\nBefore.\n\n", "\nAfter.\n"
	write(before + begin + "old\n" + end + after)
	for range 2 { // the second time changes nothing
		if err := Rewrite(file, "\nnew\n"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if want := before + begin + "\nnew\n\n" + end + after; err != nil || string(got) != want {
			t.Errorf("wrote %q, %v, want %q", got, err, want)
		}
	}
	for _, text := range []string{"", begin, end, end + begin} {
		write(text)
		if err := Rewrite(file, "new"); err == nil {
			t.Errorf("a page that is %q: no error", text)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("a page that was %q is %q, %v", text, got, err)
		}
	}
	if err := Rewrite(filepath.Join(t.TempDir(), "none.md"), "new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no page: %v", err)
	}
}

var (
	inMemory = Choice{"Memory", "memory", "read"}
	inRedis  = Choice{"Redis", "Redis", "read"}
)

func TestPanels(t *testing.T) {
	panels, err := Panels(some, inMemory, inRedis)
	if err != nil || len(panels) != 2 || panels[0].Title != "Memory" || len(panels[0].Bars) != 1 {
		t.Fatalf("%+v, %v", panels, err)
	}
	var names []string
	for _, b := range panels[1].Bars {
		names = append(names, b.Library)
	}
	if got := strings.Join(names, " "); got != "sessions scs gin floor" {
		t.Errorf("the bars are those of %s", got)
	}
	if _, err := Panels(some, Choice{"Redis", "Redis", "write"}); err == nil {
		t.Error("no figures and no error")
	}
}

func TestLength(t *testing.T) {
	for _, c := range []struct {
		rate, most float64
		want       int
	}{{100, 100, longest}, {50, 100, longest / 2}, {0, 100, 1}, {0.001, 100, 1}, {0, 0, 1}, {5, 0, 1}} {
		if got := length(c.rate, c.most); got != c.want {
			t.Errorf("the bar of %v of %v is %d long, want %d", c.rate, c.most, got, c.want)
		}
	}
}

// TestSVG: a plot is XML, has every name and figure, and nothing is outside of it.
func TestSVG(t *testing.T) {
	panels, err := Panels(some, inMemory, inRedis, inRedis)
	if err != nil {
		t.Fatal(err)
	}
	for _, theme := range []Theme{Light, Dark} {
		svg := SVG(theme, "Requests & more", "<of all>", panels)
		var picture struct {
			Height int `xml:"height,attr"`
			Rects  []struct {
				X      float64 `xml:"x,attr"`
				Y      float64 `xml:"y,attr"`
				Width  int     `xml:"width,attr"`
				Height int     `xml:"height,attr"`
				Fill   string  `xml:"fill,attr"`
			} `xml:"rect"`
			Texts []string `xml:"text"`
		}
		d := xml.NewDecoder(strings.NewReader(strings.TrimSpace(svg)))
		if err := d.Decode(&picture); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Token(); err != io.EOF {
			t.Errorf("more follows: %v", err)
		}
		if len(picture.Rects) != 9 {
			t.Errorf("%d bars, want 9", len(picture.Rects))
		}
		for _, r := range picture.Rects {
			if r.X < margin || int(r.X)+r.Width > width-margin-values || int(r.Y)+r.Height > picture.Height-margin || r.Fill == "" {
				t.Errorf("a bar is at %+v of %d x %d", r, width, picture.Height)
			}
		}
		texts := strings.Join(picture.Texts, "\n")
		for _, want := range []string{"Requests & more", "<of all>", "Memory", "Redis", "sessions", "gin", "floor", "15,000", "60,000"} {
			if !strings.Contains(texts, want) {
				t.Errorf("%q is not in it", want)
			}
		}
	}
}
