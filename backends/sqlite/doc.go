// Package sqlite keeps sessions in one file, which survives a restart and a
// kill -9 of the program. It needs neither a server nor a C compiler:
//
//	backend, err := sqlite.Open("sessions.db", nil)
//	if err != nil { ... }
//	defer backend.Close()
//
// The package is package [github.com/gosessions/sessions/backends/sql] with the
// driver modernc.org/sqlite and the settings that suit sessions. It is a module of
// its own, so that programs with another backend do not depend on a driver.
//
// # What survives
//
// A commit that was acknowledged survives the end of the program, however it
// ends, and a crash of the operating system or a power cut, provided that the
// disk has stored what it reports as stored. With [Options].NoSync commits do not
// wait for the disk. Then they survive the end of the program as before, but a
// power cut can undo some of them, the most recent first; the file stays intact.
//
// # Concurrency
//
// One connection writes, the others read and never wait (the journal is in WAL
// mode). Several processes on the same machine may use one file at once; their
// commits wait for each other. The file must not be on a network file system,
// whose locks SQLite cannot rely on.
//
// The clock of the machine decides when a record expires.
package sqlite
