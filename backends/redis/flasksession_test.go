package redis_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/services"
)

// TestFlaskSessionVectors: every session that Flask-Session stored is read with
// its types, and what Go does not touch goes back byte for byte.
func TestFlaskSessionVectors(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	for _, c := range append(vectors(t, "flask_session_new"), vectors(t, "flask_session_old")...) {
		t.Run(c.Name, func(t *testing.T) {
			ctx := t.Context()
			raw.FlushAll(ctx)
			for key, r := range c.Redis {
				raw.Set(ctx, key, r.Value, time.Duration(r.TTL)*time.Second)
			}
			o := redis.FlaskSessionOptions{Prefix: c.KeyPrefix, JSON: c.Serializer == "json"}
			if c.UseSigner {
				if err := json.Unmarshal(c.Secret, &o.Secret); err != nil {
					t.Fatal(err)
				}
			}
			v := visitorOf(t, redis.FlaskSession(raw, &o), c.Cookie)
			valid := c.Expect == "valid" && c.Level == "must"
			status := v.visit(t, func(s *sessions.Session) error {
				if s.IsNew() == valid {
					t.Errorf("new: %v, want %v", s.IsNew(), !valid)
				}
				if got := payload(t, s); valid && !got.Equal(c.Payload) {
					t.Errorf("got %v\nwant %v", got, c.Payload)
				}
				if valid {
					return s.Set("from go", "x")
				}
				return nil
			})
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			for key, r := range c.Redis {
				if !valid {
					if got, _ := raw.Get(ctx, key).Bytes(); string(got) != string(r.Value) {
						t.Error("a record that is none of ours was changed")
					}
					continue
				}
				if strings.Contains(c.Name, "app-reads") {
					continue // written back in the other serialization
				}
				v.visit(t, func(s *sessions.Session) error { return s.Delete("from go") })
				got, err := raw.Get(ctx, key).Bytes()
				if string(got) != string(r.Value) || err != nil {
					t.Errorf("went back as %q, want %q", got, r.Value)
				}
				if ttl := raw.TTL(ctx, key).Val(); ttl != 31*24*time.Hour {
					t.Errorf("lives for %v, want 31 days", ttl)
				}
			}
		})
	}
}

// TestFlaskSessionMade: a session that Go makes is what Flask-Session would
// have stored, and its ID one of Flask-Session's.
func TestFlaskSessionMade(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	ctx := t.Context()
	msgpack, _ := base64.StdEncoding.DecodeString("gqpfcGVybWFuZW50w6d1c2VyX2lkKg==")
	for _, tt := range []struct {
		name    string
		options *redis.FlaskSessionOptions
		change  func(*sessions.Session) error
		want    string
		length  int  // of the ID
		browser bool // the cookie ends with the browser
	}{
		{"default", nil, nil, string(msgpack), 43, false},
		{"json", &redis.FlaskSessionOptions{JSON: true}, nil, `{"_permanent":true,"user_id":42}`, 43, false},
		{"not permanent", &redis.FlaskSessionOptions{JSON: true, BrowserSession: true}, nil, `{"user_id":42}`, 43, true},
		{"made permanent", &redis.FlaskSessionOptions{JSON: true, BrowserSession: true},
			func(s *sessions.Session) error { return s.SetPersistent(true) }, `{"user_id":42,"_permanent":true}`, 43, false},
		{"made not permanent", &redis.FlaskSessionOptions{JSON: true},
			func(s *sessions.Session) error { return s.SetPersistent(false) }, `{"user_id":42,"_permanent":false}`, 43, true},
		{"long ID", &redis.FlaskSessionOptions{IDBytes: 64}, nil, string(msgpack), 86, false},
		{"signed", &redis.FlaskSessionOptions{Secret: "dev"}, nil, string(msgpack), 43 + 1 + 27, false},
		{"prefix", &redis.FlaskSessionOptions{Prefix: "app:"}, nil, string(msgpack), 43, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw.FlushAll(ctx)
			v := visitorOf(t, redis.FlaskSession(raw, tt.options), "")
			status := v.visit(t, func(s *sessions.Session) error {
				err := s.Set("user_id", 42)
				if err == nil && tt.change != nil {
					err = tt.change(s)
				}
				return err
			})
			if status != http.StatusOK || v.cookie == nil {
				t.Fatalf("status %d, cookie %v", status, v.cookie)
			}
			if len(v.cookie.Value) != tt.length {
				t.Errorf("the ID has %d characters, want %d", len(v.cookie.Value), tt.length)
			}
			if browser := v.cookie.Expires.IsZero(); browser != tt.browser {
				t.Errorf("the cookie ends with the browser: %v, want %v", browser, tt.browser)
			}
			prefix := "session:"
			if tt.options != nil && tt.options.Prefix != "" {
				prefix = tt.options.Prefix
			}
			sid, _, _ := strings.Cut(v.cookie.Value, ".")
			if got := raw.Get(ctx, prefix+sid).Val(); got != tt.want {
				t.Errorf("stored %q, want %q", got, tt.want)
			}
			v.visit(t, func(s *sessions.Session) error {
				if n, err := sessions.Key[int]("user_id").Get(s); n != 42 || err != nil {
					t.Errorf("user_id: %d, %v", n, err)
				}
				return nil
			})
		})
	}
}

