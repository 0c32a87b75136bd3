package main

import (
	"strings"
	"testing"
)

// TestPlain: -plain prints a line for each key, with types that can be told apart and
// nothing that a terminal would obey.
func TestPlain(t *testing.T) {
	const flags = "flask -secret " + longKey
	tests := []struct {
		name, format, payload, want string
	}{
		{"values", flags, `{"t":"dict","v":[
			["user",{"t":"str","v":"Ada \"L\" \u001b[31m é"}],["n",{"t":"int","v":"42"}],["x",{"t":"float","v":"1.0"}],
			["ok",{"t":"bool","v":true}],["none",{"t":"null"}],
			["cart",{"t":"list","v":[{"t":"tuple","v":[{"t":"str","v":"tea"},{"t":"int","v":"2"}]},{"t":"dict","v":[["a b",{"t":"int","v":"1"}]]}]}],
			["raw",{"t":"bytes","v":"AAE="}],["id",{"t":"uuid","v":"123e4567e89b12d3a456426614174000"}],
			["big",{"t":"int","v":"123456789012345678901234567890"}]]}`,
			`big: 123456789012345678901234567890
cart: [("tea", 2), {"a b": 1}]
id: 123e4567-e89b-12d3-a456-426614174000
n: 42
none: null
ok: true
raw: b"\x00\x01"
user: "Ada \"L\" \x1b[31m é"
x: 1.0
`},
		{"nothing", flags, `{"t":"dict","v":[]}`, "(empty)\n"},
		{"metadata", "native", `{"t":"dict","v":[["user",{"t":"str","v":"ada"}]]}`, "user: \"ada\"\nmetadata:\n  created: 2023-11-14T22:13:20+00:00\n"},
	}
	for _, test := range tests {
		format := append([]string{"-now", "1700000000", "-format"}, strings.Fields(test.format)...)
		token, stderr, code := run(t, test.payload, append([]string{"encode"}, format...)...)
		if code != success {
			t.Fatalf("%s: %s", test.name, stderr)
		}
		got, stderr, code := run(t, "", append(append([]string{"decode", "-plain"}, format...), strings.TrimSpace(token))...)
		if got != test.want || stderr != "" || code != success {
			t.Errorf("%s: %q, %q, exit status %d, want %q", test.name, got, stderr, code, test.want)
		}
	}
}

// TestPlainTokens: an empty line is between tokens, and a refused one has its reason.
func TestPlainTokens(t *testing.T) {
	got, _, code := run(t, flaskToken+"\nx.y\n", "decode", "-plain", "-format", "flask", "-secret", "dev", "-now", "1700000000")
	if want := "a: 1\n\nrefused: bad-signature\n"; got != want || code != failure {
		t.Errorf("%q, exit status %d, want %q", got, code, want)
	}
}
