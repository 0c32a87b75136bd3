package redis

import (
	"errors"
	"net"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// certain returns err, marked as a [backends.ErrNotApplied] if a command that was
// sent once, or a script whose last command is the only one that writes, has
// certainly changed nothing: because it never left, or the server refused it.
func certain(err error) error {
	if err != nil && (unsent(err) || refused(err)) {
		return backends.NotApplied(err)
	}
	return err
}

// unsent reports whether there was no connection to send anything on.
func unsent(err error) bool {
	if _, ok := errors.AsType[*dialError](err); ok {
		return true
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return true
	}
	return errors.Is(err, goredis.ErrPoolTimeout) || errors.Is(err, goredis.ErrPoolExhausted) || errors.Is(err, goredis.ErrClosed)
}

// refusals are what replies begin with by which a server refuses a command before
// it runs. Others, which begin with ERR as a rule, may be those of a proxy that lost
// the server, and prove nothing.
var refusals = []string{
	"OOM", "READONLY", "MISCONF", "NOREPLICAS", // it stores nothing now
	"NOPERM", "NOAUTH", "WRONGPASS", // nor for this user
	"LOADING", "MASTERDOWN", "BUSY", // it answers nothing now
	"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", // it does not have the key
	"NOSCRIPT", "WRONGTYPE",
}

// refused reports whether err is a reply that says that nothing was done.
func refused(err error) bool {
	reply, ok := errors.AsType[goredis.Error](err)
	if !ok {
		return false
	}
	code, _, _ := strings.Cut(reply.Error(), " ")
	return slices.Contains(refusals, code) || strings.Contains(reply.Error(), cannotRun)
}

// cannotRun is in the reply to a script that ran into a command that the user may
// not run.
const cannotRun = "executing the script can't run this command"
