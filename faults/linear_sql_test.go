package faults_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/backends/sqlite"
	"github.com/gosessions/sessions/internal/services"
)

func TestF27_MariaDB(t *testing.T) {
	t.Run("network", func(t *testing.T) {
		server := services.MariaDBServer(t, services.MariaDBOptions{})
		net, address := mariadbBehindNetwork(t, server)
		first := openMariaDB(t, address)
		migrate(t, openMariaDB(t, server.DSN(database)))
		linear(t, "F27 MariaDB: bad network", []sessions.Backend{first, openMariaDB(t, address)}, func() {
			badWeather(net, long(10*time.Second))
		})
	})
	t.Run("restarts", func(t *testing.T) {
		server, _ := privateMariaDB(t, services.MariaDBOptions{})
		linear(t, "F27 MariaDB: killed and restarted", []sessions.Backend{openMariaDB(t, server.DSN(database)), openMariaDB(t, server.DSN(database))}, func() {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
				if err := server.Restart(); err != nil {
					t.Error(err)
				}
			}
		})
	})
}

// TestF27_SQLite: two instances with connections of their own, as in two
// processes, while another one keeps the file locked again and again.
func TestF27_SQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.db")
	open := func() *sqlite.Backend {
		b, err := sqlite.Open(file, &sqlite.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	linear(t, "F27 SQLite: locked by another process", []sessions.Backend{open(), open()}, func() {
		for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			lockSQLite(t, file, 200*time.Millisecond)
		}
	})
}

func migrate(t *testing.T, b *sql.Backend) {
	t.Helper()
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}
