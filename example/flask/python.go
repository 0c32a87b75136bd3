package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

var (
	//go:embed app.py
	program string

	//go:embed flask.html
	flaskPage string
)

// flaskProcess is the running Flask application.
type flaskProcess struct {
	url   *url.URL
	cmd   *exec.Cmd
	stdin io.Closer  // the process ends when it is closed, even if we are killed
	ended chan error // gets why the process ended
}

var errNoFlask = errors.New("no Python with Flask was found: install it with `apt install python3-flask` or `pip install flask`, or name the interpreter with -python")

// findPython returns an interpreter that has Flask.
func findPython(given string) (string, error) {
	candidates := []string{"/usr/bin/python3", "python3", "python"}
	if given != "" {
		candidates = []string{given}
	}
	for _, name := range candidates {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// Flask 2 is the first whose cookies are the ones of today.
		if exec.Command(path, "-c", "import flask; flask.Flask.get").Run() == nil {
			return path, nil
		}
	}
	return "", errNoFlask
}

// startFlask starts the Flask application, and returns when it answers.
func startFlask(python, secret string) (*flaskProcess, error) {
	cmd := exec.Command(python, "-c", program)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// Not as an argument: others on this machine could read it there.
	sent := json.NewEncoder(stdin).Encode(map[string]string{"secret": secret, "page": flaskPage})
	output := bufio.NewReader(stdout)
	line, _ := output.ReadString('\n')
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if sent != nil || err != nil {
		stdin.Close()
		_ = cmd.Wait()
		return nil, fmt.Errorf("flask did not start: %v", cmd.ProcessState)
	}
	go io.Copy(io.Discard, output) // so that no print can block it
	p := &flaskProcess{
		url:   &url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(port)},
		cmd:   cmd,
		stdin: stdin,
		ended: make(chan error, 1),
	}
	go func() { p.ended <- cmd.Wait() }()
	return p, nil
}

// stop ends the process.
func (p *flaskProcess) stop() {
	p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(2 * time.Second):
		_ = p.cmd.Process.Kill()
	}
}
