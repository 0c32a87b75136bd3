package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

// A part is something that tests need of the machine.
type part struct {
	name     string
	packages []string // Debian's names
	present  func() error
}

type partList []part

func (l partList) has(name string) bool {
	return slices.ContainsFunc(l, func(p part) bool { return p.name == name })
}

// sentence says in one line what will be missing.
func (l partList) sentence() string {
	var names, packages []string
	for _, p := range l {
		names = append(names, p.name)
		packages = append(packages, p.packages...)
	}
	return fmt.Sprintf("tests that need %s are skipped (on Debian: apt-get install %s)",
		strings.Join(names, ", "), strings.Join(packages, " "))
}

// parts lists what the tests need.
func parts(browser bool) partList {
	list := partList{
		{"Redis", []string{"redis-server"}, program("redis-server", "/usr/sbin", "/usr/local/sbin")},
		{"Postgres", []string{"postgresql"}, postgres},
		{"MariaDB", []string{"mariadb-server"}, mariadb},
		{"PgBouncer", []string{"pgbouncer"}, program("pgbouncer", "/usr/sbin", "/usr/local/sbin")},
		natsPart,
		{"real Flask, Starlette and PyJWT", []string{
			"python3-cryptography", "python3-flask", "python3-flask-login", "python3-flask-session", "python3-itsdangerous", "python3-jwt",
			"python3-msgpack", "python3-redis", "python3-starlette", "python3-uvicorn",
		}, python},
		// For the race detector, and for servers with a clock of their own.
		{compilerName, []string{"gcc", "libc6-dev"}, compiler},
	}
	if browser {
		list = append(list, part{"Chromium", []string{"chromium"}, program("chromium")})
	}
	return list
}

// missing returns the parts that this machine lacks.
func missing(list partList) partList {
	var lacking partList
	for _, p := range list {
		if p.present() != nil {
			lacking = append(lacking, p)
		}
	}
	return lacking
}

func program(name string, folders ...string) func() error {
	return func() error {
		_, err := process.Find(name, folders...)
		return err
	}
}

// postgres wants the server's programs, since some tests kill their server.
func postgres() error {
	_, err := process.Find("initdb", services.PostgresFolders...)
	return err
}

// mariadb wants the server's programs and its client.
func mariadb() error {
	for _, name := range []string{"mariadbd", "mariadb-install-db", "mariadb"} {
		if _, err := process.Find(name, services.MariaDBFolders...); err != nil {
			return err
		}
	}
	return nil
}

func python() error {
	_, err := peers.FindPython(peers.Modules...)
	return err
}

const compilerName = "a C compiler"

// compiler asks for the C compiler that go would use.
func compiler() error {
	out, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		return err
	}
	_, err = exec.LookPath(strings.TrimSpace(string(out)))
	return err
}

// canInstall reports whether we may and can install packages here.
func canInstall() bool {
	if os.Geteuid() != 0 {
		return false
	}
	_, err := exec.LookPath("apt-get")
	return err == nil
}

// install installs the packages of the missing parts.
func install(lacking partList) error {
	var packages []string
	for _, p := range lacking {
		packages = append(packages, p.packages...)
	}
	say("installing %s", strings.Join(packages, " "))
	for _, args := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...),
	} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}
