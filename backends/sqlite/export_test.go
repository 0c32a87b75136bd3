package sqlite

import "testing"

// Pragma returns a setting of the connection that writes.
func Pragma(t *testing.T, b *Backend, name string) (value int) {
	t.Helper()
	if err := b.db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
