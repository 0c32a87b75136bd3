package main

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A spelling is another reading of a text that was pasted: what it may have been
// before it was copied.
type spelling struct {
	text  string
	steps []string // what was done to the text, for people
	name  string   // of the cookie, if that was before it
}

// A rule undoes one mistake. It returns what the text may have been; nothing if there
// is no such mistake in it.
type rule struct {
	step string
	undo func(text string) []string
}

// maxSpellings bounds the readings of one text.
const maxSpellings = 64

// spellings returns the readings of text that rules lead to, those with fewer steps
// first, and text itself before all.
func spellings(text string, rules []rule) []spelling {
	all, seen := []spelling{{text: text}}, map[string]bool{text: true}
	for i := 0; i < len(all); i++ {
		from := all[i]
		for _, r := range rules {
			for _, other := range r.undo(from.text) {
				if other == "" || seen[other] || len(all) == maxSpellings {
					continue
				}
				seen[other] = true
				next := spelling{other, append(from.steps[:len(from.steps):len(from.steps)], r.step), from.name}
				if r.step == nameStep {
					next.name = strings.TrimSuffix(from.text, "="+other)
				}
				all = append(all, next)
			}
		}
	}
	return all
}

const nameStep = "without the name before it"

// tokenRules are mistakes in copying a cookie.
var tokenRules = []rule{
	{"without the white space around it", differs(strings.TrimSpace)},
	{"without the header's name before it", after(header)},
	{"without what comes before or after it, with semicolons", func(text string) (parts []string) {
		if strings.Contains(text, ";") {
			for part := range strings.SplitSeq(text, ";") {
				parts = append(parts, strings.TrimSpace(part))
			}
		}
		return parts
	}},
	{nameStep, after(cookieName)},
	{"without b'' around it", unwrap("b'", "'", `b"`, `"`)},
	{"without the quotes around it", differs(func(text string) string { return strings.Trim(text, "\"'`") })},
	{"with %3D and the like decoded", func(text string) []string {
		decoded, err := url.PathUnescape(text)
		if err != nil || decoded == text {
			return nil
		}
		return []string{decoded}
	}},
	{`with \075 and the like decoded`, differs(func(text string) string { return octal.ReplaceAllStringFunc(text, fromOctal) })},
	{"without the spaces and line breaks in it", differs(func(text string) string { return strings.Join(strings.Fields(text), "") })},
}

// keyRules are mistakes in copying a key.
var keyRules = []rule{
	{"without the white space around the key", differs(strings.TrimSpace)},
	{"with a line end after the key, as the application has it", func(text string) []string {
		if strings.HasSuffix(text, "\n") {
			return nil
		}
		return []string{text + "\n", text + "\r\n"}
	}},
	{"without the name before the key", after(variable)},
	{"with the bytes that b'' stands for as the key", func(text string) []string {
		return unescaped(unwrap("b'", "'", `b"`, `"`)(text)...)
	}},
	{"without the quotes around the key", unwrap("'", "'", `"`, `"`)},
	{`with the escapes in the key decoded`, func(text string) []string { return unescaped(text) }},
	{"with the key decoded from base64 (-secret-base64)", func(text string) []string {
		if len(text) < 16 { // many words would be base64
			return nil
		}
		if key, err := decodeKey(text); err == nil {
			return []string{key}
		}
		return nil
	}},
	{"with the key decoded from hexadecimal digits", func(text string) []string {
		if key, err := hex.DecodeString(text); err == nil {
			return []string{string(key)}
		}
		return nil
	}},
}

var (
	header     = regexp.MustCompile(`(?i)^\s*(?:cookie|set-cookie|authorization)\s*:\s*(?:bearer\s+)?|^\s*bearer\s+`)
	cookieName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+=")
	variable   = regexp.MustCompile(`^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*[=:]\s*`)
	octal      = regexp.MustCompile(`\\[0-3][0-7][0-7]`)
)

// differs makes a rule of a function that may change nothing.
func differs(f func(string) string) func(string) []string {
	return func(text string) []string {
		if changed := f(text); changed != text {
			return []string{changed}
		}
		return nil
	}
}

// after returns what comes after a beginning.
func after(beginning *regexp.Regexp) func(string) []string {
	return func(text string) []string {
		if at := beginning.FindStringIndex(text); at != nil {
			return []string{text[at[1]:]}
		}
		return nil
	}
}

// unwrap returns what is between two marks. Marks are pairs.
func unwrap(marks ...string) func(string) []string {
	return func(text string) []string {
		for i := 0; i+1 < len(marks); i += 2 {
			inner, opened := strings.CutPrefix(text, marks[i])
			inner, closed := strings.CutSuffix(inner, marks[i+1])
			if opened && closed {
				return []string{inner}
			}
		}
		return nil
	}
}

// unescaped returns texts in which Python's escapes, such as \n and \x00, are decoded.
func unescaped(texts ...string) (decoded []string) {
	for _, text := range texts {
		if !strings.Contains(text, `\`) {
			decoded = append(decoded, text)
			continue
		}
		quoted := `"` + strings.NewReplacer(`\'`, `'`, `\"`, `\"`, `"`, `\"`).Replace(text) + `"`
		if plain, err := strconv.Unquote(quoted); err == nil {
			decoded = append(decoded, plain)
		}
	}
	return decoded
}

// fromOctal decodes an escape of Python's http.cookies.
func fromOctal(escape string) string {
	n, err := strconv.ParseUint(escape[1:], 8, 8)
	if err != nil {
		return escape
	}
	return string([]byte{byte(n)})
}

// isBase64URL reports whether text is base64 in the alphabet of URLs, and returns
// what it stands for. Padding does not matter.
func isBase64URL(text string) ([]byte, bool) {
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	return data, err == nil && len(data) > 0
}
