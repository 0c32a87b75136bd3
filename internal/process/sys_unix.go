//go:build unix

package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

type sig = syscall.Signal

const (
	sigkill = syscall.SIGKILL
	sigterm = syscall.SIGTERM
	sigstop = syscall.SIGSTOP
	sigcont = syscall.SIGCONT
)

// detach gives a command its own process group, so that an interrupt from the
// keyboard reaches the test first, and the rights of user.
func detach(cmd *exec.Cmd, user *User) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if user != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(user.UID), Gid: uint32(user.GID)}
	}
	return nil
}

// signal sends s to all of pids. Those that are gone do not matter.
func signal(pids []int, s sig) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s)
	}
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return !bytes.HasPrefix(rest, []byte("Z"))
}

// family returns a process, its descendants and the other members of its group,
// as far as /proc shows them. It needs both: Postgres puts each of its children
// into a separate group, and Chromium detaches some of its children.
func family(pid int) []int {
	children, group := map[int][]int{}, []int(nil)
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, entry := range entries {
		stat, err := os.ReadFile(entry)
		if err != nil {
			continue // ended meanwhile
		}
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		fields := bytes.Fields(rest)
		if len(fields) < 3 { // state, parent, group
			continue
		}
		member, err1 := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		parent, err2 := strconv.Atoi(string(fields[1]))
		leader, err3 := strconv.Atoi(string(fields[2]))
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		children[parent] = append(children[parent], member)
		if leader == pid && member != pid {
			group = append(group, member)
		}
	}
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	for _, member := range group {
		if !slices.Contains(pids, member) {
			pids = append(pids, member)
		}
	}
	return pids
}
