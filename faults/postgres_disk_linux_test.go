package faults_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

// TestF20_PostgresDiskFull: the disk that holds the sessions is full: nothing
// can be written, everything can be read, and as soon as there is room again
// all is well.
func TestF20_PostgresDiskFull(t *testing.T) {
	server, p := private(t)
	disk := smallDisk(t, server.Dir(), "size=512m")
	for _, sql := range []string{
		`CREATE TABLESPACE small LOCATION '` + disk + `'`,
		`ALTER TABLE sessions SET TABLESPACE small`,
		// Every commit takes space for the ballast, and none is given back.
		`ALTER TABLE sessions ALTER data SET STORAGE EXTERNAL, SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)`,
	} {
		execute(t, server.URL(), sql)
	}
	p.ballast, p.users, p.quiet = 16<<10, 4, 20*time.Millisecond
	newWorld(t, p).run(fault{
		name: "F20 Postgres: disk full",
		strike: func(w *world) {
			free := fillDisk(t, disk)
			// A table has some pages that it took before and has not filled.
			for n := int64(-1); n != w.written(); time.Sleep(300 * time.Millisecond) {
				n = w.written()
			}
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				token := w.users[0].life.Load().see().token // of one who never logs out
				if r := w.do("/all", token, nil); r.status != 200 {
					t.Errorf("reading: %d", r.status)
				}
				before := w.written()
				for path, cookie := range map[string]string{"/count": token, "/login": ""} {
					if r := w.do(path, cookie, map[string][]string{"size": {fmt.Sprint(p.ballast)}}); r.status != 503 {
						t.Errorf("%s: %d", path, r.status)
					}
				}
				if n := w.written() - before; n > 0 {
					t.Errorf("%d commits were acknowledged", n)
				}
			}
			free()
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}

// smallDisk mounts a file system of its own on a folder in dir, and returns a
// folder on it that the server may use.
func smallDisk(t *testing.T, dir, size string) string {
	t.Helper()
	mount := filepath.Join(dir, "disk")
	if err := os.Mkdir(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("sessions", mount, "tmpfs", 0, size); err != nil {
		if errors.Is(err, syscall.EPERM) && os.Getenv("CI") != "true" { // a right that no test can give itself
			t.Skipf("needs to mount a small disk, as root: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The server still runs, with files open on it.
		if err := syscall.Unmount(mount, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	folder := filepath.Join(mount, "tablespace")
	err := os.Mkdir(folder, 0o700)
	if user := process.Unprivileged("postgres"); err == nil && user != nil {
		err = os.Chown(folder, user.UID, user.GID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// fillDisk takes all that is free on the disk, and returns a function that gives
// it back.
func fillDisk(t *testing.T, disk string) (free func()) {
	t.Helper()
	file, err := os.Create(filepath.Join(filepath.Dir(disk), "full"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 64<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(file.Name()); err != nil {
			t.Error(err)
		}
	}
}
