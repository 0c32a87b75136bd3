package report

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// A Panel is one part of a plot: the libraries' requests a second for one kind of
// request.
type Panel struct {
	Title string
	Bars  []Bar // from top to bottom
}

// A Bar is one library's requests a second.
type Bar struct {
	Library string
	Rate    float64
}

// A Choice is a row of the table that becomes a panel.
type Choice struct {
	Title            string // of the panel
	Backend, Request string // as in its figures
}

// Panels returns a panel for each choice. Ours comes first, then the peers, the
// fastest first. The floor is the last.
func Panels(figures []Figure, choices ...Choice) ([]Panel, error) {
	var panels []Panel
	for _, c := range choices {
		p := Panel{Title: c.Title}
		for _, f := range figures {
			if f.Backend == c.Backend && f.Request == c.Request {
				p.Bars = append(p.Bars, Bar{f.Library, f.Many})
			}
		}
		if len(p.Bars) == 0 {
			return nil, fmt.Errorf("there are no figures of %s, %s", c.Backend, c.Request)
		}
		slices.SortStableFunc(p.Bars, func(a, b Bar) int {
			if x, y := place(a.Library), place(b.Library); x != y {
				return x - y
			}
			switch {
			case a.Rate > b.Rate:
				return -1
			case a.Rate < b.Rate:
				return 1
			}
			return 0
		})
		panels = append(panels, p)
	}
	return panels, nil
}

// place is where a library stands among a panel's bars.
func place(library string) int {
	switch library {
	case Ours:
		return 0
	case Floor:
		return 2
	}
	return 1
}

// A Theme has the colors of a plot. Its background is the page's.
type Theme struct {
	Text, Quiet       string // of titles and our figures; of the rest
	Ours, Peer, Floor string // bars
	Line              string // between the rows of panels
}

// The themes of GitHub's pages.
var (
	Light = Theme{Text: "#1f2328", Quiet: "#59636e", Ours: "#0969da", Peer: "#c8d1da", Floor: "#8c959f", Line: "#d1d9e0"}
	Dark  = Theme{Text: "#f0f6fc", Quiet: "#9198a1", Ours: "#4493f8", Peer: "#3d444d", Floor: "#848d97", Line: "#3d444d"}
)

// The measures of a plot, in pixels.
const (
	width    = 860
	margin   = 12
	gutter   = 40 // between two panels
	header   = 62
	titleAt  = 20 // the title's base line in its panel
	firstBar = 32 // the first bar's top in its panel
	step     = 18 // from bar to bar
	bar      = 12 // the height of one
	foot     = 12 // below a panel's last bar
	names    = 74 // for the libraries
	values   = 56 // for the figures
	panel    = (width - 2*margin - gutter) / 2
	longest  = panel - names - values
)

// SVG draws panels in two columns, from left to right. The two panels of a row have
// one scale. It uses no fonts but the reader's own.
func SVG(theme Theme, title, subtitle string, panels []Panel) string {
	var b strings.Builder
	height := header
	for row := range slices.Chunk(panels, 2) {
		height += tall(row)
	}
	height += margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" font-family="-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	text(&b, margin, 26, "start", theme.Text, ` font-size="16" font-weight="600"`, title)
	text(&b, margin, 47, "start", theme.Quiet, "", subtitle)
	y := header
	for row := range slices.Chunk(panels, 2) {
		fmt.Fprintf(&b, `<path d="M%d %d.5H%d" stroke="%s"/>`+"\n", margin, y, width-margin, theme.Line)
		most := fastest(row)
		for i, p := range row {
			x := margin + i*(panel+gutter)
			text(&b, x, y+titleAt, "start", theme.Text, ` font-weight="600"`, p.Title)
			for j, one := range p.Bars {
				draw(&b, theme, x, y+firstBar+j*step, one, length(one.Rate, most))
			}
		}
		y += tall(row)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws a bar with its name and figure.
func draw(b *strings.Builder, theme Theme, x, y int, one Bar, long int) {
	color, ink, weight := theme.Peer, theme.Quiet, ""
	switch one.Library {
	case Ours:
		color, ink, weight = theme.Ours, theme.Text, ` font-weight="600"`
	case Floor:
		color = theme.Floor
	}
	base := y + bar - 2
	text(b, x+names-8, base, "end", ink, weight, one.Library)
	if one.Library == Floor { // an outline: no library is as fast
		fmt.Fprintf(b, `<rect x="%d.5" y="%d.5" width="%d" height="%d" rx="2" fill="none" stroke="%s" stroke-dasharray="3 2"/>`+"\n", x+names, y, max(long-1, 1), bar-1, color)
	} else {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s"/>`+"\n", x+names, y, long, bar, color)
	}
	text(b, x+names+long+6, base, "start", ink, weight, Rate(one.Rate))
}

func text(b *strings.Builder, x, y int, anchor, color, more, s string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="%s" fill="%s"%s>%s</text>`+"\n", x, y, anchor, color, more, html.EscapeString(s))
}

// tall is the height of a row of panels.
func tall(row []Panel) int {
	most := 0
	for _, p := range row {
		most = max(most, len(p.Bars))
	}
	return firstBar + most*step + foot
}

// fastest is the rate that has the longest bar.
func fastest(row []Panel) float64 {
	most := 0.0
	for _, p := range row {
		for _, b := range p.Bars {
			most = max(most, b.Rate)
		}
	}
	return most
}

// length is how long the bar of a rate is, if that of most is as long as there is
// room.
func length(rate, most float64) int {
	if most <= 0 || rate <= 0 {
		return 1
	}
	return max(1, int(rate/most*longest+0.5))
}
