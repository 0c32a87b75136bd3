package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// run runs the command with text on its standard input.
func run(t *testing.T, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runWith(t, nil, input, args...)
}

// runWith is run with environment variables.
func runWith(t *testing.T, environment map[string]string, input string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	p := program{in: strings.NewReader(input), out: &out, err: &err, getenv: func(name string) string { return environment[name] }}
	code = p.run(args)
	return out.String(), err.String(), code
}

// An answer is a line of output.
type answer struct {
	Valid    *bool
	Payload  json.RawMessage
	Metadata json.RawMessage
	Reason   string
	Token    string
	Error    string
}

// ask sends lines to a line server and returns its answers, one a line.
func ask(t *testing.T, command string, lines ...string) []answer {
	t.Helper()
	stdout, stderr, code := run(t, strings.Join(lines, "\n")+"\n", command, "-requests")
	if code != success || stderr != "" {
		t.Fatalf("%s -requests: exit status %d, %q, want 0 and silence", command, code, stderr)
	}
	output := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(output) != len(lines) {
		t.Fatalf("%s -requests: %d answers to %d lines", command, len(output), len(lines))
	}
	answers := make([]answer, len(output))
	for i, line := range output {
		if err := json.Unmarshal([]byte(line), &answers[i]); err != nil {
			t.Fatalf("%s -requests: line %d: %v", command, i+1, err)
		}
	}
	return answers
}

// line is a request with the given fields.
func line(t *testing.T, fields map[string]any) string {
	t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
