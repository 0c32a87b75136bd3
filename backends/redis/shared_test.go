package redis_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// vector is a session of a real Python library, from the serializer's test data.
type vector struct {
	Name       string
	Secret     json.RawMessage
	Cookie     string
	Expect     string
	Level      string
	Payload    neutral.Form
	SID        string
	Serializer string
	UseSigner  bool   `json:"use_signer"`
	KeyPrefix  string `json:"key_prefix"`
	JSON       string
	Redis      map[string]struct {
		Value []byte `json:"value_b64"`
		TTL   int
	}
}

func vectors(t *testing.T, name string) []vector {
	t.Helper()
	data, err := os.ReadFile("../../serializer/testdata/vectors/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) == 0 {
		t.Fatalf("%d cases, %v", len(file.Cases), err)
	}
	return file.Cases
}

// visitorOf is a browser with that cookie at a middleware over b.
func visitorOf(t *testing.T, b backends.Backend, cookie string) *visitor {
	t.Helper()
	mw, err := sessions.New(b, &sessions.Config{DisableBreaker: true})
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{mw: mw}
	if cookie != "" {
		v.cookie = &http.Cookie{Name: "session", Value: cookie}
	}
	return v
}

// payload returns the whole session in the neutral form.
func payload(t *testing.T, s *sessions.Session) neutral.Form {
	t.Helper()
	all := make(map[string]any)
	for _, key := range s.Keys() {
		v, err := s.Get(key)
		if err != nil {
			t.Errorf("Get: %v", err)
		}
		all[key] = v
	}
	form, err := neutral.Of(all)
	if err != nil {
		t.Errorf("neutral form: %v", err)
	}
	return form
}

// TestSharedValuesAreExact: a shared record is what it is, even if it looks
// like one with something in front.
func TestSharedValuesAreExact(t *testing.T) {
	client := rawClient(t, services.Redis(t))
	prefix := services.Unique("test") + ":"
	t.Cleanup(func() { cleanUp(client, prefix) })
	b := redis.FlaskSession(client, &redis.FlaskSessionOptions{Prefix: prefix})
	for _, data := range []string{"\xff\x00x", "\xff\x01" + strings.Repeat("x", 30), "\xff", "x"} {
		if _, err := b.Write(t.Context(), "id", record("\xff\x01")); err != nil {
			t.Fatal(err)
		}
		if err := b.Swap(t.Context(), "id", []byte("\xff\x01"), record(data)); err != nil {
			t.Errorf("Swap to %q: %v", data, err)
		}
		if r, err := b.Read(t.Context(), "id"); string(r.Data) != data || err != nil {
			t.Errorf("Read: %q, %v; want %q", r.Data, err, data)
		}
		if got := client.Get(t.Context(), prefix+"id").Val(); got != data {
			t.Errorf("stored %q, want %q", got, data)
		}
		if err := b.Swap(t.Context(), "id", []byte(data), backends.Record{}); err != nil {
			t.Errorf("removing %q: %v", data, err)
		}
	}
}

func TestSharedConformance(t *testing.T) {
	url := services.Redis(t)
	client := rawClient(t, url)
	for name, b := range map[string]func(prefix string) *redis.Shared{
		"flask": func(prefix string) *redis.Shared {
			return redis.FlaskSession(client, &redis.FlaskSessionOptions{Prefix: prefix})
		},
		"flask signed": func(prefix string) *redis.Shared {
			return redis.FlaskSession(client, &redis.FlaskSessionOptions{Prefix: prefix, Secret: "dev"})
		},
		"starsessions": func(prefix string) *redis.Shared {
			return redis.Starsessions(client, time.Hour, &redis.StarsessionsOptions{Prefix: prefix, Rolling: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sessionstest.TestBackend(t, func(t *testing.T) backends.Backend {
				prefix := services.Unique("test") + ":"
				t.Cleanup(func() { cleanUp(client, prefix) })
				return b(prefix)
			}, nil)
		})
	}
}
