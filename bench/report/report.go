// Package report writes what the benchmarks measured: a table in Markdown, a plot as
// SVG, and both into the project's documents.
package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The libraries that a report knows by name.
const (
	Floor = "floor"    // by hand
	Ours  = "sessions" // this library
)

// A Figure is what one library needs for one kind of request.
type Figure struct {
	Backend string // where the sessions are
	Request string // what a request does
	Library string

	Time     time.Duration // processor time of one request in process
	Bytes    float64       // allocated for one request in process
	Allocs   float64       // allocations of one request in process
	Commands float64       // commands or statements of one request; less than 0: not counted
	One      float64       // requests a second over loopback, 1 connection
	Many     float64       // requests a second over loopback, [Connections] connections
}

// Connections is how many connections ask at a time for [Figure.Many].
const Connections = 64

// Table returns figures as a table in Markdown. Figures of one kind of request follow
// one another.
func Table(figures []Figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| backend, request | library | processor time | allocated | allocations | commands | requests/s, 1 connection | requests/s, %d connections |\n", Connections)
	b.WriteString("|---|---|---:|---:|---:|---:|---:|---:|\n")
	var last string
	for _, f := range figures {
		name := f.Backend + ", " + f.Request
		library, shown := f.Library, name
		if name == last {
			shown = ""
		}
		last = name
		if library == Ours {
			library = "**" + library + "**"
		}
		commands := ""
		if f.Commands >= 0 {
			commands = strconv.FormatFloat(math.Round(f.Commands*10)/10, 'f', -1, 64)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.0f | %s | %s | %s |\n", shown, library,
			Duration(f.Time), Size(f.Bytes), f.Allocs, commands, Rate(f.One), Rate(f.Many))
	}
	return b.String()
}

// Duration writes d with three digits, and at least in nanoseconds.
func Duration(d time.Duration) string {
	return scaled(float64(d), 1000, "ns", "µs", "ms", "s")
}

// Size writes a number of bytes with three digits.
func Size(bytes float64) string {
	return scaled(bytes, 1024, "B", "KB", "MB", "GB")
}

// scaled writes v in the first unit in which it has no more than three digits before
// the point. Each unit is step times the one before.
func scaled(v, step float64, units ...string) string {
	for len(units) > 1 && v >= 999.5 {
		v /= step
		units = units[1:]
	}
	return digits(v) + " " + units[0]
}

// digits writes v, below 1000, with three digits, and without zeros at its end.
func digits(v float64) string {
	places := 2
	switch {
	case v >= 99.95:
		places = 0
	case v >= 9.995:
		places = 1
	}
	text := strconv.FormatFloat(v, 'f', places, 64)
	if places > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// Rate writes a number of requests with three digits, and commas; 0, which is not
// measured, as nothing.
func Rate(v float64) string {
	if v <= 0 {
		return ""
	}
	if unit := math.Pow(10, math.Floor(math.Log10(v))-2); unit >= 1 {
		v = math.Round(v/unit) * unit
	}
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
