package peers_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/serializer"
)

// atoms are values at the edge of what Flask's documents may hold, and beyond.
var atoms = []string{
	"0", "-0", "1", "-", "+1", "01", "1.", ".5", "1.5", "1e5", "1E+5", "1e", "1e400", "5e-324", "2.2250738585072011e-308", "9007199254740993",
	"123456789012345678901234567890", "1_0", "0x1", "NaN", "nan", "Infinity", "-Infinity", "true", "True", "null",
	`""`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\x41"`, `"\u12"`, `"\"`, "\"\t\"", `"\/"`, "\"\x7f\"", "\"\u2028\"",
	"[]", "[1,]", "{}", `{"a":1}`, `{"a":1,}`, `{a:1}`, `{" t":[1]}`, `{" t":"ab"}`, `{" t":{"x":1}}`, `{" t":[1]," t":[2]}`,
	`{" b":"AP8="}`, `{" b":"AP8"}`, `{" b":"AP8=AP8="}`, `{" b":"A P 8="}`, `{" b":"AP8=é"}`, `{" b":"==AP8="}`, `{" b":""}`, `{" b":"A"}`,
	`{" u":"00000000000000000000000000000001"}`, `{" u":"{00000000-0000-0000-0000-000000000001}"}`, `{" u":"urn:uuid:00000000000000000000000000000001"}`,
	`{" u":"0000000000000000000000000000000g"}`, `{" u":"+0000000000000000000000000000001"}`, `{" m":"<b>"}`, `{" m":null}`, `{" m":1.50}`, `{" m":true}`,
	`{" di":{"a__":1}}`, `{" di":{" t__":[1]}}`, `{" di":{"ab":1,"c":2}}`, `{" di":{}}`, `{" x":1}`, `{" d":5}`, `{" d":null}`,
	`{" d":"Thu, 29 Feb 2024 12:34:56 GMT"}`, `{" d":"29 feb 24 12:34 EST"}`, `{" d":"Thu, 31 Feb 2024 12:34:56 GMT"}`, `{" d":"Fri, 01 Jan 0001 00:00:00 -0000"}`,
	`{" d":"Mon, 1 Jan 70 1.2.3 +0130"}`, `{" d":"1 Jan 2024 24:00:00"}`, `{" d":"31-Dec-9999 23:59:59 -2359"}`, `{" d":"soon"}`,
}

// document puts atoms together.
func document(r *rand.Rand, depth int) string {
	switch n := r.IntN(6); {
	case n == 0 && depth > 0:
		return "[" + document(r, depth-1) + "," + document(r, depth-1) + "]"
	case n == 1 && depth > 0:
		second := []string{"a", "k", " t", " b", " u", ""}[r.IntN(6)]
		return `{"k":` + document(r, depth-1) + `,"` + second + `":` + document(r, depth-1) + "}"
	case n == 2 && depth > 0:
		tag := []string{" t", " b", " u", " m", " d", " di", " x"}[r.IntN(7)]
		return `{"` + tag + `":` + document(r, depth-1) + "}"
	}
	return atoms[r.IntN(len(atoms))]
}

// TestS2_FlaskDocuments: what we read of documents that are nearly, or exactly,
// what Flask writes, is what Flask reads.
func TestS2_FlaskDocuments(t *testing.T) {
	documents := 20_000
	if testing.Short() {
		documents = 2_000
	}
	python := peers.Python(t)
	r := rand.New(rand.NewPCG(3, 5))
	read := 0
	for range documents {
		text := document(r, 3)
		if r.IntN(4) == 0 {
			at := r.IntN(len(text) + 1)
			text = text[:at] + []string{" ", "\n", "\r", "\f", "\u00a0", "\x00", "//", "é"}[r.IntN(8)] + text[at:]
		}
		var ours any
		if serializer.Flask.Unmarshal([]byte(text), &ours) != nil {
			continue
		}
		read++
		theirs, err := python.Loads("flask", text)
		if err != nil {
			t.Fatal(err)
		}
		if form, err := neutral.Of(ours); err == nil && (!theirs.Valid || !theirs.Payload.Equal(form)) {
			t.Errorf("%q: we read %s; Flask: %+v", text, form, theirs)
		}
	}
	if read < documents/10 {
		t.Errorf("only %d of %d documents could be read", read, documents)
	}
}
