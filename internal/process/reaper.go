package process

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// The reaper outlives the test program by a moment. It remembers the processes
// and folders it is told of, ends when its standard input does, and then
// removes what is left of them.
const reaper = `
trap '' HUP INT TERM
pids= dirs=
while read -r verb what; do
	case $verb in
	pid) pids="$pids $what" ;;
	gone) kept=; for p in $pids; do [ "$p" = "$what" ] || kept="$kept $p"; done; pids=$kept ;;
	dir) dirs="$dirs $what" ;;
	esac
done
all=$pids
for p in $pids; do
	all="$all -$p"
	for s in $(grep -sl "^PPid:[[:space:]]*$p\$" /proc/[0-9]*/status); do
		s=${s#/proc/}
		all="$all ${s%/status}"
	done
done
[ -z "$all" ] || kill -s KILL -- $all 2>/dev/null
[ -z "$pids" ] || sleep 0.2
for d in $dirs; do rm -rf "$d"; done
`

var reaping struct {
	sync.Mutex
	pipe io.Writer
}

// reap tells the reaper one fact, starting it first if need be. Without a
// shell there is no reaper, and only the tests' own cleanup is left.
func reap(verb, what string) {
	reaping.Lock()
	defer reaping.Unlock()
	if reaping.pipe == nil {
		reaping.pipe = startReaper()
	}
	fmt.Fprintln(reaping.pipe, verb, what)
}

func startReaper() io.Writer {
	cmd := exec.Command("sh", "-c", reaper)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return io.Discard
	}
	if detach(cmd, nil) != nil || cmd.Start() != nil {
		return io.Discard
	}
	return pipe
}

// Dir makes a temporary folder that the given user owns and that goes when the
// test ends. Its path is short enough for a socket in it.
func Dir(t T, user *User) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sessions-")
	if err != nil {
		t.Fatalf("process: %v", err)
	}
	reap("dir", dir)
	t.Cleanup(func() { os.RemoveAll(dir) })
	if user != nil {
		if err := os.Chown(dir, user.UID, user.GID); err != nil {
			t.Fatalf("process: %v", err)
		}
	}
	return dir
}
