package main

import (
	"bytes"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// A path that exists on one machine only. Written in two parts so that
	// this file obeys the rule itself.
	outside = regexp.MustCompile(`(^|[\s"'=(:` + "`" + `])/(wo` + `rk|ro` + `ot|ho` + `me/\w+|Us` + `ers/\w+)/`)

	unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

	// The target of a Markdown link or picture.
	link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

	fence = regexp.MustCompile("^\\s*(```|~~~)")
)

// checkText applies the rules for every text file.
func checkText(name string, data []byte) []finding {
	var out []finding
	add := func(line int, rule string) { out = append(out, finding{name, line, rule}) }
	for i, line := range bytes.Split(data, []byte("\n")) {
		if outside.Match(line) {
			add(i+1, "names a path outside the project, which no other machine has")
		}
		switch filepath.Ext(name) {
		case ".go", ".py", ".sh", ".md", ".sql", ".html", ".css":
			if unfinished.Match(line) {
				add(i+1, "leaves work undone: do it, or file an issue")
			}
		}
		if bytes.HasSuffix(line, []byte("\r")) {
			add(i+1, "ends in a carriage return")
			break
		}
	}
	return out
}

// checkLinks finds the relative links of a Markdown file that lead nowhere: a
// missing file, or a missing heading of a Markdown file.
func checkLinks(root fs.FS, name string, data []byte) []finding {
	var out []finding
	for i, line := range prose(data) {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.Scheme != "" || u.Host != "" {
				continue
			}
			target, text := name, data
			if u.Path != "" {
				target = path.Join(path.Dir(name), u.Path)
				if _, err := fs.Stat(root, target); err != nil {
					out = append(out, finding{name, i + 1, "links to " + m[1] + ", which does not exist"})
					continue
				}
				text = nil
			}
			if u.Fragment == "" || filepath.Ext(target) != ".md" {
				continue
			}
			if text == nil {
				if text, err = fs.ReadFile(root, target); err != nil {
					continue
				}
			}
			if !anchors(text)[u.Fragment] {
				out = append(out, finding{name, i + 1, "links to " + m[1] + ", but there is no such heading"})
			}
		}
	}
	return out
}

// prose returns the lines of a Markdown text; those inside fenced code are
// empty.
func prose(data []byte) []string {
	lines := strings.Split(string(data), "\n")
	code := false
	for i, line := range lines {
		edge := fence.MatchString(line)
		if code || edge {
			lines[i] = ""
		}
		if edge {
			code = !code
		}
	}
	return lines
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)

// anchors returns the names under which the headings of a Markdown text can
// be linked to.
func anchors(data []byte) map[string]bool {
	found := map[string]bool{}
	for _, line := range prose(data) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		name := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
		found[strings.ReplaceAll(name, " ", "-")] = true
	}
	return found
}