// flaskViews do what the rows of http_flask_session.json say.
var flaskViews = map[string]func(*sessions.Session) error{
	`session.get("user")`:                              func(s *sessions.Session) error { _, err := s.Get("user"); return err },
	`session["user"] = "ada"`:                          set("user", "ada"),
	`SESSION_PERMANENT=False; session["user"] = "ada"`: set("user", "ada"),
	`SESSION_USE_SIGNER=True; session["user"] = "ada"`: set("user", "ada"),
	`session["user"] = "bob"; the record is gone`:      set("user", "bob"),
	`session["k"] = 1`:                                 set("k", 1),
	`session.clear()`:                                  (*sessions.Session).Clear,
	`session.pop("user") (only _permanent is left)`:    func(s *sessions.Session) error { return s.Delete("user") },
}

// quieter are the rows in which we do less than Flask-Session on purpose: what is
// not loaded is not refreshed, and what is, once a tenth of its life is over.
var quieter = map[string]bool{
	"valid/untouched": true, "valid/untouched-not-permanent": true, "valid/untouched-no-refresh": true,
	"valid/read": true, "unknown-sid/untouched": true,
}

func TestAnswersAsFlaskSession(t *testing.T) {
	data, err := os.ReadFile("testdata/http_flask_session.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Secret string
		Rows   []struct {
			Name, Handler string
			Config        struct {
				Permanent *bool `json:"SESSION_PERMANENT"`
				Signer    bool  `json:"SESSION_USE_SIGNER"`
			}
			RequestCookie string       `json:"request_cookie"`
			SessionIn     neutral.Form `json:"session_in"`
			Response      struct {
				Headers [][2]string
				Redis   [][]any
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Rows) == 0 {
		t.Fatalf("%d rows, %v", len(file.Rows), err)
	}
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	ctx := t.Context()
	for _, row := range file.Rows {
		t.Run(row.Name, func(t *testing.T) {
			raw.FlushAll(ctx)
			o := redis.FlaskSessionOptions{BrowserSession: row.Config.Permanent != nil && !*row.Config.Permanent}
			if row.Config.Signer {
				o.Secret = file.Secret
			}
			token := strings.TrimPrefix(row.RequestCookie, "session=")
			sid, _, _ := strings.Cut(token, ".")
			if string(row.SessionIn) != "null" && row.SessionIn != nil {
				seed(t, raw, &o, sid, row.SessionIn)
			}
			v := visitorOf(t, redis.FlaskSession(raw, &o), token)
			v.cookies = nil
			v.visit(t, flaskViews[row.Handler])
			if flaskViews[row.Handler] == nil && !strings.Contains(row.Handler, "does not touch") {
				t.Fatalf("no view for %s", row.Handler)
			}

			var want string
			for _, h := range row.Response.Headers {
				if h[0] == "Set-Cookie" {
					want = h[1]
				}
			}
			if quieter[row.Name] {
				if len(v.cookies) != 0 {
					t.Errorf("Set-Cookie: %v, want none", v.cookies)
				}
				return
			}
			if want == "" != (len(v.cookies) == 0) {
				t.Fatalf("Set-Cookie: %v, want %q", v.cookies, want)
			}
			if want == "" {
				return
			}
			wanted, err := http.ParseSetCookie(want)
			if err != nil {
				t.Fatal(err)
			}
			got := v.cookies[0]
			switch {
			case strings.HasPrefix(wanted.Value, "new-sid"):
				if got.Value == token || len(got.Value) < 43 || strings.Contains(wanted.Value, ".") != strings.Contains(got.Value, ".") {
					t.Errorf("new ID %q, want one like %q", got.Value, wanted.Value)
				}
			case got.Value != wanted.Value:
				t.Errorf("ID %q, want %q", got.Value, wanted.Value)
			}
			if (got.MaxAge < 0) != (wanted.MaxAge < 0) || got.Path != wanted.Path {
				t.Errorf("Set-Cookie: %v, want %v", got, wanted)
			}
			if wanted.MaxAge >= 0 && got.Expires.IsZero() != wanted.Expires.IsZero() {
				t.Errorf("Expires %v, want %v", got.Expires, wanted.Expires)
			}
			kept, _, _ := strings.Cut(got.Value, ".")
			ttl := raw.TTL(ctx, "session:"+kept).Val()
			if last := row.Response.Redis[len(row.Response.Redis)-1]; last[0] == "delete" {
				if n := raw.Exists(ctx, "session:"+sid).Val(); n != 0 {
					t.Error("the record was not deleted")
				}
			} else if ttl != 2678400*time.Second {
				t.Errorf("the record lives for %v, want 2678400 s", ttl)
			}
		})
	}
}

// seed stores a session as Flask-Session would.
func seed(t *testing.T, raw goredis.UniversalClient, o *redis.FlaskSessionOptions, sid string, in neutral.Form) {
	t.Helper()
	value, err := in.Go()
	if err != nil {
		t.Fatal(err)
	}
	v := visitorOf(t, redis.FlaskSession(raw, o), "")
	v.visit(t, func(s *sessions.Session) error {
		for key, value := range value.(map[string]any) {
			if err := s.Set(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	made, _, _ := strings.Cut(v.cookie.Value, ".")
	if err := raw.Rename(t.Context(), "session:"+made, "session:"+sid).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestFlaskSessionIDs(t *testing.T) {
	client := rawClient(t, services.Redis(t))
	plain := redis.FlaskSession(client, nil)
	signed := redis.FlaskSession(client, &redis.FlaskSessionOptions{Secret: "dev"})
	for range 100 {
		if a, b := plain.MintID(), plain.MintID(); a == b || !plain.ValidID(a) || signed.ValidID(a) {
			t.Fatalf("minted %q and %q", a, b)
		}
		if id := signed.MintID(); !signed.ValidID(id) || plain.ValidID(id) {
			t.Fatalf("minted %q", id)
		}
	}
	const uuid, signature = "0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e", ".qw5dD-atNC7zRLSPfcoQ_7oANLk"
	for id, want := range map[string]bool{
		uuid: false, uuid + signature: true, "x" + uuid + signature: false, uuid + signature + "=": false,
		uuid + ".": false, signature: false, "": false, uuid + "." + uuid: false,
	} {
		if got := signed.ValidID(id); got != want {
			t.Errorf("signed: ValidID(%q): %v, want %v", id, got, want)
		}
	}
	for id, want := range map[string]bool{
		uuid: true, "a": true, "": false, "a b": false, "a:b": false, "a/b": false, "a\n": false, "é": false,
		strings.Repeat("a", 256): true, strings.Repeat("a", 257): false,
	} {
		if got := plain.ValidID(id); got != want {
			t.Errorf("ValidID(%q): %v, want %v", id, got, want)
		}
	}
	for _, bad := range []redis.FlaskSessionOptions{{IDBytes: 8}, {IDBytes: -1}, {Prefix: "subjects:"}} {
		if err := redis.FlaskSession(client, &bad).Describe().Err; err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	if w := signed.Describe().Warnings; len(w) != 1 || strings.Contains(w[0], "dev") {
		t.Errorf("warnings %q, want one about the short secret", w)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", signed, signed, signed, signed); strings.Contains(text, "dev") || !strings.Contains(text, "redis.FlaskSession") {
		t.Errorf("printed as %q", text)
	}
}

// TestFlaskSessionSlides: a session that is only looked at lives on, permanent
// or not.
func TestFlaskSessionSlides(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	raw := rawClient(t, server.URL())
	ctx := t.Context()
	for _, o := range []*redis.FlaskSessionOptions{nil, {BrowserSession: true}} {
		raw.FlushAll(ctx)
		v := visitorOf(t, redis.FlaskSession(raw, o), "")
		v.visit(t, set("key", 1))
		key := "session:" + v.cookie.Value
		for days, want := range map[int]int{30: 30, 29: 29, 27: 31, 1: 31} {
			raw.Expire(ctx, key, time.Duration(days)*24*time.Hour)
			v.visit(t, look)
			if got := raw.TTL(ctx, key).Val(); got != time.Duration(want)*24*time.Hour {
				t.Errorf("%+v: with %d days left a look leaves %v, want %d days", o, days, got, want)
			}
		}
	}
}
