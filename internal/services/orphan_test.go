package services_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/services"
)

// TestNothingOutlivesTheProgram: what a test program started is gone soon after
// the program, however it ends.
func TestNothingOutlivesTheProgram(t *testing.T) {
	services.Redis(t) // skips if no server can be started
	for _, end := range []string{"panic", "exit", "kill"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
			cmd.Env = append(os.Environ(), "SERVICES_CHILD="+end)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var dir string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if name, ok := strings.CutPrefix(lines.Text(), "dir "); ok {
					dir = name
					break
				}
			}
			if end == "kill" {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the child ended well, want a failure")
			}
			if dir == "" {
				t.Fatal("the child started no server")
			}
			deadline := time.After(20 * time.Second)
			for uses(dir) > 0 {
				select {
				case <-deadline:
					t.Fatalf("%d processes still run in %s", uses(dir), dir)
				case <-time.After(10 * time.Millisecond):
				}
			}
			for {
				if _, err := os.Stat(dir); os.IsNotExist(err) {
					break
				}
				select {
				case <-deadline:
					t.Fatalf("%s is still there", dir)
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
}

// uses counts the processes whose command line names a folder.
func uses(dir string) int {
	n := 0
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err == nil && strings.Contains(string(line), dir) {
			n++
		}
	}
	return n
}

// TestChild is the program that ends badly, after starting a Postgres whose
// processes are frozen.
func TestChild(t *testing.T) {
	end := os.Getenv("SERVICES_CHILD")
	if end == "" {
		return // an ordinary run
	}
	server := services.PostgresServer(t, services.PostgresOptions{})
	server.Freeze()
	os.Stdout.WriteString("dir " + server.Dir() + "\n")
	switch end {
	case "panic":
		go panic("on purpose")
		select {}
	case "exit":
		os.Exit(3)
	case "kill":
		select {}
	}
}
