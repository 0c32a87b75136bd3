package redis_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/services"
)

// TestDocumented_RightsCanBePasted gives a user exactly the rights that the
// documentation shows, as a shell reads them, and tries everything as that user. The
// fence for a logout needs one right more.
func TestDocumented_RightsCanBePasted(t *testing.T) {
	text, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sh\nredis-cli (ACL SETUSER .*?)```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatal("docs/redis.md shows no rights")
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\n' `+block[1]).Output()
	if err != nil {
		t.Fatal(err)
	}
	server := services.RedisServer(t, services.RedisOptions{})
	if _, err := server.Do(strings.Split(strings.TrimSpace(string(out)), "\n")...); err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(server.URL(), "redis://", "redis://sessions:password@", 1)
	if err := open(t, url).Check(t.Context()); err != nil {
		t.Error(err)
	}

	fence := regexp.MustCompile(`pipe\.Set\(ctx, "(.*?)"`).FindStringSubmatch(string(text))
	if fence == nil || !strings.Contains(string(text), "| `+wait` |") {
		t.Fatal("docs/redis.md shows no fence, or not the right for it")
	}
	if _, err := server.Do("ACL", "SETUSER", "sessions", "+wait"); err != nil {
		t.Fatal(err)
	}
	pipe := rawClient(t, url).Pipeline()
	pipe.Set(t.Context(), fence[1], "", 0)
	pipe.Do(t.Context(), "wait", 0, 100)
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Errorf("the fence: %v", err)
	}
}
