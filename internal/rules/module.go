package main

import (
	"regexp"
	"strings"
)

// dependencies are the modules that the root module may require directly, and
// whether programs get them: the others are for tests. Peers, browsers and web
// frameworks stay in nested modules.
var dependencies = map[string]bool{
	"github.com/alicebob/miniredis/v2": false,
	"github.com/golang-jwt/jwt/v5":     false,
	"github.com/google/uuid":           true,
	"github.com/jackc/pgx/v5":          true,
	"github.com/klauspost/compress":    true,
	"github.com/redis/go-redis/v9":     true,
	"golang.org/x/crypto":              true,
}

// forTests reports whether the imported package belongs to a module that no
// program may depend on.
func forTests(imported string) bool {
	for module, programs := range dependencies {
		if !programs && (imported == module || strings.HasPrefix(imported, module+"/")) {
			return true
		}
	}
	return false
}

var required = regexp.MustCompile(`^\s*(?:require\s+)?(\S+\.\S+/\S+)\s+v\S+\s*(//.*)?$`)

// checkModule holds the root module's go.mod to its few dependencies.
func checkModule(name string, data []byte) []finding {
	var out []finding
	for i, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			out = append(out, finding{name, i + 1, "replaces a module, which those who import this one do not see"})
		}
		m := required.FindStringSubmatch(line)
		if m == nil || strings.Contains(m[2], "indirect") {
			continue
		}
		if _, known := dependencies[m[1]]; known {
			continue
		}
		out = append(out, finding{name, i + 1, "requires " + m[1] + ": a new dependency belongs in a nested module, or in docs/decisions.md and internal/rules"})
	}
	return out
}
