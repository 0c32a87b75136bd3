package main

import (
	"flag"
	"fmt"
	"strings"
)

// A command is one of the words that come after the program's name.
type command struct {
	name  string
	usage string // after the name
	about string
	flags func() *flag.FlagSet // nil: none
	run   func(p *program, args []string) error
}

type commandList []command

// commands are filled in by init, because help prints the list that it is in.
var commands commandList

func init() {
	commands = commandList{
		{
			name: "decode", usage: "-format F [flags] [TOKEN ...]",
			about: decodeAbout, flags: func() *flag.FlagSet { return new(options).flags(false) }, run: (*program).decodeCommand,
		},
		{
			name: "encode", usage: "-format F [flags] < PAYLOAD",
			about: encodeAbout, flags: func() *flag.FlagSet { return new(options).flags(true) }, run: (*program).encodeCommand,
		},
		{
			name:  "keygen",
			about: keygenAbout, run: (*program).keygenCommand,
		},
		{
			name: "list", usage: "-subject S [flags]",
			about: listAbout, flags: new(store).listFlags, run: (*program).listCommand,
		},
		{
			name: "revoke", usage: "-subject S [-except ID] [flags]",
			about: revokeAbout, flags: new(store).revokeFlags, run: (*program).revokeCommand,
		},
		{
			name: "schema", usage: "[flags]",
			about: schemaAbout, flags: new(store).schemaFlags, run: (*program).schemaCommand,
		},
		{
			name: "migrate", usage: "[flags]",
			about: migrateAbout, flags: new(store).migrateFlags, run: (*program).migrateCommand,
		},
	}
}

func (list commandList) find(name string) *command {
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

const overview = `sessions shows what is in a session's token, or why it is refused.

  sessions decode -format F [flags] [TOKEN ...]    what is in tokens
  sessions encode -format F [flags] < PAYLOAD      a token for a payload
  sessions keygen                                  a fresh key
  sessions list -subject S [flags]                 the sessions of a user
  sessions revoke -subject S [flags]               end them
  sessions schema                                  the tables in Postgres
  sessions migrate [flags]                         create or update them

sessions COMMAND -h says more.
`

const decodeAbout = `Prints one line of JSON for each token, given as arguments or one a line on standard
input: {"valid":true,"payload":P}, with "metadata" too where the format has it, or
{"valid":false,"reason":R}. P has its types beside its values, as {"t":type,"v":value}.

The key comes from -secret-file, -secret or -secret-base64, or from the environment
variable SESSIONS_SECRET. It is never printed.

R is one of bad-signature, expired, future, not-yet-valid, malformed,
missing-timestamp, bad-payload, not-a-dict, bad-algorithm, bad-claim, too-large,
pickle and bad-request. Exit status: 0 if all tokens are valid, 1 if one is not, 2
after a mistake in the flags.
`

const encodeAbout = `Prints the token for the payload on standard input, in the form that decode
prints: {"t":"dict","v":[["user",{"t":"int","v":"42"}]]}. With -now the same payload
gives the same token, but for encrypted and sess+jwt, which are never alike.
`

const keygenAbout = `Prints a fresh key of 32 random bytes in base64. It is used as it is printed, as the
key of cookie.Encrypted or cookie.JWT, for example.
`

const listAbout = `Prints one line of JSON for each live session of a user: {"id":…,"created":…,"expires":…}.
The id is the one that Session.ID returns, with which nobody can log in; expires is
when the session ends if it is not used.
`

const revokeAbout = `Ends all sessions of a user at once, or all but one, and prints how many: {"revoked":3}.
`

const schemaAbout = `Prints the SQL that makes the table for sessions in Postgres.
`

const migrateAbout = `Makes the table for sessions in Postgres, or brings it up to date. It can be run again,
and by several machines at once.
`

// help prints how a command is used, or what commands there are.
func (p *program) help(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(p.out, overview)
		return success
	}
	c := commands.find(args[0])
	if c == nil {
		fmt.Fprint(p.err, overview)
		return misuse
	}
	fmt.Fprintln(p.out, strings.TrimSpace("usage: sessions "+c.name+" "+c.usage))
	fmt.Fprintf(p.out, "\n%s", c.about)
	if c.flags == nil {
		return success
	}
	fmt.Fprint(p.out, "\nFlags:\n")
	f := c.flags()
	f.SetOutput(p.out)
	f.PrintDefaults()
	if c.name == "decode" || c.name == "encode" {
		fmt.Fprint(p.out, "\nFormats:\n")
		for _, k := range kinds {
			fmt.Fprintf(p.out, "  %-17s %s\n", k.name, k.about)
		}
	}
	return success
}
