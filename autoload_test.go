package sessions_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestAutoload requests pages whose handlers do not use the session. The session is
// loaded only for those paths for which Config.Autoload asks for it.
func TestAutoload(t *testing.T) {
	for name, tt := range map[string]struct {
		autoload func(*http.Request) bool
		yes, no  []string
	}{
		"none":   {nil, nil, []string{"/", "/a"}},
		"always": {sessions.Always, []string{"/", "/a", "/a/b"}, nil},
		"paths": {
			sessions.Paths("/a", "/shop/"),
			[]string{"/a", "/a?q=1", "/shop/", "/shop/cart"},
			[]string{"/", "/a/", "/a/b", "/ab", "/shop", "/shopping", "/x?p=/a"},
		},
		"no paths": {sessions.Paths(), nil, []string{"/", "/a"}},
		"pattern": {
			sessions.Pattern(regexp.MustCompile(`^/items/\d+$`)),
			[]string{"/items/7", "/items/42?q=x"},
			[]string{"/", "/items/", "/items/x", "/items/7/edit", "/old/items/7", "/x?p=/items/7"},
		},
		"pattern for any part": {
			sessions.Pattern(regexp.MustCompile(`admin`)),
			[]string{"/admin", "/site/admin/users"},
			[]string{"/Admin", "/x?admin"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, calls := counted(memory.New(nil))
			mw := newMiddleware(t, b, &sessions.Config{Autoload: tt.autoload})
			c := start(t, mw, nil)
			c.handler = mw.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			visit := func(path string, want int) {
				clear(calls)
				c.get(path)
				if got := calls[backends.OpRead]; got != want {
					t.Errorf("%s: got %d reads, want %d", path, got, want)
				}
			}
			for _, path := range tt.yes {
				visit(path, 1)
			}
			for _, path := range tt.no {
				visit(path, 0)
			}
		})
	}
}
