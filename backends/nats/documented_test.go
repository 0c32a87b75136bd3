package nats_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// TestDocumented gives a user exactly the rights that docs/nats.md shows, and tries
// everything as that user.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/nats.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```\npublish:(.*?)\nsubscribe:(.*?)\n```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatal("docs/nats.md shows no rights")
	}
	rights := func(subjects string) string { return `["` + strings.Join(strings.Fields(subjects), `", "`) + `"]` }
	server := services.NATSServer(t, services.NATSOptions{Config: []string{fmt.Sprintf(`authorization { users: [
		{user: admin, password: secret}
		{user: app, password: secret, permissions: {publish: %s, subscribe: %s}}
	]}`, rights(block[1]), rights(block[2]))}})
	as := func(user string) string {
		return strings.Replace(server.URL(), "nats://", "nats://"+user+":secret@", 1)
	}
	open(t, as("admin"), &nats.Options{Bucket: "sessions"})
	b, err := nats.Open(as("app"), &nats.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	eventually(t, func(ctx context.Context) error { return b.Check(ctx) })
	if err := b.Migrate(t.Context()); err != nil {
		t.Errorf("Migrate with nothing to do: %v", err)
	}
	if _, err := b.Write(t.Context(), "id", record("x")); err != nil {
		t.Error(err)
	}
	if _, err := b.Sweep(t.Context()); err != nil {
		t.Errorf("Sweep: %v", err)
	}
	visited := 0
	if err := b.Walk(t.Context(), func(backends.Entry) error { visited++; return nil }); err != nil || visited != 1 {
		t.Errorf("Walk visits %d, %v, want 1", visited, err)
	}
	other, err := nats.Open(as("app"), &nats.Options{Bucket: "others"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := other.Check(ctx); err == nil {
		t.Error("the user may use another bucket")
	}
}
