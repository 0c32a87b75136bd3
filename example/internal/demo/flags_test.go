package demo

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func defaults() settings {
	return settings{
		addr:      "localhost:8080",
		Backend:   "memory",
		Codec:     "flask",
		Transport: "cookie",
		redis:     "redis://127.0.0.1:6379/0",
		postgres:  "postgres://postgres@127.0.0.1:5432/postgres",
	}
}

func TestParse(t *testing.T) {
	type environ map[string]string
	for _, c := range []struct {
		name string
		args string
		env  environ
		want func(*settings)
	}{
		{"nothing", "", nil, func(*settings) {}},
		{
			"every flag", "-addr localhost:1 -backend cookie -codec encrypted -transport header -secret s -redis r -postgres p -serializer flask -autoload -cookie-name c -lifetime 36h -idle 20m -insecure", nil,
			func(s *settings) {
				*s = settings{"localhost:1", "cookie", "encrypted", "header", "s", "r", "p", "flask", true, "c", 36 * time.Hour, 20 * time.Minute, true, nil, nil}
			},
		},
		{
			"every variable", "", environ{
				"ADDR": ":1", "BACKEND": "cookie", "CODEC": "encrypted", "TRANSPORT": "header", "SECRET_KEY": "s", "REDIS_URL": "r", "DATABASE_URL": "p",
				"SERIALIZER": "flask", "AUTOLOAD": "true", "COOKIE_NAME": "c", "LIFETIME": "36h", "IDLE": "20m", "INSECURE": "1",
			},
			func(s *settings) {
				*s = settings{":1", "cookie", "encrypted", "header", "s", "r", "p", "flask", true, "c", 36 * time.Hour, 20 * time.Minute, true, nil, nil}
			},
		},
		{
			"flags beat variables", "-addr :2 -backend memory -transport=cookie -secret t -redis u -serializer json -autoload=false -cookie-name d -lifetime 1h -idle 1m --insecure=f",
			environ{
				"ADDR": ":1", "BACKEND": "cookie", "CODEC": "encrypted", "TRANSPORT": "header", "SECRET_KEY": "s", "REDIS_URL": "r",
				"SERIALIZER": "flask", "AUTOLOAD": "true", "COOKIE_NAME": "c", "LIFETIME": "36h", "IDLE": "20m", "INSECURE": "1",
			},
			func(s *settings) {
				*s = settings{":2", "memory", "encrypted", "cookie", "t", "u", s.postgres, "json", false, "d", time.Hour, time.Minute, false, nil, nil}
			},
		},
		{"flags beat bad variables", "-backend memory -lifetime 1h", environ{"BACKEND": "disk", "LIFETIME": "x"}, func(s *settings) { s.lifetime = time.Hour }},
		{"empty variables", "", environ{"BACKEND": "", "LIFETIME": "", "SECRET_KEY": ""}, func(*settings) {}},
		{"a codec without need", "", environ{"CODEC": "jwt"}, func(s *settings) { s.Codec = "jwt" }},
		{"no idle limit", "-idle 0", environ{"IDLE": "1h"}, func(*settings) {}},
	} {
		got, err := parse(strings.Fields(c.args), func(name string) string { return c.env[name] })
		want := defaults()
		c.want(&want)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", c.name, got, err, want)
		}
	}
}

