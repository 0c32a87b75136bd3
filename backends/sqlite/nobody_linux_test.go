package sqlite_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// asNobody gives up root's rights to files until the end of the test.
func asNobody(t *testing.T) {
	dir, err := os.MkdirTemp("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	runtime.LockOSThread() // to which the rights belong
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Setfsuid(0)
		runtime.UnlockOSThread()
		_ = os.RemoveAll(dir)
	})
}
