package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// A phrase is one at which native readers stumble, and what to write instead.
type phrase struct {
	pattern *regexp.Regexp
	instead string
}

// The patterns are written in two parts, so that this file obeys the rule itself.
var phrases = []phrase{
	{regexp.MustCompile(`(?i)\btells\s+wh` + `ether\b`), `"reports whether"`},
	{regexp.MustCompile(`(?i)\bis\s+n` + `o\s+[\pL-]+`), `"is not a"`},
	{regexp.MustCompile(`(?i)\bwho` + `ever\b`), `who it is, or "anyone who"`},
	{regexp.MustCompile(`(?i)\bsome` + `body\b`), `who it is, or "someone"`},
	{regexp.MustCompile(`(?i)\bdear` + `er\b`), `"slower" or "more expensive"`},
	{regexp.MustCompile(`(?i)\bcalls\s+the\s+method\s+of\s+that\s+na` + `me\b`), `the method, as in "calls b.Sweep"`},
}

// good are texts in which a phrase is good English: "there is no token", "it is
// no longer valid". They are taken out before the phrases are looked for.
var good = regexp.MustCompile(`(?i)\bthere\s+is\s+no\b|\bis\s+no\s+(?:longer|more|less|fewer|better|worse|different|later|earlier|larger|smaller|slower|faster|one)\b`)

// stumbles calls add for each phrase in text, with the number of lines before
// it.
func stumbles(text string, add func(lines int, rule string)) {
	text = good.ReplaceAllStringFunc(text, blank)
	for _, p := range phrases {
		for _, at := range p.pattern.FindAllStringIndex(text, -1) {
			said := strings.Join(strings.Fields(text[at[0]:at[1]]), " ")
			add(strings.Count(text[:at[0]], "\n"), `says "`+said+`", at which readers stumble: write `+p.instead)
		}
	}
}

// blank returns spaces, and the line ends, in the place of s.
func blank(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, s)
}

var commentMark = regexp.MustCompile(`(?m)^\s*(?://|/\*|\*/|\*)`)

// checkEnglish looks for phrases in the comments and strings of a Go file.
func (g *goFile) checkEnglish() {
	at := func(pos token.Pos, text string) {
		stumbles(text, func(lines int, rule string) {
			line := g.fset.Position(pos).Line + lines
			if !g.allowed[line] {
				g.findings = append(g.findings, finding{g.name, line, rule})
			}
		})
	}
	for _, group := range g.file.Comments {
		var text strings.Builder
		for i, c := range group.List {
			if i > 0 {
				text.WriteByte('\n')
			}
			text.WriteString(commentMark.ReplaceAllStringFunc(c.Text, blank))
		}
		at(group.Pos(), text.String())
	}
	ast.Inspect(g.file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			at(lit.Pos(), lit.Value)
		}
		return true
	})
}

var codeSpan = regexp.MustCompile("`[^`]*`")

// checkEnglish looks for phrases in a Markdown text, outside of code.
func checkEnglish(name string, data []byte) []finding {
	var out []finding
	text := codeSpan.ReplaceAllStringFunc(strings.Join(prose(data), "\n"), blank)
	stumbles(text, func(lines int, rule string) { out = append(out, finding{name, lines + 1, rule}) })
	return out
}
