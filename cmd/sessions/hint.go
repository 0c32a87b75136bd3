package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosessions/sessions/internal/value"
)

const (
	// maxHints is for how many tokens of one run a hint is looked for: it takes some
	// thousand tries.
	maxHints = 5

	// maxHinted is the length of a token for which a hint is looked for.
	maxHinted = 32 << 10
)

// hint returns what would make a refused token valid, or else what is noticeable about
// it; "" if there is nothing to say. It contains nothing of the token or a key.
func (r *request) hint(refusal error, given []string) string {
	if r.token == "" || len(r.token) > maxHinted || !mayBeMistaken(refusal) {
		return ""
	}
	tokens := spellings(r.token, tokenRules)
	for _, a := range r.attempts(tokens, r.keyings(given)) {
		if len(a.changes) > 0 && a.fits() {
			return "it is valid " + strings.Join(a.changes, ", ")
		}
	}
	for _, t := range tokens {
		if clue := r.clue(t.text); clue != "" {
			return clue
		}
	}
	return ""
}

// mayBeMistaken reports whether a refusal may come from a mistake in what was given.
// Other refusals say what is wrong.
func mayBeMistaken(refusal error) bool {
	switch reason(refusal) {
	case "", "expired", "future", "not-yet-valid":
		return false
	}
	return true
}

// An attempt is a request that may be what was meant.
type attempt struct {
	request
	changes []string // from the request that was given
}

// fits reports whether the attempt opens its token, if only one that has expired.
func (a *attempt) fits() bool {
	found, err := a.decode()
	switch reason(err) {
	case "expired", "future", "not-yet-valid":
		return true
	}
	if err == nil && a.kind.name == "starlette" && isStarsessions(&found.payload) {
		for i, change := range a.changes {
			a.changes[i] = strings.Replace(change, "-format starlette", "-format starsessions2", 1)
		}
	}
	return err == nil
}

// isStarsessions reports whether a record is one of starsessions 2, whose tokens are
// Starlette's.
func isStarsessions(payload *value.Value) bool {
	for i := 0; i+1 < len(payload.Items); i += 2 {
		if payload.Items[i].Text == "__metadata__" {
			return true
		}
	}
	return false
}

// A keying is another reading of the keys.
type keying struct {
	secret    string
	fallbacks []string
	step      []string
}

// keyings returns the readings of the keys: as they are, and then each alone in other
// spellings. given are keys in base64 before they were decoded.
func (r *request) keyings(given []string) []keying {
	all := []keying{{r.secret, r.fallbacks, nil}}
	for _, key := range append([]string{r.secret}, r.fallbacks...) {
		for _, s := range spellings(key, keyRules)[1:] {
			all = append(all, keying{s.text, nil, s.steps})
		}
	}
	for _, key := range given {
		all = append(all, keying{key, nil, []string{"with the key as it is, not decoded from base64 (-secret)"}})
	}
	return all
}

// attempts returns what may have been meant, fewer changes first.
func (r *request) attempts(tokens []spelling, keys []keying) []attempt {
	var all []attempt
	for _, t := range tokens {
		for _, k := range keys {
			for i := range kinds {
				all = append(all, r.variants(t, k, &kinds[i])...)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b attempt) int { return cmp.Compare(len(a.changes), len(b.changes)) })
	return all
}

// variants returns the attempts for one reading of token and keys, in one format.
func (r *request) variants(t spelling, k keying, format *kind) []attempt {
	if format.keyed && k.secret == "" || !format.keyed && k.step != nil {
		return nil
	}
	base := attempt{*r, nil}
	base.token, base.secret, base.fallbacks, base.kind = t.text, k.secret, k.fallbacks, format
	if format != r.kind {
		base.changes = []string{"as -format " + format.name}
		base.serializer = ""
	}
	base.changes = append(append(base.changes, t.steps...), k.step...)

	all := []attempt{base}
	with := func(change string, apply func(*request)) {
		a := base
		a.changes = append(base.changes[:len(base.changes):len(base.changes)], change)
		apply(&a.request)
		all = append(all, a)
	}
	if r.salt != "" {
		with("without -salt", func(r *request) { r.salt = "" })
	}
	switch format.name {
	case "encrypted":
		if r.named {
			with("without -cookie-name", func(r *request) { r.named, r.cookieName = false, "" })
		}
		if t.name != "" {
			with("with that name as -cookie-name", func(r *request) { r.named, r.cookieName = true, t.name })
		}
	case "jwt", "sess+jwt":
		for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
			if algorithm != r.jwt().Primary.Algorithm {
				with("with -alg "+algorithm, func(r *request) { r.algorithm = algorithm })
			}
		}
	}
	return all
}
