package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// file writes text into a file of the test's own and returns its name.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const validLine = `{"valid":true,"payload":` + flaskPayload + "}\n"

func TestDecodeCommand(t *testing.T) {
	const malformed = `{"valid":false,"reason":"malformed"}` + "\n"
	flags := []string{"decode", "-format", "flask", "-now", "1700000000"}
	tests := []struct {
		name        string
		environment map[string]string
		input       string
		args        []string
		want        string
		code        int
	}{
		{"an argument", nil, "", []string{"-secret", "dev", flaskToken}, validLine, 0},
		{"arguments", nil, "ignored\n", []string{"-secret", "dev", flaskToken, "x"}, validLine + malformed, 1},
		{"lines", nil, flaskToken + "\n\nx\r\n" + flaskToken, []string{"-secret", "dev"}, validLine + malformed + malformed + validLine, 1},
		{"no lines", nil, "", []string{"-secret", "dev"}, "", 0},
		{"bytes", nil, "", []string{"-secret-base64", "ZGV2", flaskToken}, validLine, 0},
		{"a file", nil, "", []string{"-secret-file", file(t, "dev\n"), flaskToken}, validLine, 0},
		{"a file of another system", nil, "", []string{"-secret-file", file(t, "dev\r\n"), flaskToken}, validLine, 0},
		{"the environment", map[string]string{"SESSIONS_SECRET": "dev"}, "", []string{flaskToken}, validLine, 0},
		{"a flag before the environment", map[string]string{"SESSIONS_SECRET": "x"}, "", []string{"-secret", "dev", flaskToken}, validLine, 0},
		{"older keys", nil, "", []string{"-secret", "x", "-fallback", "y", "-fallback", "dev", flaskToken}, validLine, 0},
		{"older keys in base64", nil, "", []string{"-secret", "x", "-fallback-base64", "ZGV2", flaskToken}, validLine, 0},
		{"older keys in files", nil, "", []string{"-secret", "x", "-fallback-file", file(t, "dev"), flaskToken}, validLine, 0},
		{"no limit", nil, "", []string{"-secret", "dev", "-max-age", "none", "-now", "1800000000", flaskToken}, validLine, 0},
		{"a limit", nil, "", []string{"-secret", "dev", "-max-age", "5", "-now", "1700000006", flaskToken}, `{"valid":false,"reason":"expired"}` + "\n", 1},

		{"a token like a flag", nil, "", []string{"-secret", "dev", "--", "-x"}, malformed, 1},
		{"a long line", nil, strings.Repeat("x", maxLine+3) + "\n" + flaskToken, []string{"-secret", "dev"}, `{"valid":false,"reason":"too-large"}` + "\n" + validLine, 1},
		{"no UTF-8", nil, "\xff.\xfe.x\n", []string{"-secret", "dev"}, `{"valid":false,"reason":"bad-signature"}` + "\n", 1},
	}
	for _, test := range tests {
		stdout, stderr, code := runWith(t, test.environment, test.input, append(flags[:len(flags):len(flags)], test.args...)...)
		if stdout != test.want || stderr != "" || code != test.code {
			t.Errorf("%s: %q, %q, exit status %d, want %q and %d", test.name, stdout, stderr, code, test.want, test.code)
		}
	}
}

func TestEncodeCommand(t *testing.T) {
	flags := []string{"encode", "-secret", "dev", "-now", "1700000000"}
	metadata := file(t, ` {"t":"dict","v":[["lifetime",{"t":"int","v":"5"}]]}`+"\n")
	tests := []struct {
		name  string
		input string
		args  []string
		want  string
	}{
		{"flask", flaskPayload, []string{"-format", "flask"}, flaskToken},
		{"white space", "\n " + flaskPayload + " \n", []string{"-format", "flask"}, flaskToken},
		{"record", flaskPayload, []string{"-format", "flask-session"}, "gaFhAQ=="},
		{"serializer", flaskPayload, []string{"-format", "flask-session", "-serializer", "json"}, "eyJhIjoxfQ=="},
		{"no metadata", flaskPayload, []string{"-format", "starsessions2", "-metadata", file(t, "null")}, "eyJhIjogMX0=.ZVPxAA.4OsWY51JRYO1Xil7z0f7KcwTQTE"},
		{"metadata", flaskPayload, []string{"-format", "starsessions2", "-metadata", metadata},
			"eyJhIjogMSwgIl9fbWV0YWRhdGFfXyI6IHsibGlmZXRpbWUiOiA1fX0=.ZVPxAA._12LtFGfsM37Cn8_jHtO3tyqDz0"},
		{"algorithm", flaskPayload, []string{"-format", "jwt", "-alg", "HS512", "-headers", `{"kid":"k1"}`},
			"eyJhbGciOiJIUzUxMiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJhIjoxfQ.DEZAzB9tdLsvdWtEtyCIuXZvrsjGXbyV8ds4_vNY_TXib5yaIcGt1bDoMMeJRZ-h8jzrm7XFx0yNNir7LwyZBQ"},
	}
	for _, test := range tests {
		stdout, stderr, code := run(t, test.input, append(flags[:len(flags):len(flags)], test.args...)...)
		if stdout != test.want+"\n" || stderr != "" || code != success {
			t.Errorf("%s: %q, %q, exit status %d, want %q", test.name, stdout, stderr, code, test.want)
		}
	}
}

