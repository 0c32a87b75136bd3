package sessionstest

import (
	"strings"

	"github.com/gosessions/sessions/backends"
)

// statelessRules hold for a backend whose [backends.Facts] say that it is
// Stateless.
var statelessRules = []rule{{
	name: "Forged",
	text: "Every failure of Read is ErrNotFound: a token that was not issued, that was cut, extended or altered.",
	check: func(p *probe) {
		token := p.store(p.record())
		if len(token) < 8 {
			p.failf("Write returned a token of %d bytes", len(token))
			return
		}
		middle := len(token) / 2
		altered := byte('A')
		if token[middle] == altered {
			altered = 'B'
		}
		for what, forged := range map[string]string{
			"an empty token":                  "",
			"a cut token":                     token[:middle],
			"a token without its end":         token[:len(token)-2],
			"a token without its beginning":   token[1:],
			"an extended token":               token + "A",
			"a token twice":                   token + token,
			"a token behind something":        "A" + token,
			"a token with an altered letter":  token[:middle] + string(altered) + token[middle+1:],
			"a token of zero bytes":           strings.Repeat("\x00", len(token)),
			"a token of what no cookie holds": "\r\n;,\xff",
			"a very long token":               strings.Repeat("A", 100_000),
		} {
			p.notFound(forged, "of "+what)
		}
	},
}, {
	name: "ForgedExists",
	text: "Exists returns false, and no error, for a token that was not issued.",
	check: func(p *probe) {
		token := p.store(p.record())
		p.exists(token[:len(token)/2], false, "of a cut token")
		p.exists("", false, "of an empty token")
	},
}, {
	name: "TokenIsPrintable",
	text: "A token holds only characters that a cookie can carry.",
	check: func(p *probe) {
		for _, n := range []int{1, 2, 3, 100, 1000} {
			token := p.store(backends.Record{Data: p.data(n), TTL: long})
			if i := strings.IndexFunc(token, func(c rune) bool {
				return c <= ' ' || c >= 0x7f || strings.ContainsRune("\",;\\", c)
			}); i >= 0 {
				p.failf("the token holds %q", token[i])
			}
		}
	},
}}

// forgettingRules hold for stateless backends that are no [backends.Revoker].
var forgettingRules = []rule{{
	name: "WriteIgnoresID",
	text: "Write ignores the ID that it is given: the token that it returns holds the record.",
	check: func(p *probe) {
		for _, id := range []string{"", p.newID(), p.store(p.record())} {
			r := p.record()
			token := p.write(id, r)
			if token == id {
				p.failf("Write returned the ID that it was given")
			}
			p.holds(token, r, "of the token that Write returned")
		}
	},
}, {
	name: "RemoveDoesNothing",
	text: "Remove does nothing, and returns no error, whatever the token.",
	check: func(p *probe) {
		for _, token := range []string{p.store(p.record()), p.newID(), ""} {
			p.remove(token)
		}
	},
}}
