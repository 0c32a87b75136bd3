package redis_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

const day = 24 * time.Hour

// TestStarsessionsVectors: every record that starsessions writes is read with
// its types, and goes back with them, whether its creation counts or not.
func TestStarsessionsVectors(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	tried := 0
	for _, c := range vectors(t, "starsessions2") {
		if c.Expect != "valid" || c.Level != "must" || c.JSON == "" {
			continue
		}
		tried++
		t.Run(c.Name, func(t *testing.T) {
			ctx := t.Context()
			const key = "starsessions.0123456789abcdef0123456789abcdef"
			raw.FlushAll(ctx)
			raw.Set(ctx, key, c.JSON, time.Hour)
			v := visitorOf(t, redis.Starsessions(raw, 0, nil), strings.TrimPrefix(key, "starsessions."))
			v.visit(t, func(s *sessions.Session) error {
				if got := payload(t, s); !got.Equal(c.Payload) {
					t.Errorf("got %v\nwant %v", got, c.Payload)
				}
				return s.Set("from go", "x")
			})
			v.visit(t, func(s *sessions.Session) error {
				if err := s.Delete("from go"); err != nil {
					return err
				}
				if got := payload(t, s); !got.Equal(c.Payload) {
					t.Errorf("after a change: got %v\nwant %v", got, c.Payload)
				}
				return nil
			})
			want := valuesOf(c.JSON)
			if want == "{" {
				return // what holds nothing is removed
			}
			if got := raw.Get(ctx, key).Val(); want != "" && valuesOf(got) != want {
				t.Errorf("went back as %s, want %s with other metadata", got, c.JSON)
			}
		})
	}
	if tried == 0 {
		t.Error("no record among the vectors")
	}
}

// valuesOf returns what is in front of a record's metadata, "" if it has none.
func valuesOf(record string) string {
	values, _, found := strings.Cut(record, `"__metadata__"`)
	if !found {
		return ""
	}
	return values
}

type metadata struct {
	Lifetime   int     `json:"lifetime"`
	Created    float64 `json:"created"`
	LastAccess float64 `json:"last_access"`
}

func TestStarsessionsLives(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	now := float64(time.Now().Unix())
	for _, tt := range []struct {
		name     string
		lifetime time.Duration
		options  *redis.StarsessionsOptions
		age      time.Duration // of the session in the store
		alive    bool
		ttl      time.Duration // after a change
		browser  bool          // the cookie ends with the browser
	}{
		{"browser", 0, nil, 100 * day, true, 30 * day, true},
		{"browser, kept longer", 0, &redis.StarsessionsOptions{Unused: 90 * day}, 100 * day, true, 90 * day, true},
		{"from creation", 10 * day, nil, 4 * day, true, 6 * day, false},
		{"over", 10 * day, nil, 11 * day, false, 10 * day, false},
		{"rolling", 10 * day, &redis.StarsessionsOptions{Rolling: true}, 100 * day, true, 10 * day, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			raw.FlushAll(ctx)
			const id = "0123456789abcdef0123456789abcdef"
			created := now - tt.age.Seconds()
			old := fmt.Sprintf(`{"n": 1, "__metadata__": {"lifetime": %d, "created": %.1f, "last_access": %.1f, "extra": "kept"}}`,
				int(tt.lifetime.Seconds()), created, created)
			raw.Set(ctx, "starsessions."+id, old, tt.ttl)
			v := visitorOf(t, redis.Starsessions(raw, tt.lifetime, tt.options), id)
			v.visit(t, func(s *sessions.Session) error {
				if s.IsNew() == tt.alive {
					t.Errorf("new: %v, want %v", s.IsNew(), !tt.alive)
				}
				return s.Set("n", 2)
			})
			if !tt.alive {
				if v.cookie.Value == id {
					t.Error("an ID that was over was taken up again")
				}
				return
			}
			var record struct {
				N        int
				Metadata struct {
					metadata
					Extra string
				} `json:"__metadata__"`
			}
			text := raw.Get(ctx, "starsessions."+id).Val()
			if err := json.Unmarshal([]byte(text), &record); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if m := record.Metadata; record.N != 2 || m.Lifetime != int(tt.lifetime.Seconds()) || m.Created != created || m.LastAccess < now || m.Extra != "kept" {
				t.Errorf("stored %s, want n 2 and created %.1f", text, created)
			}
			if got := raw.PTTL(ctx, "starsessions."+id).Val(); got > tt.ttl || got < tt.ttl-time.Minute {
				t.Errorf("lives for %v, want %v", got, tt.ttl)
			}

			// A session that Go makes.
			v = visitorOf(t, redis.Starsessions(raw, tt.lifetime, tt.options), "")
			v.visit(t, set("n", 2))
			if len(v.cookie.Value) != 32 || v.cookie.Expires.IsZero() != tt.browser {
				t.Errorf("cookie %v, want an ID of 32 digits; ends with the browser: %v", v.cookie, tt.browser)
			}
			text = raw.Get(ctx, "starsessions."+v.cookie.Value).Val()
			if err := json.Unmarshal([]byte(text), &record); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if m := record.Metadata; m.Lifetime != int(tt.lifetime.Seconds()) || m.Created < now || m.LastAccess < now {
				t.Errorf("a new session is %s", text)
			}
		})
	}
}

func TestStarsessionsRules(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	ctx := t.Context()
	b := redis.Starsessions(raw, time.Hour, nil)
	if a, b2 := b.MintID(), b.MintID(); a == b2 || !b.ValidID(a) {
		t.Errorf("minted %q and %q", a, b2)
	}
	for id, want := range map[string]bool{"a-._~+/=Z9": true, "": false, "a b": false, "a:b": false, "a'b": false} {
		if got := b.ValidID(id); got != want {
			t.Errorf("ValidID(%q): %v, want %v", id, got, want)
		}
	}
	v := visitorOf(t, b, "")
	v.visit(t, set("key", 1))
	id := v.cookie.Value
	if status := v.visit(t, (*sessions.Session).Clear); status != http.StatusOK || v.cookie != nil {
		t.Errorf("emptied: status %d, cookie %v; want none", status, v.cookie)
	}
	if n := raw.Exists(ctx, "starsessions."+id).Val(); n != 0 {
		t.Error("emptied: the record is still there")
	}
	if err := redis.Starsessions(raw, -time.Hour, nil).Describe().Err; err == nil {
		t.Error("negative lifetime: no error")
	}
	if err := redis.Starsessions(nil, 0, nil).Describe().Err; err == nil {
		t.Error("no client: no error")
	}

	// An idle timeout of our own needs the creation.
	if _, err := sessions.New(redis.Starsessions(raw, 0, nil), &sessions.Config{IdleTimeout: time.Minute}); err == nil {
		t.Error("an idle timeout where lives roll: no error")
	}
	mw, err := sessions.New(b, &sessions.Config{IdleTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	v = &visitor{mw: mw}
	v.visit(t, set("key", 1))
	v.visit(t, look)
	if got := raw.PTTL(ctx, "starsessions."+v.cookie.Value).Val(); got > time.Minute || got < 50*time.Second {
		t.Errorf("lives for %v, want a minute", got)
	}
}
