package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/serializer"
)

// A session that is listed.
type listed struct {
	ID      string
	Created time.Time
	Expires time.Time
}

// list runs the command and returns what it prints.
func list(t *testing.T, subject string, flags ...string) []listed {
	t.Helper()
	stdout, stderr, code := run(t, "", append([]string{"list", "-subject", subject}, flags...)...)
	if code != success || stderr != "" {
		t.Fatalf("list: %s, exit status %d", stderr, code)
	}
	var found []listed
	for text := range strings.Lines(stdout) {
		var l listed
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("list: %q: %v", text, err)
		}
		found = append(found, l)
	}
	return found
}

// login makes a session of a user and returns its public ID and its token.
func login(t *testing.T, backend sessions.Backend, format serializer.Format, user string) (id, token string) {
	t.Helper()
	mw, err := sessions.New(backend, &sessions.Config{Format: format, Transport: sessions.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = session.SetSubject(user)
		}
		if err == nil {
			err = session.Set("user", user)
		}
		if err == nil {
			err = session.Save(r.Context())
		}
		if err != nil {
			t.Error(err)
			return
		}
		id = session.PublicID()
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return id, w.Header().Get("Authorization")
}

const recordKey = "Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o"

// Operators see the public IDs that Session.PublicID returns, whatever the values are
// encoded as, and can end sessions by them.
func checkOperator(t *testing.T, backend sessions.Backend, flags ...string) {
	t.Helper()
	if found := list(t, "ada", flags...); len(found) != 0 {
		t.Errorf("an empty store lists %v", found)
	}
	first, token := login(t, backend, serializer.Native(serializer.JSON), "ada")
	second, _ := login(t, backend, serializer.Native(serializer.MsgPack), "ada")
	third, _ := login(t, backend, serializer.Encrypted(serializer.Native(serializer.Flask), recordKey), "ada")
	other, _ := login(t, backend, nil, "bob")

	found := map[string]bool{}
	for _, l := range list(t, "ada", flags...) {
		if l.Created.IsZero() != (l.ID == third) {
			t.Errorf("without the key, listed as made at %v", l.Created)
		}
	}
	for _, l := range list(t, "ada", append([]string{"-secret", "K4x9-yyX0dZgL2uQb7mWc5rVt8hNpE3s", "-fallback", recordKey}, flags...)...) {
		found[l.ID] = true
		if age := time.Since(l.Created); age < 0 || age > time.Minute {
			t.Errorf("listed as made %v ago", age)
		}
		if left := time.Until(l.Expires); left < 13*day || left > 15*day {
			t.Errorf("listed with %v left, want 14 days", left)
		}
	}
	if len(found) != 3 || !found[first] || !found[second] || !found[third] {
		t.Errorf("listed %v, want %q, %q and %q", found, first, second, third)
	}
	if stdout, _, _ := run(t, "", append([]string{"list", "-subject", "ada"}, flags...)...); strings.Contains(stdout, strings.TrimPrefix(token, "Bearer ")) {
		t.Error("the list shows a token")
	}

	revoke := func(want string, code int, args ...string) {
		t.Helper()
		stdout, stderr, got := run(t, "", append(append([]string{"revoke", "-subject", "ada"}, args...), flags...)...)
		if stdout != want || got != code || (code != success) != (strings.Count(stderr, "\n") == 1) {
			t.Errorf("revoke %q: %q, %q, exit status %d, want %q and %d", args, stdout, stderr, got, want, code)
		}
	}
	revoke("", failure, "-except", "unknown")
	revoke("", failure, "-except", "")
	revoke("", failure, "-except", other)
	revoke("{\"revoked\":2}\n", success, "-except", second)
	if left := list(t, "ada", flags...); len(left) != 1 || left[0].ID != second {
		t.Errorf("%v are left, want %q", left, second)
	}
	revoke("{\"revoked\":1}\n", success)
	revoke("{\"revoked\":0}\n", success)
	if left := list(t, "bob", flags...); len(left) != 1 || left[0].ID != other {
		t.Errorf("of bob %v are left, want %q", left, other)
	}
}

func TestRedis(t *testing.T) {
	url := services.Redis(t)
	prefix := "cmd-test:" + t.Name() + time.Now().Format(time.RFC3339Nano) + ":"
	backend, err := redis.Open(url, &redis.Options{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	checkOperator(t, backend, "-redis", url, "-prefix", prefix)
	run(t, "", "revoke", "-subject", "bob", "-redis", url, "-prefix", prefix)
}

func TestPostgres(t *testing.T) {
	url := services.Postgres(t)
	flags := []string{"-postgres", url, "-table", "auth.sessions"}
	if _, stderr, code := run(t, "", append([]string{"list", "-subject", "ada"}, flags...)...); code != failure || !strings.Contains(stderr, "does not exist") {
		t.Errorf("without a table: %q, exit status %d, want an error", stderr, code)
	}
	for range 2 {
		if stdout, stderr, code := run(t, "", append([]string{"migrate"}, flags...)...); stdout != "" || stderr != "" || code != success {
			t.Fatalf("migrate: %q, %q, exit status %d, want silence", stdout, stderr, code)
		}
	}
	backend, err := postgres.Open(url, &postgres.Options{Table: "auth.sessions"})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	checkOperator(t, backend, flags...)
}

// TestTwoStores: while sessions move from one store to another, a user's sessions are
// listed and end in both.
func TestTwoStores(t *testing.T) {
	redisURL, postgresURL := services.Redis(t), services.Postgres(t)
	flags := []string{"-redis", redisURL, "-prefix", "cmd-test:" + t.Name() + time.Now().Format(time.RFC3339Nano) + ":", "-postgres", postgresURL}
	if _, stderr, code := run(t, "", "migrate", "-postgres", postgresURL); code != success {
		t.Fatal(stderr)
	}
	old, err := redis.Open(redisURL, &redis.Options{Prefix: flags[3]})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	backend, err := postgres.Open(postgresURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	kept, _ := login(t, old, nil, "ada")
	login(t, backend, nil, "ada")
	if found := list(t, "ada", flags...); len(found) != 2 {
		t.Errorf("list: got %d sessions, want 2", len(found))
	}
	for _, test := range []struct{ want, except string }{{"{\"revoked\":1}\n", kept}, {"{\"revoked\":1}\n", ""}, {"{\"revoked\":0}\n", ""}} {
		args := append([]string{"revoke", "-subject", "ada"}, flags...)
		if test.except != "" {
			args = append(args, "-except", test.except)
		}
		if stdout, stderr, code := run(t, "", args...); stdout != test.want || code != success {
			t.Errorf("revoke: got %q, %q, exit status %d, want %q", stdout, stderr, code, test.want)
		}
	}
}

// TestStoreFromEnvironment: the environment says where, as for the demo.
func TestStoreFromEnvironment(t *testing.T) {
	url := services.Postgres(t)
	environment := map[string]string{"DATABASE_URL": url}
	if _, stderr, code := runWith(t, environment, "", "migrate"); code != success {
		t.Fatal(stderr)
	}
	if stdout, stderr, code := runWith(t, environment, "", "list", "-subject", "ada"); stdout != "" || code != success {
		t.Errorf("list: %q, %q, exit status %d, want nobody", stdout, stderr, code)
	}
	environment["SESSIONS_SECRET"] = "dev" // of Flask: it encrypts no records
	if _, stderr, code := runWith(t, environment, "", "list", "-subject", "ada"); code != success {
		t.Errorf("list beside the key of something else: %q, exit status %d, want 0", stderr, code)
	}
	if _, stderr, code := runWith(t, environment, "", "list", "-subject", "ada", "-secret", "dev"); code != misuse || !strings.Contains(stderr, "at least 32") {
		t.Errorf("list with a short key: %q, exit status %d, want %d", stderr, code, misuse)
	}
	environment["REDIS_URL"] = "redis://127.0.0.1:1"
	if _, stderr, code := runWith(t, environment, "", "list", "-subject", "ada"); code != misuse {
		t.Errorf("list with two stores: %q, exit status %d, want %d", stderr, code, misuse)
	}
	if _, stderr, code := runWith(t, environment, "", "list", "-subject", "ada", "-postgres", url); code != success {
		t.Errorf("list with a flag: %q, exit status %d, want 0", stderr, code)
	}
}

func TestSchema(t *testing.T) {
	if stdout, _, code := run(t, "", "schema"); stdout != postgres.Schema || code != success {
		t.Errorf("%q, exit status %d, want the schema", stdout, code)
	}
	for dialect, want := range map[string]string{"mysql": "CREATE TABLE IF NOT EXISTS `visits`", "sqlite": `CREATE TABLE IF NOT EXISTS "visits"`} {
		if stdout, _, code := run(t, "", "schema", "-dialect", dialect, "-table", "visits"); !strings.Contains(stdout, want) || code != success {
			t.Errorf("%s: %q, exit status %d, want the schema", dialect, stdout, code)
		}
	}
	stdout, _, _ := run(t, "", "schema", "-table", "auth.visits", "-unlogged")
	if !strings.Contains(stdout, `UNLOGGED TABLE "auth"."visits"`) {
		t.Errorf("%q, want an unlogged table auth.visits", stdout)
	}
}
