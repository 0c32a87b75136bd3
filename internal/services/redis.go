package services

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

const redisPort = 6379

var sharedRedis = shared{variable: "REDIS_URL"}

// Redis returns the URL of a Redis server that other tests, and perhaps other
// programs, use at the same time: keep to keys that begin with a [Unique] name.
func Redis(t T) string {
	t.Helper()
	url, err := sharedRedis.get(FindRedis, func(t T) string {
		return RedisServer(t, RedisOptions{}).URL()
	})
	if err != nil {
		missing(t, "Redis", err)
	}
	return url
}

// FindRedis returns the URL of a running Redis: the one that REDIS_URL names,
// else the one on the standard port; "" if there is none.
func FindRedis() string {
	if url := os.Getenv("REDIS_URL"); url != "" {
		return url
	}
	answer, err := redisDo(process.Address(redisPort), "", time.Second, "PING")
	if err != nil || answer != "PONG" {
		return ""
	}
	return redisURL(redisPort, "")
}

func redisURL(port int, password string) string {
	u := url.URL{Scheme: "redis", Host: process.Address(port), Path: "/0"}
	if password != "" {
		u.User = url.UserPassword("", password)
	}
	return u.String()
}

// RedisOptions configure a private server.
type RedisOptions struct {
	// Config are lines of redis.conf, such as "appendonly yes". Without them
	// the server keeps nothing on disk.
	Config []string
	// Password, if set, is asked of every client.
	Password string
	// Clock is the server's; nil: the machine's.
	Clock *Clock
}

// A RedisNode is a Redis server of one test's own, which may be killed, frozen
// and restarted: it comes back on the same port, with what it had saved.
type RedisNode struct {
	*process.Process
	t        T
	port     int
	password string
	dir      string
}

// RedisServer starts a server for this test alone.
func RedisServer(t T, options RedisOptions) *RedisNode {
	t.Helper()
	return startRedis(t, options, "redis.conf")
}

// startRedis runs redis-server on a configuration file of the given name.
// A Sentinel is the same program, and rewrites its file.
func startRedis(t T, options RedisOptions, file string, args ...string) *RedisNode {
	t.Helper()
	path, err := process.Find("redis-server", "/usr/sbin", "/usr/local/sbin", "/opt/*/bin")
	if err != nil {
		missing(t, "redis-server", err)
	}
	node := &RedisNode{t: t, port: process.Port(t), password: options.Password, dir: process.Dir(t, nil)}
	config := []string{
		fmt.Sprintf("port %d", node.port),
		"bind 127.0.0.1",
		"dir " + node.dir,
	}
	if len(args) == 0 {
		config = append(config, `save ""`, "enable-debug-command yes")
		if options.Password != "" {
			config = append(config, "requirepass "+strconv.Quote(options.Password), "masterauth "+strconv.Quote(options.Password))
		}
	}
	config = append(config, options.Config...)
	conf := filepath.Join(node.dir, file)
	if err := os.WriteFile(conf, []byte(strings.Join(config, "\n")+"\n"), 0o600); err != nil {
		t.Fatalf("services: %v", err)
	}
	node.Process = process.Start(t, path, process.Options{
		Name:  strings.TrimSuffix(file, ".conf"),
		Args:  append([]string{conf}, args...),
		Dir:   node.dir,
		Env:   options.Clock.env(),
		Ready: node.ping,
	})
	return node
}

// ping returns nil if the server has loaded its data and answers.
func (n *RedisNode) ping() error {
	_, err := redisDo(n.Addr(), n.password, time.Second, "PING")
	return err
}

// Addr returns host and port.
func (n *RedisNode) Addr() string { return process.Address(n.port) }

// URL returns the address as redis://…
func (n *RedisNode) URL() string { return redisURL(n.port, n.password) }

// Dir returns the folder with the server's files.
func (n *RedisNode) Dir() string { return n.dir }

// Do sends one command, over a connection of its own, and returns the answer:
// nil, string, int64 or []any. What the server refuses is a [RedisError].
func (n *RedisNode) Do(args ...string) (any, error) {
	return redisDo(n.Addr(), n.password, 5*time.Second, args...)
}

// must is Do for commands that have to succeed.
func (n *RedisNode) must(args ...string) any {
	n.t.Helper()
	answer, err := n.Do(args...)
	if err != nil {
		n.t.Fatalf("services: redis %s: %v", args[0], err)
	}
	return answer
}

// Info returns one field of the server's INFO, "" if it has no such field.
func (n *RedisNode) Info(section, field string) string {
	answer, err := n.Do("INFO", section)
	if err != nil {
		return ""
	}
	text, _ := answer.(string)
	return infoField(text, field)
}

// infoField finds a field among lines of the form "field:value".
func infoField(text, field string) string {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && name == field {
			return value
		}
	}
	return ""
}

// await polls until ok, and ends the test after a while.
func await(t T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("services: %s: still not so after %v", what, within)
		}
	}
}
