package sessions

import (
	"net/http"
	"regexp"
	"strings"
)

// Always is a [Config.Autoload] for every request.
func Always(*http.Request) bool { return true }

// Paths returns a [Config.Autoload] for requests whose path is one of paths. A
// path that ends in a slash matches everything below it.
func Paths(paths ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		for _, p := range paths {
			if r.URL.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.URL.Path, p) {
				return true
			}
		}
		return false
	}
}

// Pattern returns a [Config.Autoload] for requests whose path matches expr.
func Pattern(expr *regexp.Regexp) func(*http.Request) bool {
	return func(r *http.Request) bool { return expr.MatchString(r.URL.Path) }
}
