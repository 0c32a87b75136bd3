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

const overview = `Sessions shows what is in a session token, or why a token is refused. It also lists
and ends the sessions in a store.

  sessions decode -format F [flags] [TOKEN ...]    print what is in tokens
  sessions encode -format F [flags] < PAYLOAD      make a token from a payload
  sessions keygen                                  make a new key
  sessions list -subject S [flags]                 list the sessions of a user
  sessions revoke -subject S [flags]               end the sessions of a user
  sessions schema [flags]                          print the SQL for the table in a database
  sessions migrate [flags]                         create or update the table in Postgres

Run "sessions COMMAND -h" for the flags of a command.
`

const decodeAbout = `Decode prints one line of JSON for each token. Give the tokens as arguments, or one per
line on standard input. A line is {"valid":true,"payload":P}, with "metadata" as well if
the format has it, or {"valid":false,"reason":R}. P contains the type of each value, as
{"t":type,"v":value}.

The key comes from -secret-file, -secret or -secret-base64, or from the environment
variable SESSIONS_SECRET. It is never printed.

R is one of bad-signature, expired, future, not-yet-valid, malformed,
missing-timestamp, bad-payload, not-a-dict, bad-algorithm, bad-claim, too-large,
pickle and bad-request. If a token is refused, decode tries other readings of it and of
the key, and other formats, and says on standard error which one is valid, for the
first tokens. It never prints a token or a key.

With -plain it prints a line for each key instead of JSON, for people. The exit status is 0 if all tokens are valid, 1 if one of them
is not, and 2 if the flags are wrong.
`

const encodeAbout = `Encode reads a payload from standard input, in the form that decode prints, and prints
a token for it: {"t":"dict","v":[["user",{"t":"int","v":"42"}]]}. With -now, the same
payload gives the same token, except in the formats that encrypt and in sess+jwt,
whose tokens are always different.
`

const keygenAbout = `Keygen prints a new key of 32 random bytes in base64. Use the key as it is printed, for
example for cookie.Encrypted or cookie.JWT.
`

const listAbout = `List prints one line of JSON for each live session of a user:
{"id":…,"created":…,"expires":…}. The id is the public ID, which Session.PublicID returns;
nobody can log in with it. Expires is when the session ends if it is not used again.
Created is printed for an encrypted record only with its key, which comes from
-secret-file and the like or from SESSIONS_SECRET. If sessions move from one store to
another, give both: -redis and -postgres.
`

const revokeAbout = `Revoke ends all sessions of a user at once, or all except one, and prints how many it
ended: {"revoked":3}. If sessions move from one store to another, give both: -redis and
-postgres.
`

const schemaAbout = `Schema prints the SQL that creates the table for sessions in Postgres, MySQL,
MariaDB or SQLite.
`

const migrateAbout = `Migrate creates the table for sessions in Postgres, or updates it. You can run it again,
and on several machines at once.
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
