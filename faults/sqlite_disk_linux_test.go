package faults_test

import (
	"path/filepath"
	"testing"
	"time"
)

// TestF44_SQLiteDiskFull: the disk that holds the file is full: nothing can be
// written, everything can be read, and as soon as there is room again all is
// well.
func TestF44_SQLiteDiskFull(t *testing.T) {
	disk := smallDisk(t, t.TempDir(), "size=64m")
	p := sqlitePlan(filepath.Join(disk, "sessions.db"), nil)
	newWorld(t, p).run(fault{
		name: "F44 SQLite: disk full",
		strike: func(w *world) {
			free := fillDisk(t, disk)
			// What the file and its journal took before and have not filled.
			for n := int64(-1); n != w.written(); time.Sleep(300 * time.Millisecond) {
				n = w.written()
			}
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				token := w.users[0].life.Load().see().token // of one who never logs out
				if r := w.do("/all", token, nil); r.status != 200 && r.status != 503 {
					t.Errorf("reading: %d", r.status)
				}
				before := w.written()
				if r := w.do("/login", "", map[string][]string{"size": {"16384"}}); r.status != 503 {
					t.Errorf("writing: %d", r.status)
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
