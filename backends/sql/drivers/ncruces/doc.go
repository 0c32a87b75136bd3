// Package ncruces tests package [github.com/gosessions/sessions/backends/sql] with
// the driver of github.com/ncruces/go-sqlite3, which registers itself under the
// same name as that of github.com/mattn/go-sqlite3, so that no program can have
// both.
package ncruces
