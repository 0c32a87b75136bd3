// Command example is the demonstration of package sessions: one program, every
// backend by flag.
//
//	go run ./example                                   # in memory, nothing to set up
//	go run ./example -backend cookie -codec flask -secret dev
//	go run ./example -backend redis
//	go run ./example -help
//
// The page at http://localhost:8080 is for people; programs that ask for JSON
// (Accept: application/json) get JSON from the same routes. Command example/sql is
// the same with SQLite, MySQL and MariaDB.
package main

import "github.com/gosessions/sessions/example/internal/demo"

func main() { demo.Main("example") }