// badFlags are command lines that cannot be meant, and what the error says.
var badFlags = []struct{ args, env, want string }{
	{"-backend disk", "", "want one of memory, cookie, redis, postgres"},
	{"-backend", "", "flag needs an argument: -backend"},
	{"-backend Memory", "", "want one of"},
	{"-backend cookie -codec rot13", "", "want one of flask, starlette, jwt, encrypted"},
	{"-transport pigeon", "", "want one of cookie, header"},
	{"-serializer gob", "", "want one of json, flask, msgpack"},
	{"-codec flask", "", "-codec needs -backend cookie"},
	{"-backend redis -codec flask", "", "-codec needs -backend cookie"},
	{"-backend cookie -serializer json", "", "-codec flask, whose format is fixed"},
	{"-backend cookie -codec starlette -serializer msgpack", "", "-codec starlette, whose format is fixed"},
	{"-backend cookie -codec jwt", "SERIALIZER=json", "-codec jwt, whose format is fixed"},
	{"-backend cookie -codec encrypted -secret short", "", "at least 32"},
	{"-backend cookie -codec encrypted", "SECRET_KEY=1f83bc02", "at least 32"},
	{"-backend cookie -secret=", "", "-secret is empty"},
	{"-lifetime soon", "", "want a duration"},
	{"-lifetime 60", "", "want a duration"},
	{"-lifetime 0", "", "want at least 1s"},
	{"-lifetime -1h", "", "want at least 1s"},
	{"-lifetime 10000h", "", "400 days"},
	{"-idle -1s", "", "want at least"},
	{"-idle 10ms", "", "at least a second"},
	{"-idle 2h -lifetime 1h", "", "longer than"},
	{"-backend cookie -idle 1h", "", "cannot record it"},
	{"-autoload=maybe", "", "invalid boolean value"},
	{"-cookie-name a=b", "", "Cookie.Name"},
	{"-cookie-name __Host-tea -insecure", "", "Secure"},
	{"-addr 8080", "", "host:port"},
	{"-addr :99999", "", "port"},
	{"-verbose", "", "flag provided but not defined: -verbose"},
	{"-autoload true", "", "unexpected argument"},
	{"", "BACKEND=disk", "BACKEND"},
	{"", "LIFETIME=soon", "LIFETIME"},
	{"", "AUTOLOAD=maybe", "AUTOLOAD"},
	{"", "ADDR=8080", "ADDR"},
	{"-backend redis -redis http://localhost", "", "redis"},
	{"-backend redis", "REDIS_URL=:", "redis"},
	{"-backend postgres -postgres http://localhost", "", "postgres"},
}

// TestBadFlags starts the real program.
func TestBadFlags(t *testing.T) {
	program := compile(t)
	for _, c := range badFlags {
		code, stdout, stderr := program.run(t, strings.Fields(c.env), strings.Fields(c.args)...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "example: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%s %s: got exit code %d\n%s%swant 2 and one line with %q", c.env, c.args, code, stdout, stderr, c.want)
		}
	}
}

// TestNoSecretInErrors gives secrets where they do not belong.
func TestNoSecretInErrors(t *testing.T) {
	for _, args := range []string{
		"-backend cookie -codec encrypted -secret hunter2",
		"-backend redis -redis redis://user:hunter2@[::1",
		"-backend postgres -postgres postgres://user:hunter2@[::1",
	} {
		settings, err := parse(strings.Fields(args), func(string) string { return "" })
		if err == nil {
			_, err = build(settings)
		}
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", args, err)
		}
	}
}

func TestUsage(t *testing.T) {
	var b bytes.Buffer
	usage(&b)
	for flag, variable := range environment {
		if !strings.Contains(b.String(), "\n  -"+flag+" ") || !strings.Contains(b.String(), "["+variable+"]") {
			t.Errorf("the usage does not speak of -%s and %s", flag, variable)
		}
	}
	program := compile(t)
	for _, arg := range []string{"-h", "-help", "--help"} {
		if code, stdout, stderr := program.run(t, nil, arg); code != 0 || stdout != b.String() || stderr != "" {
			t.Errorf("%s: got exit code %d\n%s%s", arg, code, stdout, stderr)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "json"},
		{"-serializer json", "json"},
		{"-serializer flask", "flask"},
		{"-serializer msgpack", "msgpack"},
		{"-backend redis -serializer flask", "flask"},
		{"-backend postgres -serializer msgpack", "msgpack"},
		{"-backend cookie -codec encrypted -serializer flask", "flask"},
		{"-backend cookie -codec flask", ""},
		{"-backend cookie -codec starlette", ""},
		{"-backend cookie -codec jwt", ""},
	} {
		settings, err := parse(strings.Fields(c.args), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		backend, format, err := open(settings)
		if err != nil {
			t.Fatal(err)
		}
		defer closeBackend(backend)
		got := ""
		if format != nil {
			got = format.Serializer().Name()
		}
		if got != c.want {
			t.Errorf("%s: got serializer %q, want %q", c.args, got, c.want)
		}
	}
}
