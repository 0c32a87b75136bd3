// Command sessions helps to find out why an application does not see a session.
// It shows the content of a token or why the token is refused, and makes tokens
// for tests. For operators it lists and revokes the sessions in a store.
//
//	go install github.com/gosessions/sessions/cmd/sessions@latest
//
// # What is in a cookie
//
//	$ sessions decode -format flask -secret-file key eyJ1c2VyIjoiYWRhIn0.ZVPxAA.YQZXjVwxAyiJVjjn7LSv8-6inHc
//	{"valid":false,"reason":"expired"}
//	$ sessions decode -format flask -secret-file key -max-age none eyJ1c2VyIjoiYWRhIn0.ZVPxAA.YQZXjVwxAyiJVjjn7LSv8-6inHc
//	{"valid":true,"payload":{"t":"dict","v":[["user",{"t":"str","v":"ada"}]]}}
//
// Tokens are arguments, or lines of standard input. The exit status is 0 if all
// are valid, 1 if one is not, and 2 after a mistake in the flags. A payload has
// its types beside its values, so that 1 and 1.0, a list and a tuple, text and
// bytes are told apart. People read this more easily:
//
//	$ sessions decode -plain -format flask -secret-file key -max-age none eyJ1c2VyIjoiYWRhIn0.ZVPxAA.YQZXjVwxAyiJVjjn7LSv8-6inHc
//	user: "ada"
//
// If a token is refused, standard error says what would make it valid, such as
// another format, or what was copied with it:
//
//	$ sessions decode -format starlette -secret-file key 'session=eyJ1c2VyIjoiYWRhIn0.ZVPxAA.YQZXjVwxAyiJVjjn7LSv8-6inHc; Path=/'
//	{"valid":false,"reason":"bad-signature"}
//	sessions decode: token 1: it is valid as -format flask, without what comes before or after it, with semicolons, without the name before it
//
// Formats are flask, starlette, starlette-flask, starsessions1, starsessions2,
// signer and jwt (starlette-session-middleware), flask-session (a stored record in
// base64), flask-session-id (a signed ID), and this module's own: encrypted,
// sess+jwt, and native (a stored record in base64).
//
// # A cookie for a test
//
//	$ echo '{"t":"dict","v":[["user",{"t":"str","v":"ada"}]]}' | sessions encode -format starlette -secret-file key
//
// # Many of them
//
// With -requests both commands answer lines of JSON with lines of JSON, at once,
// so that a test in any language can have them run all the time:
//
//	{"format":"flask","secret":"dev","now":1700000000,"cookie":"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"}
//	{"format":"flask","secret":{"b64":"ZGV2"},"payload":{"t":"dict","v":[]}}
//
// Further fields are fallbacks, salt, max_age (null: no limit), alg, serializer,
// cookie_name, metadata and headers.
//
// # For operators
//
//	$ sessions keygen
//	$ sessions list -subject 42 -redis redis://127.0.0.1:6379/0
//	$ sessions revoke -subject 42 -except iVp0eqrLrfE5Hq5jQmBPpA
//	$ sessions schema
//	$ sessions migrate -postgres postgres://127.0.0.1:5432/app
//
// REDIS_URL and DATABASE_URL stand for the flags, SESSIONS_SECRET for a key.
// Tokens, IDs and keys are never printed: a session is named by its public ID,
// which [github.com/gosessions/sessions.Session.PublicID] returns.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	os.Exit(p.run(os.Args[1:]))
}

// A program is the command with what it has from the process.
type program struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string
}

// The exit codes.
const (
	success = 0
	failure = 1 // a token is not valid, or something could not be done
	misuse  = 2
)

// usageError is a mistake in the arguments.
type usageError struct{ error }

// Unwrap returns the mistake.
func (e usageError) Unwrap() error { return e.error }

// run carries out the command and returns its exit code.
func (p *program) run(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(p.err, overview)
		return misuse
	}
	if isHelp(args[0]) {
		return p.help(args[1:])
	}
	c := commands.find(args[0])
	if c == nil {
		return p.fail("", usageError{errors.New("sessions: unknown command: give decode, encode, keygen, list, revoke, schema or migrate")})
	}
	err := c.run(p, args[1:])
	switch {
	case err == nil:
		return success
	case errors.Is(err, flag.ErrHelp):
		return p.help(args[:1])
	case errors.Is(err, errInvalid):
		return failure
	}
	return p.fail(c.name, err)
}

// fail prints one line and returns the exit code.
func (p *program) fail(command string, err error) int {
	code, name, hint := failure, "sessions", ""
	if _, ok := errors.AsType[usageError](err); ok {
		code, hint = misuse, " (see sessions "+command+" -h)"
		if command == "" {
			hint = " (see sessions -h)"
		}
	}
	if command != "" {
		name += " " + command
	}
	fmt.Fprintf(p.err, "%s: %s%s\n", name, message(err), hint)
	return code
}

func isHelp(arg string) bool {
	switch arg {
	case "-h", "-help", "--help", "help":
		return true
	}
	return false
}
