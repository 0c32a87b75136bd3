package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/neutral"
)

// FuzzDecodeRequest: whatever a line is, the answer is one line of JSON with a
// verdict, and what is valid can be encoded again.
func FuzzDecodeRequest(f *testing.F) {
	for _, format := range kinds {
		f.Add([]byte(`{"format":"` + format.name + `","secret":"K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s","now":1700000000,"cookie":"` + flaskToken + `"}`))
	}
	f.Add([]byte(`{"format":"flask","secret":{"b64":"ZGV2"},"fallbacks":["a",{"b64":""}],"salt":"s","max_age":null,"cookie":"` + flaskToken + `","serializer":null,"alg":"HS256"}`))
	f.Add([]byte(`{"format":"flask-session","cookie":"gaFhAQ==","serializer":"json"}`))
	f.Add([]byte(`{"format":"native","cookie":"AQAEanNvbgA="}`))
	f.Add([]byte(`{"format":"encrypted-native","secret":"p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa","id":"x","cookie":"` + encryptedRecordOfOne + `"}`))
	answer := decodeRequest(&request{}, func() time.Time { return time.Unix(1700000000, 0) })
	f.Fuzz(func(t *testing.T, line []byte) {
		output := answer(nil, line, nil)
		if bytes.ContainsAny(output, "\n\r") || !json.Valid(output) {
			t.Fatalf("%q is not a line of JSON", output)
		}
		refused := bytes.HasPrefix(output, []byte(`{"valid":false,"reason":"`))
		if !refused {
			var a struct{ Payload, Metadata json.RawMessage }
			if err := json.Unmarshal(output, &a); err != nil {
				t.Fatal(err)
			}
			if _, err := neutral.Parse(a.Payload); err != nil {
				t.Fatalf("%s: %v", output, err)
			}
		}
	})
}

// FuzzEncodeRequest: whatever a line is, the answer is an error, or a token
// that is genuine and can be read.
func FuzzEncodeRequest(f *testing.F) {
	for _, format := range kinds {
		f.Add([]byte(`{"format":"` + format.name + `","secret":"K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s","now":1700000000,"payload":` + flaskPayload + `}`))
	}
	f.Add([]byte(`{"format":"jwt","secret":"dev","headers":{"kid":"k","x":[1]},"payload":{"t":"dict","v":[["exp",{"t":"datetime","v":"2030-01-01T00:00:00"}]]}}`))
	f.Add([]byte(`{"format":"encrypted-native","secret":"p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa","id":"x","payload":` + flaskPayload + `}`))
	f.Add([]byte(`{"format":"native","serializer":"msgpack","metadata":{"t":"dict","v":[["subject",{"t":"str","v":"a"}]]},"payload":` + flaskPayload + `}`))
	answer := encodeRequest(&request{}, func() time.Time { return time.Unix(1700000000, 0) })
	f.Fuzz(func(t *testing.T, line []byte) {
		output := answer(nil, line, nil)
		var a struct{ Token, Error *string }
		if err := json.Unmarshal(output, &a); err != nil || bytes.ContainsAny(output, "\n\r") || (a.Token == nil) == (a.Error == nil) {
			t.Fatalf("%q: %v, want a token or an error", output, err)
		}
		if a.Token != nil && strings.ContainsAny(*a.Token, " \t;,\"\\") && !bytes.Contains(line, []byte("flask-session-id")) {
			t.Fatalf("%q is not a token", *a.Token)
		}
		if a.Token == nil {
			return
		}
		r := request{now: time.Unix(1700000000, 0)}
		if err := r.parse(line); err != nil {
			t.Fatal(err)
		}
		r.token = *a.Token
		_, err := r.decode()
		switch reason(err) {
		case "bad-signature", "malformed", "missing-timestamp", "bad-payload", "not-a-dict", "bad-algorithm", "pickle":
			t.Fatalf("%s made from %q: %v", r.token, line, err)
		}
	})
}

// FuzzLines: lines come out as they went in, however they are cut, and too long
// ones do not take others with them.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"))
	f.Add([]byte("\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, input []byte) {
		var want []string
		for line := range bytes.Lines(input) {
			want = append(want, string(withoutEnd(line)))
		}
		l := newLines(iotest{bytes.NewReader(input)})
		for i := 0; ; i++ {
			line, err := l.next()
			if err == io.EOF {
				if i != len(want) {
					t.Fatalf("%d lines, want %d", i, len(want))
				}
				return
			}
			if err != nil || i >= len(want) || string(line) != want[i] {
				t.Fatalf("line %d: %q, %v", i, line, err)
			}
		}
	})
}

// iotest reads little at a time.
type iotest struct{ r io.Reader }

func (r iotest) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 3)]) }
