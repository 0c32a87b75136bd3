package shop

import (
	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/web"
)

// Row is a key of a session as a page shows it.
type Row struct{ Key, Type, Text string }

// Contents returns a row for every key.
func Contents(s *sessions.Session) []Row {
	var rows []Row
	for _, key := range s.Keys() {
		row := Row{key, "?", "cannot be read"}
		if value, err := s.Get(key); err == nil {
			row.Type, row.Text = web.Type(value), web.Text(value)
		}
		rows = append(rows, row)
	}
	return rows
}
