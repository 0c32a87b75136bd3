package sessions_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/race"
)

// tokens returns n tokens of new sessions.
func tokens(t testing.TB, n int) []string {
	t.Helper()
	mw := newMiddleware(t, basic{memory.New(&memory.Options{MaxSessions: 100, Evict: true})}, nil)
	c := newClient(t, nil)
	list := make([]string, 0, n)
	for len(list) < n {
		clear(c.cookies)
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 1))
		})
		list = append(list, c.cookies["__Host-session"])
	}
	return list
}

// TestID1_IDsAreRandom: all 256 bits of an ID are random: no two IDs are equal,
// all characters are equally frequent at every place, and no ID predicts the next.
// With these bounds the test fails by chance in about one of a million runs.
func TestID1_IDsAreRandom(t *testing.T) {
	n := 200_000
	if race.Enabled || testing.Short() {
		n = 20_000
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	list := tokens(t, n)
	var counts [43][128]int
	var ones [256]int
	flips, before := 0, [32]byte{}
	for i, token := range list {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
		if err != nil || len(raw) != 32 {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
		for at := range len(token) {
			counts[at][token[at]&127]++
		}
		for bit := range ones {
			set := raw[bit/8] >> (bit % 8) & 1
			ones[bit] += int(set)
			if i > 0 && set != before[bit/8]>>(bit%8)&1 {
				flips++
			}
		}
		before = [32]byte(raw)
	}
	for at := range counts {
		symbols := len(alphabet)
		if at == 42 {
			symbols = 16 // the last character has four bits
		}
		expected, chi := float64(n)/float64(symbols), 0.0
		for i := 0; i < len(alphabet); i += len(alphabet) / symbols {
			d := float64(counts[at][alphabet[i]]) - expected
			chi += d * d / expected
		}
		if degrees := float64(symbols - 1); chi > degrees+7*math.Sqrt(2*degrees) {
			t.Errorf("character %d: chi square is %.0f with %.0f degrees of freedom", at, chi, degrees)
		}
	}
	for bit, ones := range ones {
		if z := zOfHalf(ones, n); z > 6 {
			t.Errorf("bit %d is set in %d of %d IDs", bit, ones, n)
		}
	}
	if z := zOfHalf(flips, 256*(n-1)); z > 6 {
		t.Errorf("from one ID to the next %d of %d bits change", flips, 256*(n-1))
	}
	slices.Sort(list)
	if unique := len(slices.Compact(list)); unique != n {
		t.Errorf("%d of %d IDs are different", unique, n)
	}
}

// zOfHalf returns by how many standard deviations k differs from n/2.
func zOfHalf(k, n int) float64 { return math.Abs(float64(2*k-n)) / math.Sqrt(float64(n)) }

// occupied stores another user's record under the ID of a new session before the
// session is created there, n times.
func occupied(b sessions.Backend, n *int, others *[]string) *odd {
	m := b.(*memory.Backend)
	return &odd{Backend: m, swap: func(ctx context.Context, id string, old []byte, r sessions.Record) error {
		if old == nil && *n > 0 {
			*n--
			*others = append(*others, id)
			if _, err := m.Write(ctx, id, sessions.Record{Data: []byte("another user's"), TTL: time.Hour}); err != nil {
				return err
			}
		}
		return m.Swap(ctx, id, old, r)
	}}
}

// TestID6_CollisionsOverwriteNothing: if an ID is in use already, the session gets
// another one, and the record under the first stays as it is.
func TestID6_CollisionsOverwriteNothing(t *testing.T) {
	for _, path := range []string{"/same", "/login"} {
		for _, collisions := range []int{1, 3, 1000} {
			var others []string
			n := 0
			o := occupied(memory.New(nil), &n, &others)
			// Without the ability to rotate, a regeneration creates its new record
			// like a new session.
			c := start(t, newMiddleware(t, swapOnly{o}, nil), nil)
			if path == "/same" {
				clear(c.cookies)
			}
			before := c.copies()
			n = collisions
			response := c.get(path)
			switch {
			case path == "/same" && collisions < 1000:
				if response.StatusCode != 200 || len(response.Cookies()) != 1 || len(others) != collisions {
					t.Errorf("%s with %d collisions: status %d, cookies %v", path, collisions, response.StatusCode, response.Cookies())
				}
			case response.StatusCode != 409 || len(response.Cookies()) != 0 || len(others) > 10:
				t.Errorf("%s with %d collisions: status %d, cookies %v after %d", path, collisions, response.StatusCode, response.Cookies(), len(others))
			}
			n = 0
			if got := body(c.do("/who", before)); path == "/login" && got != "ada" {
				t.Errorf("%s with %d collisions: the session is lost", path, collisions)
			}
			for _, id := range others {
				if r, err := o.Backend.Read(t.Context(), id); string(r.Data) != "another user's" || err != nil {
					t.Errorf("%s with %d collisions: overwritten: %q, %v", path, collisions, r.Data, err)
				}
			}
		}
	}
}

// watched is a backend that fails the test if it gets an ID that it must not see:
// anything but 43 characters that the client has never seen.
func watched(t testing.TB, asked *int, sent *string) sessions.Backend {
	return &odd{Backend: memory.New(nil), read: func(_ context.Context, id string) (sessions.Record, error) {
		*asked++
		raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
		if err != nil || len(raw) != 32 || strings.Contains(*sent, id) {
			t.Errorf("the backend was asked for %q", id)
		}
		return sessions.Record{}, sessions.ErrNotFound
	}}
}

// TestPATH1_BackendsSeeNoClientsID: what a client sends never reaches a backend. The
// backend is not called for a token of the wrong form, and gets a hash of any other.
func TestPATH1_BackendsSeeNoClientsID(t *testing.T) {
	var asked int
	var sent string
	well := strings.Repeat("A", 43)
	for vehicle, v := range vehicles {
		h := serve(t, newMiddleware(t, watched(t, &asked, &sent), &sessions.Config{Transport: v.transport}), basics)
		for token, want := range map[string]int{
			well: 1, strings.Repeat("z", 42) + "8": 1, "-_" + well[2:]: 1,
			"": 0, "A": 0, well[1:]: 0, well + "A": 0, well + "=": 0, well[:42] + "B": 0, well[:42] + "\n": 0, "\r\n" + well[2:]: 0,
			"../../../../../../../../etc/passwd": 0, "..%2f..%2f" + well[10:]: 0, "../" + well[3:]: 0, `..\` + well[3:]: 0,
			"\x00" + well[1:]: 0, well[:42] + "\x00": 0, "*" + well[1:]: 0, "{" + well[2:] + "}": 0, "session:" + well[8:]: 0,
			"' OR '1'='1' --" + well[15:]: 0, "\u00c4" + well[2:]: 0, "\xff" + well[1:]: 0, strings.Repeat("A", 10<<20): 0,
		} {
			asked, sent = 0, token
			r := httptest.NewRequest("GET", "/who", nil)
			v.put(r.Header, token)
			h.ServeHTTP(httptest.NewRecorder(), r)
			if asked != want {
				t.Errorf("%s: %.50q: the backend was asked %d times, want %d", vehicle, token, asked, want)
			}
		}
	}
}

// FuzzPATH1_BackendsSeeNoClientsID: the same for arbitrary tokens.
func FuzzPATH1_BackendsSeeNoClientsID(f *testing.F) {
	for _, seed := range []string{"", "../x", strings.Repeat("A", 43), strings.Repeat("A", 42) + "B", "a\x00b", "\u2028", strings.Repeat("A", 44)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		var asked int
		v := vehicles["header"]
		h := serve(t, newMiddleware(t, watched(t, &asked, &token), &sessions.Config{Transport: v.transport}), basics)
		r := httptest.NewRequest("GET", "/who", nil)
		v.put(r.Header, token)
		h.ServeHTTP(httptest.NewRecorder(), r)
		raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
		if isID := err == nil && len(raw) == 32 && len(token) == 43; (asked == 1) != isID || asked > 1 {
			t.Errorf("%q: asked %d times", token, asked)
		}
	})
}

// TestID2_StoreHoldsNoToken: nothing in the backend is a token, and the IDs that are
// there are refused as tokens.
func TestID2_StoreHoldsNoToken(t *testing.T) {
	b := memory.New(nil)
	h := serve(t, newMiddleware(t, b, nil), basics)
	c := newClient(t, h)
	c.get("/same")
	check(t, backends.Walk(t.Context(), b, func(s backends.Entry) error {
		if strings.Contains(fmt.Sprint(s, string(s.Record.Data)), c.cookies["__Host-session"]) {
			t.Error("the token is in the store")
		}
		thief := newClient(t, h)
		thief.cookies["__Host-session"] = s.ID
		if got := body(thief.get("/who")); got != "" {
			t.Errorf("the stored ID leads to %q", got)
		}
		return nil
	}))
}

// TestPATH2_NamespacesAreApart: over one backend, a token of one cookie leads to no
// session in another cookie, unless both have the same Namespace.
func TestPATH2_NamespacesAreApart(t *testing.T) {
	b := memory.New(nil)
	site := newClient(t, serve(t, newMiddleware(t, b, nil), basics))
	site.get("/same")
	admin := newClient(t, serve(t, newMiddleware(t, b, &sessions.Config{Transport: sessions.Cookie{Name: "__Host-admin"}}), basics))
	admin.cookies["__Host-admin"] = site.cookies["__Host-session"]
	if got := body(admin.get("/who")); got != "" {
		t.Errorf("the other site's token leads to %q", got)
	}
	pinned := newClient(t, serve(t, newMiddleware(t, b, &sessions.Config{Namespace: "session", Transport: sessions.Cookie{Name: "renamed"}}), basics))
	pinned.cookies["renamed"] = site.cookies["__Host-session"]
	if got := body(pinned.get("/who")); got != "ada" {
		t.Errorf("a renamed cookie with the old namespace leads to %q, want ada", got)
	}
}
