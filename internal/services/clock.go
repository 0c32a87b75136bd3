package services

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

// A Clock is what a private server takes for the time of day: so much ahead of
// this machine's clock, or behind it. What it measures durations with goes on
// as it should.
type Clock struct {
	t       T
	file    string // holds by how many seconds the clock is ahead
	library string // shows it to the server
}

// NewClock makes a clock that is right until it is set. It takes a C compiler:
// libfaketime, which could do this, does not get along with Redis' allocator.
func NewClock(t T) *Clock {
	t.Helper()
	cc := "cc"
	if out, err := exec.Command("go", "env", "CC").Output(); err == nil {
		cc = strings.TrimSpace(string(out))
	}
	compiler, err := exec.LookPath(cc)
	if err != nil {
		missing(t, "a C compiler", err)
	}
	dir := process.Dir(t, process.Unprivileged("postgres"))
	// Servers that run as another user read it, too.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatalf("services: %v", err)
	}
	c := &Clock{t: t, file: filepath.Join(dir, "ahead"), library: filepath.Join(dir, "clock.so")}
	source := filepath.Join(dir, "clock.c")
	if err := os.WriteFile(source, []byte(clockLibrary), 0o644); err != nil {
		t.Fatalf("services: %v", err)
	}
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-O1", "-o", c.library, source).CombinedOutput(); err != nil {
		t.Fatalf("services: %s: %v\n%s", compiler, err, out)
	}
	c.Set(0)
	return c
}

// Set sets the clock ahead of the machine's, or behind it, at once and while the
// server runs.
func (c *Clock) Set(ahead time.Duration) {
	c.t.Helper()
	file, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE, 0o644) // not another file: servers have it mapped
	if err == nil {
		var b [8]byte
		binary.NativeEndian.PutUint64(b[:], uint64(int64(ahead/time.Second)))
		_, err = file.Write(b[:])
		file.Close()
	}
	if err != nil {
		c.t.Fatalf("services: %v", err)
	}
}

// env is what a server's environment needs; nil for no clock.
func (c *Clock) env() []string {
	if c == nil {
		return nil
	}
	return []string{"LD_PRELOAD=" + c.library, "SESSIONS_CLOCK=" + c.file}
}

// clockLibrary stands before the functions of the C library that tell the time.
const clockLibrary = `
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long long *ahead;

__attribute__((constructor)) static void begin(void) {
	const char *path = getenv("SESSIONS_CLOCK");
	int fd = path ? open(path, O_RDONLY) : -1;
	if (fd < 0)
		return;
	void *mapped = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		ahead = mapped;
	close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts) {
	int failed = syscall(SYS_clock_gettime, id, ts);
	if (!failed && ahead && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *ahead;
	return failed;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
	struct timespec ts;
	if (clock_gettime(CLOCK_REALTIME, &ts))
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t) {
	struct timespec ts;
	if (clock_gettime(CLOCK_REALTIME, &ts))
		return -1;
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
`
