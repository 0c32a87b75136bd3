package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/internal/services"
)

// TestF6_F16_Demo: the demonstration, in two processes over one server that is
// killed again and again: every number is given out once, and who has logged
// out stays so.
func TestF6_F16_Demo(t *testing.T) {
	program := buildDemo(t)
	for _, test := range []struct {
		name  string
		start func(t *testing.T) (server mortal, args []string)
	}{
		{"F6 Redis: killed under the demo", func(t *testing.T) (mortal, []string) {
			server := services.RedisServer(t, services.RedisOptions{Config: []string{"appendonly yes", "appendfsync always"}})
			return server, []string{"-backend", "redis", "-redis", server.URL()}
		}},
		{"F16 Postgres: killed under the demo", func(t *testing.T) (mortal, []string) {
			server := services.PostgresServer(t, services.PostgresOptions{})
			return server, []string{"-backend", "postgres", "-postgres", server.URL()}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, args := test.start(t)
			d := startDemo(t, program, args)
			d.work()
			d.awaitWork()
			d.torment(server)
			time.Sleep(time.Second) // by now every instance must have noticed
			d.stop()
			d.wait.Wait()
			d.verify()
			if err := server.Restart(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			d.verify() // what is on the disk is what was in memory
			d.report(test.name)
		})
	}
}

// mortal is a server that can be killed.
type mortal interface {
	Kill()
	Restart() error
}

// demo is two processes of the demonstration, and their visitors.
type demo struct {
	*world
	programs []*process.Process
	urls     []string
	counters []*tally
	leavers  []*leaver
}

func buildDemo(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "example")
	args := []string{"build", "-o", program}
	if race.Enabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "./example")...)
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

func startDemo(t *testing.T, program string, args []string) *demo {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	d := &demo{world: &world{
		plan: plan{timeout: 2 * time.Second}, // the program's own
		t:    t, client: &http.Client{Transport: transport, Timeout: 20 * time.Second},
	}}
	d.ctx, d.stop = context.WithCancel(context.Background())
	t.Cleanup(func() {
		d.stop()
		d.wait.Wait()
	})
	for range 2 {
		port := process.Port(t)
		address := "http://" + process.Address(port)
		d.urls = append(d.urls, address)
		d.programs = append(d.programs, process.Start(t, program, process.Options{
			Args: append([]string{"-addr", process.Address(port)}, args...),
			Ready: func() error {
				res, err := http.Get(address + "/healthz")
				if err == nil {
					res.Body.Close()
				}
				return err
			},
		}))
	}
	return d
}

// torment kills the server and starts it again, over and over.
func (d *demo) torment(server mortal) {
	lasts := time.Minute
	if testing.Short() {
		lasts = 5 * time.Second
	}
	for end := time.Now().Add(lasts); time.Now().Before(end); d.faults.Add(1) {
		server.Kill()
		time.Sleep(rand.N(400 * time.Millisecond))
		if err := server.Restart(); err != nil {
			d.t.Fatal(err)
		}
		d.heal()
		time.Sleep(rand.N(500 * time.Millisecond))
	}
}

// report judges, and keeps the figures.
func (d *demo) report(name string) {
	numbers, logouts, late := 0, 0, 0
	for _, c := range d.counters {
		numbers += len(c.numbers)
	}
	for _, l := range d.leavers {
		logouts += len(l.graves.all())
		late += int(l.late.Load())
	}
	for _, p := range d.programs {
		if log := p.Log(); !p.Running() || bytes.Contains(log, []byte("DATA RACE")) || bytes.Contains(log, []byte("panic:")) {
			d.t.Error("a process of the demonstration came to grief")
		}
	}
	if d.refused.Load() == 0 || late == 0 {
		d.t.Errorf("%d requests were refused, %d came after a logout: nothing was tried", d.refused.Load(), late)
	}
	row := figures{
		fault:         name,
		operations:    d.operations.Load(),
		faults:        d.faults.Load(),
		refused:       d.refused.Load(),
		conflicts:     d.conflicts.Load(),
		lost:          d.lost(),
		resurrections: d.judge.count(noResurrection),
		recovery:      d.slowestRecovery,
		slowest:       time.Duration(d.slowest.Load()),
		remark:        fmt.Sprintf("two processes; %d numbers; %d logouts, %d before a slower request", numbers, logouts, late),
	}
	d.t.Log(row)
	row.keep()
	d.judge.report(d.t)
}
