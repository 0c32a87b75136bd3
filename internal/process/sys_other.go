//go:build !unix

package process

import (
	"errors"
	"os/exec"
)

type sig int

const (
	sigkill sig = iota
	sigterm
	sigstop
	sigcont
)

func detach(cmd *exec.Cmd, user *User) error { return errors.ErrUnsupported }
func signal(pids []int, s sig)               {}
func alive(pid int) bool                     { return false }
func family(pid int) []int                   { return []int{pid} }