// TestMistakes: mistakes are told in one line, which shows no secret.
func TestMistakes(t *testing.T) {
	const secret = "tell-nobody"
	tests := []struct {
		name  string
		code  int
		input string
		args  []string
		part  string
	}{
		{"unknown command", misuse, "", []string{"decod"}, "unknown command"},
		{"no format", misuse, "", []string{"decode", "-secret", secret, "x"}, "-format"},
		{"unknown format", misuse, "", []string{"decode", "-secret", secret, "-format", "django"}, "starlette-flask"},
		{"no secret", misuse, "", []string{"decode", "-format", "flask", "x"}, "-secret-file"},
		{"empty secret", misuse, "", []string{"decode", "-format", "flask", "-secret", "", "x"}, "empty"},
		{"empty file", misuse, "", []string{"decode", "-format", "flask", "-secret-file", file(t, "\n"), "x"}, "empty"},
		{"empty older secret", misuse, "", []string{"decode", "-format", "flask", "-secret", secret, "-fallback", "", "x"}, "empty"},
		{"no file", misuse, "", []string{"decode", "-format", "flask", "-secret-file", "no such file", "x"}, "no such file"},
		{"two secrets", misuse, "", []string{"decode", "-format", "flask", "-secret", secret, "-secret-base64", "eA==", "x"}, "more than one"},
		{"no base64", misuse, "", []string{"decode", "-format", "flask", "-secret-base64", secret + "!", "x"}, "base64"},
		{"secret forgotten", misuse, "", []string{"decode", "-format", "flask", "-secret"}, "needs an argument"},
		{"unknown flag", misuse, "", []string{"decode", "-secrets=" + secret}, "-secrets"},
		{"no age", misuse, "", []string{"decode", "-max-age", "-1"}, "-max-age"},
		{"no time", misuse, "", []string{"decode", "-now", "today"}, "-now"},
		{"unknown serializer", misuse, "", []string{"decode", "-format", "native", "-serializer", "xml", "x"}, "serializer"},
		{"unknown algorithm", misuse, "", []string{"decode", "-format", "jwt", "-secret", secret, "-alg", "HS1", "x"}, "HS1"},
		{"short key", misuse, "", []string{"decode", "-format", "encrypted", "-secret", secret, "x"}, "32"},
		{"key of an example", misuse, "", []string{"decode", "-format", "encrypted", "-secret", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", "x"}, "example"},
		{"tokens beside requests", misuse, "", []string{"decode", "-requests", "x"}, "standard input"},
		{"requests for people", misuse, "", []string{"decode", "-requests", "-plain"}, "-plain"},
		{"payload as an argument", misuse, "", []string{"encode", "-format", "flask", "-secret", secret, "{}"}, "standard input"},
		{"no such metadata", misuse, "", []string{"encode", "-format", "starsessions2", "-secret", secret, "-metadata", "no such file"}, "no such file"},
		{"bad metadata", misuse, "", []string{"encode", "-format", "starsessions2", "-secret", secret, "-metadata", file(t, "{}")}, "form that decode prints"},
		{"bad headers", misuse, "", []string{"encode", "-format", "jwt", "-secret", secret, "-headers", "[]"}, "JSON object"},
		{"no payload", failure, "", []string{"encode", "-format", "flask", "-secret", secret}, "form that decode prints"},
		{"payload too large", failure, strings.Repeat(" ", maxPayload+1), []string{"encode", "-format", "flask", "-secret", secret}, "large"},
		{"no session", failure, `{"t":"str","v":"x"}`, []string{"encode", "-format", "flask", "-secret", secret}, "dict"},
		{"key with argument", misuse, "", []string{"keygen", "x"}, "flags only"},
		{"list nobody", misuse, "", []string{"list", "-redis", "redis://:" + secret + "@127.0.0.1:1"}, "-subject"},
		{"list nowhere", misuse, "", []string{"list", "-subject", "ada"}, "-redis"},
		{"list here and there", misuse, "", []string{"list", "-subject", "ada", "-redis", "redis://127.0.0.1", "-postgres", "b"}, "URL"},
		{"list from no URL", misuse, "", []string{"list", "-subject", "ada", "-redis", "redis://:" + secret + "%@127.0.0.1:1"}, "URL"},
		{"list from another URL", misuse, "", []string{"list", "-subject", "ada", "-postgres", "postgres://u:x@" + secret + "%@127.0.0.1:1"}, "URL"},
		{"list with a bad table", misuse, "", []string{"list", "-subject", "ada", "-postgres", "postgres://127.0.0.1", "-table", "a;b"}, "table"},
		{"list from no server", failure, "", []string{"list", "-subject", "ada", "-redis", "redis://:" + secret + "@127.0.0.1:1"}, "refused"},
		{"revoke at no server", failure, "", []string{"revoke", "-subject", "ada", "-postgres", "postgres://u:" + secret + "@127.0.0.1:1/x"}, "refused"},
		{"schema for an unknown database", misuse, "", []string{"schema", "-dialect", "oracle"}, "-dialect"},
		{"unlogged schema for MySQL", misuse, "", []string{"schema", "-dialect", "mysql", "-unlogged"}, "-unlogged"},
		{"schema for a bad table", misuse, "", []string{"schema", "-table", "a;b"}, "table"},
		{"migrate nothing", misuse, "", []string{"migrate"}, "-postgres"},
	}
	for _, test := range tests {
		stdout, stderr, code := run(t, test.input, test.args...)
		if code != test.code || stdout != "" {
			t.Errorf("%s: exit status %d, output %q, want %d and none", test.name, code, stdout, test.code)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "sessions") || !strings.Contains(stderr, test.part) {
			t.Errorf("%s: %q, want one line about %s", test.name, stderr, test.part)
		}
		if strings.Contains(stderr, secret) {
			t.Errorf("%s: shows the secret: %s", test.name, stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"help"}, {"--help"}} {
		if stdout, stderr, code := run(t, "", args...); stdout != overview || stderr != "" || code != success {
			t.Errorf("%q: %q, %q, exit status %d, want the overview", args, stdout, stderr, code)
		}
	}
	if stdout, stderr, code := run(t, ""); stdout != "" || stderr != overview || code != misuse {
		t.Errorf("no arguments: %q, %q, exit status %d, want the overview as an error", stdout, stderr, code)
	}
	for _, c := range commands {
		stdout, stderr, code := run(t, "", c.name, "-h")
		if !strings.HasPrefix(stdout, "usage: sessions "+c.name) || stderr != "" || code != success {
			t.Errorf("%s -h: %q, %q, exit status %d, want its usage", c.name, stdout, stderr, code)
		}
		if other, _, _ := run(t, "", "help", c.name); other != stdout {
			t.Errorf("help %s differs from %s -h", c.name, c.name)
		}
		if !strings.Contains(overview, "sessions "+c.name) {
			t.Errorf("the overview does not mention %s", c.name)
		}
	}
	stdout, _, _ := run(t, "", "decode", "-h")
	for _, k := range kinds {
		if !strings.Contains(stdout, "\n  "+k.name+" ") {
			t.Errorf("decode -h does not mention %s", k.name)
		}
	}
	for _, reason := range reasons {
		if !strings.Contains(stdout, reason) {
			t.Errorf("decode -h does not mention %s", reason)
		}
	}
}

func TestKeygen(t *testing.T) {
	first, _, _ := run(t, "", "keygen")
	key, stderr, code := run(t, "", "keygen")
	if code != success || stderr != "" || len(key) != 45 || key == first {
		t.Fatalf("%q after %q, %q, exit status %d, want another line of 44 characters", key, first, stderr, code)
	}
	// It does as it is for the codecs that ask for a good key.
	for _, format := range []string{"encrypted", "sess+jwt"} {
		token, stderr, code := run(t, flaskPayload, "encode", "-format", format, "-secret", strings.TrimSpace(key))
		if code != success {
			t.Fatalf("%s: %s", format, stderr)
		}
		stdout, _, code := run(t, token, "decode", "-format", format, "-secret-file", file(t, key))
		if code != success || !strings.HasPrefix(stdout, validLine[:len(validLine)-2]) {
			t.Errorf("%s: %s, exit status %d, want %s", format, stdout, code, validLine)
		}
	}
}

// TestClosedOutput: what cannot be written is an error.
func TestClosedOutput(t *testing.T) {
	for _, args := range [][]string{
		{"keygen"}, {"schema"}, {"decode", "-format", "flask", "-secret", "dev"}, {"decode", "-format", "flask", "-secret", "dev", "x"},
		{"encode", "-format", "flask", "-secret", "dev"}, {"decode", "-requests"}, {"encode", "-requests"},
	} {
		var stderr strings.Builder
		p := program{in: strings.NewReader(flaskPayload + "\n"), out: closed{}, err: &stderr, getenv: func(string) string { return "" }}
		if code := p.run(args); code != failure || !strings.Contains(stderr.String(), "standard output") {
			t.Errorf("%q: exit status %d, %q, want %d and a word about it", args, code, stderr.String(), failure)
		}
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, os.ErrClosed }
