// Command run gives a command the servers and programs that the tests need:
//
//	go run ./internal/services/run go test -race ./...
//
// It uses a Redis, a Postgres, a MariaDB and a NATS that are running already. Where there is none
// it starts private ones from installed programs, and stops them when the
// command has ended. What is not installed it installs, as root on Debian;
// elsewhere it says in one line which tests will be skipped. In CI (CI=true) a
// missing part is an error.
//
// The command finds the servers in REDIS_URL, DATABASE_URL, MYSQL_URL and NATS_URL. With -browser it
// needs Chromium too.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

func main() {
	browser := flag.Bool("browser", false, "the command needs Chromium too")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "run: which command?")
		os.Exit(2)
	}
	os.Exit(run(flag.Args(), *browser))
}

// run prepares everything, runs the command and returns its exit status.
func run(command []string, browser bool) int {
	lacking := missing(parts(browser))
	if len(lacking) > 0 && canInstall() {
		if err := install(lacking); err != nil {
			say("%v", err)
		}
		lacking = missing(lacking)
	}
	if len(lacking) > 0 {
		say("%s", lacking.sentence())
		if os.Getenv("CI") == "true" {
			return 1
		}
		if lacking.has(compilerName) {
			command = slices.DeleteFunc(slices.Clone(command), func(arg string) bool { return arg == "-race" })
		}
	}

	var servers process.Lasting
	defer servers.Close()
	quiet := len(lacking) > 0 // it has been said
	provide(&servers, "REDIS_URL", quiet, services.FindRedis, func(t services.T) string {
		return services.RedisServer(t, services.RedisOptions{}).URL()
	})
	provide(&servers, "DATABASE_URL", quiet, services.FindPostgres, func(t services.T) string {
		return services.PostgresServer(t, services.PostgresOptions{}).URL()
	})
	provide(&servers, "NATS_URL", quiet, services.FindNATS, func(t services.T) string {
		return services.NATSServer(t, services.NATSOptions{}).URL()
	})
	provide(&servers, "MYSQL_URL", quiet, services.FindMariaDB, func(t services.T) string {
		return services.MariaDBServer(t, services.MariaDBOptions{}).DSN("")
	})
	return execute(command)
}

// provide puts the address of a running server, or of one that it starts, into
// the environment. Where neither is to be had, the tests say so themselves.
func provide(servers *process.Lasting, variable string, quiet bool, find func() string, start func(services.T) string) {
	url := find()
	if url == "" {
		if err := servers.Try(func(t services.T) { url = start(t) }); err != nil {
			if !quiet {
				say("%v", err)
			}
			return
		}
	}
	if err := os.Setenv(variable, url); err != nil {
		say("%v", err)
	}
}

// execute runs the command with our input and output. An interrupt is for the
// command; we go on to stop what we started.
func execute(command []string) int {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		say("%v", err)
		return 1
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM { // the keyboard's interrupt reaches the command by itself
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	err := cmd.Wait()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed) && failed.ExitCode() > 0:
		return failed.ExitCode()
	}
	say("%s: %v", strings.Join(command, " "), err)
	return 1
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "services: "+format+"\n", args...)
}
