package process

import (
	"os"
	"os/user"
	"strconv"
)

// A User is an account of this machine.
type User struct{ UID, GID int }

// Unprivileged returns the first account of those named that exists, if we are
// root; nil otherwise. Servers that refuse to run as root are run as such.
func Unprivileged(names ...string) *User {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range append(names, "nobody") {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(account.Uid)
		if err != nil {
			continue
		}
		gid, err := strconv.Atoi(account.Gid)
		if err != nil {
			continue
		}
		return &User{uid, gid}
	}
	return nil
}
