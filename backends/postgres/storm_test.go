package postgres_test

import (
	"testing"

	"github.com/gosessions/sessions/sessionstest"
)

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	if err := sessionstest.Storm(t.Context(), open(t), 20); err != nil {
		t.Error(err)
	}
}
