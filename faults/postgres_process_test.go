package faults_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/services"
)

func TestF16_PostgresProcess(t *testing.T) {
	restart := func(t *testing.T, server *services.PostgresNode) {
		if err := server.Restart(); err != nil {
			t.Error(err)
		}
	}
	for _, test := range []struct {
		name   string
		strike func(t *testing.T, w *world, server *services.PostgresNode)
	}{
		{"frozen", func(t *testing.T, w *world, server *services.PostgresNode) {
			server.Freeze()
			time.Sleep(2 * w.timeout) // what was under way has ended
			before := w.written()
			time.Sleep(long(10*time.Second) - 2*w.timeout)
			if n := w.written() - before; n > 0 {
				t.Errorf("%d commits were acknowledged by a frozen server", n)
			}
			server.Thaw()
		}},
		{"killed, down for a while", func(t *testing.T, _ *world, server *services.PostgresNode) {
			server.Kill()
			time.Sleep(long(5 * time.Second))
			restart(t, server)
		}},
		{"killed and restarted at once, again and again", func(t *testing.T, w *world, server *services.PostgresNode) {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				restart(t, server)
				time.Sleep(300 * time.Millisecond)
			}
		}},
		{"one of its processes killed", func(t *testing.T, w *world, server *services.PostgresNode) {
			// The others notice and end, and the server recovers by itself.
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				killOne(t, server.URL())
				time.Sleep(time.Second)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, p := private(t)
			newWorld(t, p).run(fault{
				name:       "F16 Postgres: " + test.name,
				strike:     func(w *world) { test.strike(t, w, server) },
				mustRefuse: true,
				mayRefuse:  1,
			})
		})
	}
}

// killOne kills one of the server's processes that serve sessions.
func killOne(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Log("not killed: ", err) // still recovering
		return
	}
	defer conn.Close(ctx)
	var pid int
	err = conn.QueryRow(ctx, `SELECT pid FROM pg_stat_activity WHERE application_name = 'sessions' LIMIT 1`).Scan(&pid)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Log("not killed: ", err)
	}
}

// TestF16_PostgresUnlogged: an UNLOGGED table is empty after a crash: everybody
// is logged out, and nothing worse.
func TestF16_PostgresUnlogged(t *testing.T) {
	server, p := private(t)
	execute(t, server.URL(), `ALTER TABLE sessions SET UNLOGGED`)
	p.forgets = true
	newWorld(t, p).run(fault{
		name: "F16 Postgres: killed, UNLOGGED",
		strike: func(w *world) {
			server.Kill()
			if err := server.Restart(); err != nil {
				t.Error(err)
			}
		},
		mayRefuse: 1,
	})
}

// TestF17_PostgresConnectionsEnded: all connections are ended every 100 ms. A
// statement whose connection ends under it is sent again where that is safe, so
// that hardly a request notices.
func TestF17_PostgresConnectionsEnded(t *testing.T) {
	direct := services.Postgres(t)
	p := postgresPlan(t, direct, direct)
	p.timeout = 2 * time.Second
	newWorld(t, p).run(fault{
		name: "F17 Postgres: all connections ended every 100 ms",
		strike: func(w *world) {
			for end := time.Now().Add(long(30 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				execute(t, direct, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
				time.Sleep(100 * time.Millisecond)
			}
		},
		mayRefuse: 0.005,
	})
}
