package sessions_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	stateless "github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// TestCK1_WrongConfigurationIsRefused: for each mistake, the error names the remedy.
func TestCK1_WrongConfigurationIsRefused(t *testing.T) {
	cookie := func(c sessions.Cookie) *sessions.Config { return &sessions.Config{Transport: c} }
	for _, tt := range []struct {
		name   string
		config *sessions.Config
		remedy string
	}{
		{"lifetime", &sessions.Config{Lifetime: time.Millisecond}, "at least a second"},
		{"negative lifetime", &sessions.Config{Lifetime: -time.Hour}, "at least a second"},
		{"long lifetime", &sessions.Config{Lifetime: 401 * 24 * time.Hour}, "400 days"},
		{"idle longer than lifetime", &sessions.Config{Lifetime: time.Hour, IdleTimeout: 2 * time.Hour}, "shorten"},
		{"negative idle", &sessions.Config{IdleTimeout: -1}, "0 for none"},
		{"skew", &sessions.Config{ClockSkew: -1}, "between"},
		{"timeout", &sessions.Config{Timeout: -1}, "positive"},
		{"size", &sessions.Config{MaxSize: -1}, "number of bytes"},
		{"evict without limit", &sessions.Config{EvictOldest: true}, "MaxPerSubject"},
		{"ids", &sessions.Config{IDs: 9}, "HashedIDs"},
		{"missing ability", &sessions.Config{Require: []backends.Ability{backends.IsStateless}}, "stateless"},
		{"empty chain", &sessions.Config{Transport: sessions.Chain()}, "at least one"},
		{"source without backend", &sessions.Config{Sources: []sessions.Source{{}}}, "Sources[0]"},
		{"no token", cookie(sessions.Cookie{Name: "a b"}), "letters, digits"},
		{"line break", cookie(sessions.Cookie{Name: "a\r\nSet-Cookie"}), "letters, digits"},
		{"umlaut", cookie(sessions.Cookie{Name: "sitzüng"}), "letters, digits"},
		{"host with domain", cookie(sessions.Cookie{Name: "__Host-s", Domain: "example.com"}), "__Secure-"},
		{"host with path", cookie(sessions.Cookie{Name: "__Host-s", Path: "/a"}), "__Secure-"},
		{"host insecure", cookie(sessions.Cookie{Name: "__Host-s", Insecure: true}), "Insecure"},
		{"secure insecure", cookie(sessions.Cookie{Name: "__Secure-s", Insecure: true}), "Insecure"},
		{"http readable", cookie(sessions.Cookie{Name: "__Http-s", ScriptReadable: true}), "ScriptReadable"},
		{"host http readable", cookie(sessions.Cookie{Name: "__Host-Http-s", ScriptReadable: true}), "ScriptReadable"},
		{"look-alike", cookie(sessions.Cookie{Name: "Host__s"}), "prefix"},
		{"other case", cookie(sessions.Cookie{Name: "__host-s"}), "case"},
		{"other case of secure", cookie(sessions.Cookie{Name: "__SECURE-s"}), "case"},
		{"none insecure", cookie(sessions.Cookie{SameSite: http.SameSiteNoneMode, Insecure: true}), "Insecure"},
		{"partitioned insecure", cookie(sessions.Cookie{Partitioned: true, Insecure: true}), "Insecure"},
		{"path without slash", cookie(sessions.Cookie{Path: "a"}), "begin with"},
		{"path with attribute", cookie(sessions.Cookie{Path: "/; Domain=evil"}), "';'"},
		{"line break in path", cookie(sessions.Cookie{Path: "/\r\nSet-Cookie: x=y"}), "control"},
		{"comma in path", cookie(sessions.Cookie{Path: "/a,b"}), "','"},
		{"space in path", cookie(sessions.Cookie{Path: "/a b"}), "control"},
		{"control in path", cookie(sessions.Cookie{Path: "/\x7f"}), "control"},
		{"line break in domain", cookie(sessions.Cookie{Domain: "a.example\r\nSet-Cookie: x=y"}), "host name"},
		{"comma in domain", cookie(sessions.Cookie{Domain: "a,b"}), "host name"},
		{"control in domain", cookie(sessions.Cookie{Domain: "a\x00b"}), "host name"},
		{"http insecure", cookie(sessions.Cookie{Name: "__Http-s", Insecure: true}), "Insecure"},
		{"host http with path", cookie(sessions.Cookie{Name: "__Host-Http-s", Path: "/a"}), "__Secure-"},
		{"domain with attribute", cookie(sessions.Cookie{Domain: "a; Secure"}), "host name"},
		{"domain with port", cookie(sessions.Cookie{Domain: "example.com:80"}), "host name"},
		{"long domain", cookie(sessions.Cookie{Domain: strings.Repeat("a.", 600) + "com"}), "1024"},
		{"header", &sessions.Config{Transport: sessions.Header{Name: "a b"}}, "header name"},
		{"cookie as header", &sessions.Config{Transport: sessions.Header{Name: "cookie"}}, "Cookie"},
		{"scheme", &sessions.Config{Transport: sessions.Header{Scheme: "a b"}}, "one word"},
		{"wrong in a chain", &sessions.Config{Transport: sessions.Chain(sessions.Bearer(), sessions.Cookie{Name: ""}, sessions.Cookie{Name: "\x00"})}, "letters, digits"},
	} {
		mw, err := sessions.New(memory.New(nil), tt.config)
		if err == nil || mw != nil {
			t.Errorf("%s: accepted", tt.name)
		} else if !strings.Contains(err.Error(), tt.remedy) || !strings.HasPrefix(err.Error(), "sessions: ") {
			t.Errorf("%s: the error does not name %q: %v", tt.name, tt.remedy, err)
		}
	}
	for name, b := range map[string]sessions.Backend{
		"no backend": nil,
		"typed nil":  (*memory.Backend)(nil),
		"not made":   new(memory.Backend),
		"nil codec":  (*stateless.Backend)(nil),
	} {
		if _, err := sessions.New(b, nil); err == nil || !strings.Contains(err.Error(), "memory.New(nil)") {
			t.Errorf("%s: got %v, want an error that names the remedy", name, err)
		}
		if b == nil || name == "not made" {
			continue
		}
		if _, err := sessions.New(memory.New(nil), &sessions.Config{Sources: []sessions.Source{{Backend: b}}}); err == nil {
			t.Errorf("%s as a source: accepted", name)
		}
	}
}
