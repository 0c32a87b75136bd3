package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// flaskToken is {"a":1}, signed by Flask at 1700000000 with the secret dev.
const flaskToken = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"

// encryptedRecordOfOne is flaskPayload, encrypted for the ID x.
const encryptedRecordOfOne = "HgFd3eCXfKIGaiKmOoHuY6lWGmDm0fFPZ7lknWcpk7QJOjBAxxn5W0/UwRJtvKHzLqG6d0SclEc3kA=="

const flaskPayload = `{"t":"dict","v":[["a",{"t":"int","v":"1"}]]}`

func TestDecodeRequests(t *testing.T) {
	const valid = `{"valid":true,"payload":` + flaskPayload + `}`
	refused := func(reason string) string { return `{"valid":false,"reason":"` + reason + `"}` }
	tests := []struct{ name, line, want string }{
		{"plain", `{"format":"flask","secret":"dev","now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"other fields", `{"x":{"secret":5},"level":null,"format":"flask","secret":"dev","now":1700000000,"cookie":"` + flaskToken + `","SECRET":"no","Cookie":1}`, valid},
		{"white space", "\t{ \"format\" : \"flask\" , \"secret\":\"dev\",\"now\":1700000000,\"cookie\":\"" + flaskToken + "\"} \r", valid},
		{"escaped name", `{"\u0066ormat":"flask","secret":"d\u0065v","now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"the last of two counts", `{"format":"jwt","secret":"x","secret":"dev","format":"flask","now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"secret as bytes", `{"format":"flask","secret":{"b64":"ZGV2"},"now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"older secret as bytes", `{"format":"flask","secret":"new","fallbacks":["old",{"b64":"ZGV2"}],"now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"nulls", `{"format":"flask","secret":"dev","fallbacks":null,"salt":null,"alg":null,"serializer":null,"cookie_name":null,"now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"empty salt", `{"format":"flask","secret":"dev","salt":"","now":1700000000,"cookie":"` + flaskToken + `"}`, valid},
		{"other salt", `{"format":"flask","secret":"dev","salt":"x","now":1700000000,"cookie":"` + flaskToken + `"}`, refused("bad-signature")},
		{"default age, just", `{"format":"flask","secret":"dev","now":1702678400,"cookie":"` + flaskToken + `"}`, valid},
		{"default age, over", `{"format":"flask","secret":"dev","now":1702678401,"cookie":"` + flaskToken + `"}`, refused("expired")},
		{"own age", `{"format":"flask","secret":"dev","now":1700000060,"max_age":59,"cookie":"` + flaskToken + `"}`, refused("expired")},
		{"a fraction", `{"format":"flask","secret":"dev","now":1700000060.9,"max_age":60.5,"cookie":"` + flaskToken + `"}`, valid},
		{"no age", `{"format":"flask","secret":"dev","now":99999999999,"max_age":null,"cookie":"` + flaskToken + `"}`, valid},
		{"age without end", `{"format":"flask","secret":"dev","now":1800000000,"max_age":99999999999999999999999,"cookie":"` + flaskToken + `"}`, valid},
		{"by the clock", `{"format":"flask","secret":"dev","max_age":1,"cookie":"` + flaskToken + `"}`, refused("expired")},
		{"now null", `{"format":"flask","secret":"dev","max_age":1,"now":null,"cookie":"` + flaskToken + `"}`, refused("expired")},
		{"no cookie value", `{"format":"flask","secret":"dev","cookie":""}`, refused("malformed")},
		{"surrogate", `{"format":"flask","secret":"dev","cookie":"\ud800.b.c"}`, refused("bad-signature")},

		{"nothing", ``, refused(badRequest)},
		{"no object", `[]`, refused(badRequest)},
		{"null", `null`, refused(badRequest)},
		{"empty", `{}`, refused(badRequest)},
		{"two", `{"format":"flask","secret":"dev","cookie":"x"}{}`, refused(badRequest)},
		{"no format", `{"secret":"dev","cookie":"x"}`, refused(badRequest)},
		{"unknown format", `{"format":"Flask","secret":"dev","cookie":"x"}`, refused(badRequest)},
		{"no cookie", `{"format":"flask","secret":"dev"}`, refused(badRequest)},
		{"cookie null", `{"format":"flask","secret":"dev","cookie":null}`, refused(badRequest)},
		{"no secret", `{"format":"flask","cookie":"x"}`, refused(badRequest)},
		{"empty secret", `{"format":"flask","secret":"","cookie":"x"}`, refused(badRequest)},
		{"secret null", `{"format":"flask","secret":null,"cookie":"x"}`, refused(badRequest)},
		{"secret a number", `{"format":"flask","secret":5,"cookie":"x"}`, refused(badRequest)},
		{"bad bytes", `{"format":"flask","secret":{"b64":"?"},"cookie":"x"}`, refused(badRequest)},
		{"no bytes", `{"format":"flask","secret":{"b64":""},"cookie":"x"}`, refused(badRequest)},
		{"secret with a lone surrogate", `{"format":"flask","secret":"\ud800","cookie":"x"}`, refused(badRequest)},
		{"fallbacks a text", `{"format":"flask","secret":"a","fallbacks":"dev","cookie":"x"}`, refused(badRequest)},
		{"empty fallback", `{"format":"flask","secret":"a","fallbacks":[""],"cookie":"x"}`, refused(badRequest)},
		{"time in words", `{"format":"flask","secret":"dev","now":"today","cookie":"x"}`, refused(badRequest)},
		{"time true", `{"format":"flask","secret":"dev","now":true,"cookie":"x"}`, refused(badRequest)},
		{"time before 1970", `{"format":"flask","secret":"dev","now":-1,"cookie":"x"}`, refused(badRequest)},
		{"time NaN", `{"format":"flask","secret":"dev","now":NaN,"cookie":"x"}`, refused(badRequest)},
		{"time after 9999", `{"format":"flask","secret":"dev","now":1e30,"cookie":"x"}`, refused(badRequest)},
		{"negative age", `{"format":"flask","secret":"dev","max_age":-1,"cookie":"x"}`, refused(badRequest)},
		{"unknown algorithm", `{"format":"jwt","secret":"dev","alg":"none","cookie":"a.b.c"}`, refused(badRequest)},
		{"public key as secret", `{"format":"jwt","secret":"-----BEGIN PUBLIC KEY-----","cookie":"a.b.c"}`, refused(badRequest)},
		{"unknown serializer", `{"format":"flask-session","serializer":"yaml","cookie":"gA=="}`, refused(badRequest)},
		{"short key", `{"format":"encrypted","secret":"dev","cookie":"x"}`, refused(badRequest)},
		{"invalid UTF-8", "{\"format\":\"flask\",\"secret\":\"\xff\",\"cookie\":\"x\"}", refused(badRequest)},
		{"control character", "{\"format\":\"flask\",\"secret\":\"dev\",\"cookie\":\"a\x00b\"}", refused(badRequest)},
		{"deep", strings.Repeat(`{"a":`, 1<<20), refused(badRequest)},

		{"record", `{"format":"flask-session","cookie":"gaFhAQ=="}`, valid},
		{"record without secret in JSON", `{"format":"flask-session","serializer":"json","cookie":"eyJhIjoxfQ=="}`, valid},
		{"record in the other encoding", `{"format":"flask-session","serializer":"json","cookie":"gaFhAQ=="}`, valid},
		{"record no base64", `{"format":"flask-session","cookie":"gaFhAQ"}`, refused("malformed")},
		{"record no dict", `{"format":"flask-session","cookie":"kA=="}`, refused("not-a-dict")},
		{"record pickled", `{"format":"flask-session","cookie":"gASVGQAAAAAAAAB9lCiMCl9wZXJtYW5lbnSUiIwBYZRLAXUu"}`, refused("pickle")},
		{"record too large", `{"format":"flask-session","cookie":"` + strings.Repeat("A", 2<<20) + `"}`, refused("too-large")},
		{"ID", `{"format":"flask-session-id","secret":"dev","cookie":"0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e.qw5dD-atNC7zRLSPfcoQ_7oANLk"}`,
			`{"valid":true,"payload":{"t":"str","v":"0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e"}}`},
		{"ID unsigned", `{"format":"flask-session-id","secret":"dev","cookie":"0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e"}`, refused("malformed")},
		{"native no record", `{"format":"native","cookie":"AAAA"}`, refused("bad-payload")},
		{"encrypted record", `{"format":"encrypted-native","secret":"p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa","id":"x","cookie":"` + encryptedRecordOfOne + `"}`,
			`{"valid":true,"payload":` + flaskPayload + `,"metadata":{"t":"dict","v":[]}}`},
		{"encrypted record, older key", `{"format":"encrypted-native","secret":"K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s","fallbacks":["p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa"],"id":"x","cookie":"` + encryptedRecordOfOne + `"}`,
			`{"valid":true,"payload":` + flaskPayload + `,"metadata":{"t":"dict","v":[]}}`},
		{"encrypted record of another ID", `{"format":"encrypted-native","secret":"p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa","id":"y","cookie":"` + encryptedRecordOfOne + `"}`, refused("bad-signature")},
		{"encrypted record of another key", `{"format":"encrypted-native","secret":"K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s","id":"x","cookie":"` + encryptedRecordOfOne + `"}`, refused("bad-signature")},
		{"encrypted record without an ID", `{"format":"encrypted-native","secret":"p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa","cookie":"` + encryptedRecordOfOne + `"}`, refused(badRequest)},
		{"encrypted record, short key", `{"format":"encrypted-native","secret":"dev","id":"x","cookie":"` + encryptedRecordOfOne + `"}`, refused(badRequest)},
		{"plain record for an encrypted one", `{"format":"encrypted-native","secret":"p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa","id":"x","cookie":"AQAEanNvbgA="}`, refused("bad-signature")},
		{"not ours", `{"format":"encrypted","secret":"K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s","cookie":"` + strings.Repeat("A", 120) + `"}`, refused("bad-signature")},
	}
	lines := make([]string, len(tests))
	for i, test := range tests {
		lines[i] = test.line
	}
	stdout, _, code := run(t, strings.Join(lines, "\n")+"\n", "decode", "-requests")
	output := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if code != success || len(output) != len(tests) {
		t.Fatalf("exit status %d, %d answers to %d lines", code, len(output), len(tests))
	}
	for i, test := range tests {
		if output[i] != test.want {
			t.Errorf("%s: %s, want %s", test.name, output[i], test.want)
		}
	}
}

func TestEncodeRequests(t *testing.T) {
	token := func(token string) string { return `{"token":"` + token + `"}` }
	tests := []struct{ name, line, want string }{
		{"plain", `{"format":"flask","secret":"dev","now":1700000000,"payload":` + flaskPayload + `}`, token(flaskToken)},
		{"fallbacks do not sign", `{"format":"flask","secret":"dev","fallbacks":["old"],"now":1700000000,"payload":` + flaskPayload + `}`, token(flaskToken)},
		{"starlette", `{"format":"starlette","secret":"dev","now":1700000000,"payload":` + flaskPayload + `}`, token("eyJhIjogMX0=.ZVPxAA.4OsWY51JRYO1Xil7z0f7KcwTQTE")},
		{"jwt", `{"format":"jwt","secret":"dev","payload":` + flaskPayload + `}`, token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.RQDHcft3nk7QSjz2V4jzldlcniWOw98O0Q28rjD7Yss")},
		{"headers of no others", `{"format":"jwt","secret":"dev","headers":{},"payload":` + flaskPayload + `}`, token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.RQDHcft3nk7QSjz2V4jzldlcniWOw98O0Q28rjD7Yss")},
		{"record", `{"format":"flask-session","payload":` + flaskPayload + `}`, token("gaFhAQ==")},
		{"record in JSON", `{"format":"flask-session","serializer":"json","payload":` + flaskPayload + `}`, token("eyJhIjoxfQ==")},
		{"ID", `{"format":"flask-session-id","secret":"dev","payload":{"t":"str","v":"0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e"}}`,
			token("0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e.qw5dD-atNC7zRLSPfcoQ_7oANLk")},
		{"starsessions without metadata", `{"format":"starsessions2","secret":"dev","now":1700000000,"metadata":null,"payload":` + flaskPayload + `}`, token("eyJhIjogMX0=.ZVPxAA.4OsWY51JRYO1Xil7z0f7KcwTQTE")},
	}
	refused := []struct{ name, line, part string }{
		{"nothing", ``, "not a valid request"},
		{"no payload", `{"format":"flask","secret":"dev"}`, "payload"},
		{"payload null", `{"format":"flask","secret":"dev","payload":null}`, "form that decode prints"},
		{"plain JSON", `{"format":"flask","secret":"dev","payload":{"a":1}}`, "form that decode prints"},
		{"a list", `{"format":"flask","secret":"dev","payload":{"t":"list","v":[]}}`, "dict"},
		{"unknown type", `{"format":"flask","secret":"dev","payload":{"t":"dict","v":[["a",{"t":"set","v":[]}]]}}`, "form that decode prints"},
		{"what Python has no JSON for", `{"format":"starlette","secret":"dev","payload":{"t":"dict","v":[["a",{"t":"bytes","v":"AA=="}]]}}`, "cannot hold"},
		{"mixed keys", `{"format":"flask","secret":"dev","payload":{"t":"dict","v":[["a",{"t":"null"}],[{"t":"int","v":"1"},{"t":"null"}]]}}`, "cannot hold"},
		{"large integer", `{"format":"flask-session","payload":{"t":"dict","v":[["a",{"t":"int","v":"18446744073709551616"}]]}}`, "cannot hold"},
		{"no secret", `{"format":"flask","payload":` + flaskPayload + `}`, "secret"},
		{"no format", `{"secret":"dev","payload":` + flaskPayload + `}`, "format"},
		{"reserved claim", `{"format":"jwt","secret":"dev","payload":{"t":"dict","v":[["aud",{"t":"str","v":"x"}]]}}`, "reserves"},
		{"algorithm in the headers", `{"format":"jwt","secret":"dev","headers":{"alg":"none"},"payload":` + flaskPayload + `}`, "headers"},
		{"headers a list", `{"format":"jwt","secret":"dev","headers":[],"payload":` + flaskPayload + `}`, "not a valid request"},
		{"pickle", `{"format":"flask-session","serializer":"pickle","payload":` + flaskPayload + `}`, "serializer"},
		{"no ID", `{"format":"flask-session-id","secret":"dev","payload":` + flaskPayload + `}`, "session ID"},
		{"no end", `{"format":"encrypted","secret":"K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s","max_age":null,"payload":` + flaskPayload + `}`, "time to live"},
		{"metadata of another format", `{"format":"native","metadata":{"t":"dict","v":[["created",{"t":"int","v":"1"}]]},"payload":` + flaskPayload + `}`, "metadata"},
		{"native key", `{"format":"native","payload":{"t":"dict","v":[[{"t":"int","v":"1"},{"t":"null"}]]}}`, "cannot hold"},
	}
	var lines []string
	for _, test := range tests {
		lines = append(lines, test.line)
	}
	for _, test := range refused {
		lines = append(lines, test.line)
	}
	stdout, _, _ := run(t, strings.Join(lines, "\n")+"\n", "encode", "-requests")
	output := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(output) != len(lines) {
		t.Fatalf("%d answers to %d lines", len(output), len(lines))
	}
	for i, test := range tests {
		if output[i] != test.want {
			t.Errorf("%s: %s, want %s", test.name, output[i], test.want)
		}
	}
	for i, test := range refused {
		got := output[len(tests)+i]
		if !strings.HasPrefix(got, `{"error":"`) || !strings.Contains(got, test.part) {
			t.Errorf("%s: %s, want an error about %s", test.name, got, test.part)
		}
	}
}

// TestRoundTrip: what encode makes decode reads, metadata included.
func TestRoundTrip(t *testing.T) {
	const key = "K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s"
	payload := json.RawMessage(`{"t":"dict","v":[["list",{"t":"list","v":[{"t":"int","v":"1"},{"t":"float","v":"1.0","bits":"3ff0000000000000"}]}],["user",{"t":"str","v":"Zo\u00eb"}]]}`)
	typed := json.RawMessage(`{"t":"dict","v":[["t",{"t":"tuple","v":[{"t":"bytes","v":"AP8="}]}]]}`)
	binary := json.RawMessage(`{"t":"dict","v":[["b",{"t":"bytes","v":"AP8="}]]}`)
	native := json.RawMessage(`{"t":"dict","v":[["created",{"t":"datetime","v":"2023-11-14T22:13:20+00:00"}],["subject",{"t":"str","v":"ada"}]]}`)
	tests := []map[string]any{
		{"format": "starsessions2", "metadata": json.RawMessage(`{"t":"dict","v":[["lifetime",{"t":"int","v":"60"}]]}`)},
		{"format": "native", "metadata": native},
		{"format": "native", "serializer": "flask", "metadata": native, "payload": typed},
		{"format": "encrypted", "serializer": "msgpack", "payload": binary},
		{"format": "native", "serializer": "msgpack", "metadata": native},
		{"format": "encrypted", "metadata": native},
		{"format": "encrypted", "cookie_name": "session", "serializer": "msgpack", "metadata": native},
		{"format": "encrypted-native", "id": "x", "metadata": native},
		{"format": "encrypted-native", "id": "x", "serializer": "msgpack", "payload": binary},
		{"format": "sess+jwt", "metadata": native},
		{"format": "sess+jwt", "alg": "HS512", "secret": key + "fJ6w_Ty3Dk9PqZ1xLs0Vb5Nm7Ru2Hg8cA", "metadata": native},
		{"format": "jwt", "alg": "HS384", "headers": map[string]any{"kid": "k", "typ": nil, "x": 1}},
		{"format": "starlette-flask", "salt": "other"},
		{"format": "signer", "fallbacks": []string{"old"}},
	}
	for _, fields := range tests {
		if fields["payload"] == nil {
			fields["payload"] = payload
		}
		fields["now"] = 1700000000
		if fields["secret"] == nil {
			fields["secret"] = key
		}
		made := ask(t, "encode", line(t, fields))[0]
		if made.Error != "" {
			t.Errorf("%v: %s", fields["format"], made.Error)
			continue
		}
		fields["cookie"] = made.Token
		fields["now"] = 1700000059
		delete(fields, "serializer") // a native record names it
		got := ask(t, "decode", line(t, fields))[0]
		if got.Valid == nil || !*got.Valid {
			t.Errorf("%v: refused: %s", fields["format"], got.Reason)
			continue
		}
		same(t, fields["format"].(string), got.Payload, fields["payload"].(json.RawMessage))
		if want, ok := fields["metadata"].(json.RawMessage); ok {
			same(t, fields["format"].(string)+" metadata", got.Metadata, want)
		}
	}
}

// TestDefaultMetadata: what is made without metadata says when it was made.
func TestDefaultMetadata(t *testing.T) {
	made := ask(t, "encode", `{"format":"starsessions2","secret":"dev","now":1700000000,"max_age":60,"payload":`+flaskPayload+`}`,
		`{"format":"native","now":1700000000,"payload":`+flaskPayload+`}`)
	got := ask(t, "decode", `{"format":"starsessions2","secret":"dev","now":1700000000,"max_age":60,"cookie":"`+made[0].Token+`"}`,
		`{"format":"native","cookie":"`+made[1].Token+`"}`)
	const seconds = `{"t":"float","v":"1700000000.0","bits":"41d954fc40000000"}`
	same(t, "starsessions2", got[0].Metadata, json.RawMessage(`{"t":"dict","v":[["lifetime",{"t":"int","v":"60"}],["created",`+seconds+`],["last_access",`+seconds+`]]}`))
	same(t, "native", got[1].Metadata, json.RawMessage(`{"t":"dict","v":[["created",{"t":"datetime","v":"2023-11-14T22:13:20+00:00"}]]}`))
}

// TestLongLifetime: the lifetime 0 of starsessions 2 stands for 360 days.
func TestLongLifetime(t *testing.T) {
	made := ask(t, "encode", `{"format":"starsessions2","secret":"dev","now":1700000000,"payload":`+flaskPayload+`}`)[0]
	for _, test := range []struct {
		age  string
		want string
	}{{`0,"now":1731104000`, ""}, {`0,"now":1731104001`, "expired"}, {`null,"now":1731104001`, ""}, {`60,"now":1700000061`, "expired"}} {
		got := ask(t, "decode", `{"format":"starsessions2","secret":"dev","max_age":`+test.age+`,"cookie":"`+made.Token+`"}`)[0]
		if got.Reason != test.want {
			t.Errorf("max_age %s: %q, want %q", test.age, got.Reason, test.want)
		}
	}
	if got := ask(t, "decode", `{"format":"starsessions2","secret":"dev","now":1731104001,"cookie":"`+made.Token+`"}`)[0]; got.Reason != "expired" {
		t.Errorf("without max_age: %q, want expired", got.Reason)
	}
}

// TestRequestsAnswerAtOnce: an answer is written before the next line is read.
func TestRequestsAnswerAtOnce(t *testing.T) {
	in, writer := io.Pipe()
	reader, out := io.Pipe()
	done := make(chan int, 1)
	go func() {
		p := program{in: in, out: out, err: io.Discard, getenv: func(string) string { return "" }}
		done <- p.run([]string{"decode", "-requests"})
	}()
	buffer := make([]byte, 1<<10)
	for range 3 {
		io.WriteString(writer, `{"format":"flask","secret":"dev","now":1700000000,"cookie":"`+flaskToken+`"}`+"\n")
		n, err := reader.Read(buffer)
		if err != nil || !bytes.HasSuffix(buffer[:n], []byte("\n")) {
			t.Fatalf("read %q, %v, want a whole line", buffer[:n], err)
		}
	}
	writer.Close()
	select {
	case code := <-done:
		if code != success {
			t.Errorf("exit status %d, want 0", code)
		}
	case <-time.After(20 * time.Second):
		t.Error("did not end with its input")
	}
}

// TestHugeLines: however long lines are, what comes after them is answered, and
// little memory is kept.
func TestHugeLines(t *testing.T) {
	const huge = 10 << 20
	good := `{"format":"flask","secret":"dev","now":1700000000,"cookie":"` + flaskToken + `"}` + "\n"
	nulls := append([]byte{0x81, 0xa1, 'a', 0xdd, 0, 8, 0, 0}, bytes.Repeat([]byte{0xc0}, 8<<16)...)
	tests := []struct{ name, line, want string }{
		{"cookie", `{"format":"flask","secret":"dev","cookie":"` + strings.Repeat("a", huge) + `"}`, "too-large"},
		{"ID", `{"format":"flask-session-id","secret":"dev","cookie":"` + strings.Repeat("a", huge) + `"}`, "too-large"},
		{"secret", `{"format":"flask","secret":"` + strings.Repeat("a", huge) + `","cookie":"x.y.z"}`, badRequest},
		{"fallbacks", `{"format":"flask","secret":"dev","fallbacks":[` + strings.Repeat(`"",`, huge/3) + `"a"],"cookie":"x.y.z"}`, badRequest},
		{"unknown field", `{"x":[` + strings.Repeat("[],", huge/3) + `1],"format":"flask","secret":"dev","cookie":"x"}`, "malformed"},
		{"brackets", strings.Repeat("[", huge), badRequest},
		{"more than is read", strings.Repeat("x", maxLine+3), badRequest},
		{"record of nothing", `{"format":"flask-session","cookie":"` + base64.StdEncoding.EncodeToString(nulls[:1000]) + `"}`, "bad-payload"},
	}
	var input strings.Builder
	for _, test := range tests {
		input.WriteString(test.line + "\n" + good)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stdout, _, code := run(t, input.String(), "decode", "-requests")
	runtime.ReadMemStats(&after)
	output := strings.Split(stdout, "\n")
	if code != success || len(output) != 2*len(tests)+1 {
		t.Fatalf("exit status %d, %d lines, want %d", code, len(output), 2*len(tests))
	}
	for i, test := range tests {
		if want := `{"valid":false,"reason":"` + test.want + `"}`; output[2*i] != want {
			t.Errorf("%s: %s, want %s", test.name, output[2*i], want)
		}
		if !strings.HasPrefix(output[2*i+1], `{"valid":true`) {
			t.Errorf("%s: after it %s, want a valid token", test.name, output[2*i+1])
		}
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64*huge {
		t.Errorf("%d bytes allocated", allocated)
	}
}

// TestRequestDefaults: the flags are the defaults of the lines.
func TestRequestDefaults(t *testing.T) {
	stdout, _, code := run(t, `{"cookie":"`+flaskToken+`"}`+"\n"+`{"cookie":"`+flaskToken+`","secret":"other"}`+"\n",
		"decode", "-requests", "-format", "flask", "-secret", "dev", "-now", "1700000000")
	want := `{"valid":true,"payload":` + flaskPayload + "}\n" + `{"valid":false,"reason":"bad-signature"}` + "\n"
	if stdout != want || code != success {
		t.Errorf("%s, exit status %d, want %s", stdout, code, want)
	}
}
