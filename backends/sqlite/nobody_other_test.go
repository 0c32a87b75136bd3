//go:build !linux

package sqlite_test

import "testing"

// asNobody cannot give up root's rights here.
func asNobody(t *testing.T) { t.Skip("root may do everything") }
