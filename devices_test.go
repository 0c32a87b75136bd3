package sessions_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

func TestASVS742_Subjects(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, &sessions.Config{MaxPerSubject: 3, EvictOldest: true})
	login := func() *client {
		c := newClient(t, nil)
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			check(t, s.RegenerateID())
			check(t, s.SetSubject("ada"))
			check(t, user.Set(s, "ada"))
		})
		return c
	}
	who := func(c *client) (name, id string) {
		in(c, mw, func(r *http.Request, s *sessions.Session) { name, _ = user.Get(s); id = s.PublicID() })
		return name, id
	}
	devices := []*client{login(), login(), login()}
	list, err := mw.List(t.Context(), "ada")
	check(t, err)
	if len(list) != 3 {
		t.Fatalf("List: got %d, want 3", len(list))
	}
	for i, c := range devices {
		_, id := who(c)
		if !slices.ContainsFunc(list, func(i sessions.Device) bool { return i.PublicID == id }) {
			t.Errorf("device %d is not in the list", i)
		}
	}
	login()
	if list, _ := mw.List(t.Context(), "ada"); len(list) != 3 {
		t.Errorf("beyond the limit: got %d, want 3", len(list))
	}
	alive := slices.DeleteFunc(devices, func(c *client) bool { name, _ := who(c); return name == "" })
	if len(alive) != 2 {
		t.Fatalf("%d of the first three are alive, want 2", len(alive))
	}
	_, id := who(alive[0])
	if found, err := mw.Revoke(t.Context(), "eve", id); found || err != nil {
		t.Errorf("revoking another user's session: %v, %v", found, err)
	}
	if found, err := mw.Revoke(t.Context(), "ada", id); !found || err != nil {
		t.Errorf("Revoke: %v, %v", found, err)
	}
	if name, _ := who(alive[0]); name != "" {
		t.Error("the revoked session is alive")
	}
	in(alive[1], mw, func(r *http.Request, s *sessions.Session) {
		n, err := mw.RevokeOthers(r.Context(), s)
		if n != 1 || err != nil {
			t.Errorf("RevokeOthers: %d, %v", n, err)
		}
	})
	if name, _ := who(alive[1]); name != "ada" {
		t.Error("RevokeOthers ended the session itself")
	}
	if n, err := mw.RevokeAll(t.Context(), "ada"); n != 1 || err != nil {
		t.Errorf("RevokeAll: %d, %v", n, err)
	}
	if name, _ := who(alive[1]); name != "" {
		t.Error("RevokeAll left a session")
	}
}

// TestID5_ListsShowNoID: a list of devices contains neither a token nor an ID of the
// store, and no one can log in with what it contains.
func TestID5_ListsShowNoID(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		if !slices.Contains(backends.Abilities(b), backends.CanSubjects) {
			return
		}
		mw := newMiddleware(t, b, nil)
		c := start(t, mw, routes{"/own": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.SetSubject("ada"))
			fmt.Fprint(w, s.PublicID())
		}})
		publicID := body(c.get("/own"))
		list, err := mw.List(t.Context(), "ada")
		if len(list) != 1 || err != nil || list[0].PublicID != publicID || len(publicID) != 22 {
			t.Fatalf("List: %v, %v, want the public ID %q", list, err, publicID)
		}
		hidden := []string{c.cookies["__Host-session"]}
		check(t, backends.Walk(t.Context(), b, func(s backends.Entry) error {
			hidden = append(hidden, s.ID)
			return nil
		}))
		raw, err := base64.RawURLEncoding.DecodeString(publicID)
		check(t, err)
		for _, id := range hidden {
			if strings.Contains(id, string(raw)) {
				t.Errorf("the public ID is a part of an ID")
			}
			if shown := fmt.Sprintf("%+v", list); strings.Contains(shown, id[:16]) || strings.Contains(id, publicID) {
				t.Errorf("the list shows an ID: %s", shown)
			}
		}
		for _, token := range []string{publicID, publicID + strings.Repeat("A", 21)} {
			if got := body(c.do("/who", map[string]string{"__Host-session": token})); got != "" {
				t.Errorf("the public ID leads to %q", got)
			}
			if ok, err := b.Exists(t.Context(), token); ok || err != nil {
				t.Errorf("the store knows the public ID: %v, %v", ok, err)
			}
		}
	})
}

// TestRevokeAllOfTheOwnSession: a handler that logs its visitor out everywhere may
// continue with a new session.
func TestRevokeAllOfTheOwnSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/own": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) },
		"/everywhere": func(_ http.ResponseWriter, r *http.Request, s *sessions.Session) {
			n, err := mw.RevokeAll(r.Context(), s.Subject())
			if n != 1 || err != nil {
				t.Errorf("RevokeAll: %d, %v", n, err)
			}
			check(t, s.Flash("", "You are logged out everywhere."))
		},
		"/next": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			if list, err := s.Flashes(); len(list) != 1 || err != nil || s.Subject() != "" {
				t.Errorf("flashes: %v, %v, subject %q", list, err, s.Subject())
			}
		},
	})
	c.get("/own")
	old := c.copies()
	if got := c.get("/everywhere").StatusCode; got != 200 {
		t.Errorf("got %d, want 200", got)
	}
	c.get("/next")
	if got := body(c.do("/who", old)); got != "" {
		t.Errorf("the old token leads to %q", got)
	}
}

// TestEXP3_RevokeAllEndsEverySession: RevokeAll ends all sessions of a subject at
// once, also for requests that are under way, and no session of another subject.
func TestEXP3_RevokeAllEndsEverySession(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		if !slices.Contains(backends.Abilities(b), backends.CanSubjects) {
			return // and says so, as cookies do
		}
		mw := newMiddleware(t, b, nil)
		var devices []*client
		login := routes{
			"/as-ada": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) },
			"/as-eve": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.SetSubject("eve")) },
			"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				n, err := mw.RevokeAll(t.Context(), "ada")
				if n != len(devices) || err != nil {
					t.Errorf("RevokeAll: %d, %v, want %d", n, err, len(devices))
				}
				check(t, s.Set("late", true))
			},
		}
		for range 5 {
			c := start(t, mw, login)
			c.get("/as-ada")
			c.get("/login")
			devices = append(devices, c)
		}
		eve := start(t, mw, login)
		eve.get("/as-eve")
		if response := devices[0].get("/slow"); response.StatusCode != http.StatusConflict || len(response.Cookies()) != 0 {
			t.Errorf("the request under way: status %d, cookies %v", response.StatusCode, response.Cookies())
		}
		for i, c := range devices {
			if got := body(c.get("/who")); got != "" {
				t.Errorf("device %d is still in as %q", i, got)
			}
		}
		if got := body(eve.get("/who")); got != "ada" { // what start stores
			t.Errorf("another user was logged out")
		}
	})
}

// TestRES1_RevokeDuringRegeneration: if another request gives a session a new ID
// while it is being revoked, it has not ended, and Revoke returns an error.
func TestRES1_RevokeDuringRegeneration(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		mw := newMiddleware(t, b, nil)
		c := start(t, mw, routes{"/own": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) }})
		c.get("/own")
		list, err := mw.List(t.Context(), "ada")
		if errors.Is(err, errors.ErrUnsupported) {
			return
		}
		if len(list) != 1 || err != nil {
			t.Fatalf("List: %v, %v", list, err)
		}
		hooked := hook(b)
		revoking := newMiddleware(t, hooked.Backend, nil)
		hooked.once(backends.OpSwap, func() { c.get("/login") })
		found, err := revoking.Revoke(t.Context(), "ada", list[0].PublicID)
		who := body(c.get("/who"))
		if !found || !errors.Is(err, sessions.ErrConflict) || who != "ada" {
			t.Errorf("Revoke: %v, %v, want ErrConflict, because the session has not ended and is that of %q", found, err, who)
		}
		list, err = mw.List(t.Context(), "ada")
		if len(list) != 1 || err != nil {
			t.Fatalf("List: %v, %v", list, err)
		}
		// A concurrent change does not keep it from ending.
		hooked.once(backends.OpSwap, func() { c.get("/other") })
		if found, err := revoking.Revoke(t.Context(), "ada", list[0].PublicID); !found || err != nil {
			t.Errorf("Revoke: %v, %v", found, err)
		}
		if who := body(c.get("/who")); who != "" {
			t.Errorf("after Revoke the session is still that of %q", who)
		}
	})
}

// TestEXP3_EXP4_CookiesCannotBeRevoked: if sessions cannot be revoked, the methods
// return an error.
func TestEXP3_EXP4_CookiesCannotBeRevoked(t *testing.T) {
	for name, codec := range map[string]cookie.Codec{
		"encrypted": cookie.Encrypted(secret), "jwt": cookie.JWT(secret), "flask": cookie.Flask(secret), "starlette": cookie.Starlette(secret),
	} {
		mw := newMiddleware(t, cookie.New(codec), nil)
		if n, err := mw.RevokeAll(t.Context(), "ada"); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: RevokeAll: %d, %v, want ErrUnsupported", name, n, err)
		}
		if found, err := mw.Revoke(t.Context(), "ada", "x"); found || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: Revoke: %v, %v, want ErrUnsupported", name, found, err)
		}
		if list, err := mw.List(t.Context(), "ada"); list != nil || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: List: %v, %v, want ErrUnsupported", name, list, err)
		}
		if _, err := sessions.New(cookie.New(codec), &sessions.Config{Require: []backends.Ability{backends.CanSubjects}}); err == nil {
			t.Errorf("%s: New with Require: no error", name)
		}
	}
}

// TestRevokeOthersBesideARegeneration: the request's own session gets a new ID
// meanwhile, and nobody can tell whose that is. The caller hears of it.
func TestRevokeOthersBesideARegeneration(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	login := func(r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) }
	c, other := newClient(t, nil), newClient(t, nil)
	in(c, mw, login)
	in(other, mw, login)
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, err := mw.RevokeOthers(r.Context(), s); n != 1 || err != nil {
			t.Errorf("alone: got %d, %v, want 1, nil", n, err)
		}
		tab := newClient(t, nil)
		tab.cookies = c.copies()
		in(tab, mw, func(r *http.Request, s *sessions.Session) { check(t, s.RegenerateID()) })
		if _, err := mw.RevokeOthers(r.Context(), s); !errors.Is(err, sessions.ErrConflict) {
			t.Errorf("beside a regeneration: got %v, want ErrConflict", err)
		}
	})
}

// TestDevicesAreDescribed: a list of devices shows the label that the application
// gave and when each session was used last, on every backend that lists.
func TestDevicesAreDescribed(t *testing.T) {
	for _, k := range kinds {
		b := k.open(t)(t)
		if !slices.Contains(backends.Abilities(b), backends.CanSubjects) {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			subject := rand.Text()
			mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour})
			c := newClient(t, nil)
			in(c, mw, func(_ *http.Request, s *sessions.Session) {
				check(t, s.SetSubject(subject))
				check(t, s.SetLabel("Firefox in Bern"))
			})
			in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.RegenerateID()) })
			list, err := mw.List(t.Context(), subject)
			if err != nil || len(list) != 1 {
				t.Fatalf("List: got %v, %v, want one device", list, err)
			}
			d := list[0]
			if age := time.Since(d.LastUsed); d.Label != "Firefox in Bern" || age < -time.Second || age > time.Minute {
				t.Errorf("got the label %q, used %v ago", d.Label, age)
			}
			in(c, mw, func(_ *http.Request, s *sessions.Session) {
				if got := s.Label(); got != "Firefox in Bern" {
					t.Errorf("Label: got %q", got)
				}
				for _, label := range []string{strings.Repeat("x", 256), "\xff"} {
					if err := s.SetLabel(label); err == nil || !strings.HasPrefix(err.Error(), "sessions: set label: ") {
						t.Errorf("a bad label: got %v, want an error", err)
					}
				}
			})
		})
	}
}

// TestDeviceLastUsed: the time of the last use follows the touches, and is unknown
// without an idle timeout.
func TestDeviceLastUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour, Lifetime: 3 * time.Hour})
		c := newClient(t, nil)
		used := func(mw *sessions.Middleware) time.Time {
			list, err := mw.List(t.Context(), "ada")
			if err != nil || len(list) != 1 {
				t.Fatalf("List: got %v, %v, want one device", list, err)
			}
			return list[0].LastUsed
		}
		in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) })
		for range 2 {
			time.Sleep(40 * time.Minute)
			in(c, mw, func(*http.Request, *sessions.Session) {})
			now := time.Now()
			time.Sleep(10 * time.Minute)
			if got := used(mw); now.Sub(got).Abs() > time.Minute {
				t.Errorf("used %v before the last request", now.Sub(got))
			}
		}
		for range 2 { // up to the last period before the deadline
			time.Sleep(35 * time.Minute)
			in(c, mw, func(*http.Request, *sessions.Session) {})
		}
		if got := time.Since(used(mw)); got < 0 || got > time.Hour {
			t.Errorf("in the last period: used %v ago, want an hour at most", got)
		}
		if got := used(newMiddleware(t, b, nil)); !got.IsZero() {
			t.Errorf("without an idle timeout: got %v, want the zero time", got)
		}
	})
}

// TestTransactOfADevice: an application changes another session of a user, and the
// user's own through the same call.
func TestTransactOfADevice(t *testing.T) {
	for _, k := range kinds {
		b := k.open(t)(t)
		if !slices.Contains(backends.Abilities(b), backends.CanSubjects) {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			const role sessions.Key[string] = "role"
			subject := rand.Text()
			mw := newMiddleware(t, b, nil)
			phone, laptop := newClient(t, nil), newClient(t, nil)
			for _, c := range []*client{phone, laptop} {
				in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.SetSubject(subject)) })
			}
			in(phone, mw, func(r *http.Request, s *sessions.Session) {
				list, err := mw.List(r.Context(), subject)
				check(t, err)
				for _, d := range list {
					check(t, mw.Transact(r.Context(), subject, d.PublicID, func(s *sessions.Session) error { return role.Set(s, "admin") }))
				}
				if got, err := role.Get(s); got != "admin" || err != nil {
					t.Errorf("the own session: got %q, %v, want admin", got, err)
				}
				id := s.PublicID()
				change := func(s *sessions.Session) error { return role.Set(s, "root") }
				if err := mw.Transact(r.Context(), "eve", id, change); !errors.Is(err, sessions.ErrNotFound) {
					t.Errorf("another user's session: got %v, want ErrNotFound", err)
				}
				if err := mw.Transact(r.Context(), subject, "unknown", change); !errors.Is(err, sessions.ErrNotFound) {
					t.Errorf("an unknown session: got %v, want ErrNotFound", err)
				}
			})
			for _, c := range []*client{phone, laptop} {
				in(c, mw, func(_ *http.Request, s *sessions.Session) {
					if got, err := role.Get(s); got != "admin" || err != nil {
						t.Errorf("got %q, %v, want admin", got, err)
					}
				})
			}
			id := func(c *client) (id string) {
				in(c, mw, func(_ *http.Request, s *sessions.Session) { id = s.PublicID() })
				return id
			}
			check(t, mw.Transact(t.Context(), subject, id(laptop), func(s *sessions.Session) error { return s.Destroy(t.Context()) }))
			if list, err := mw.List(t.Context(), subject); err != nil || len(list) != 1 || list[0].PublicID != id(phone) {
				t.Errorf("after Destroy: got %v, %v, want the phone", list, err)
			}
		})
	}
}

// TestTransactOfADeviceInASource: a session that has not moved yet cannot be changed
// through its public ID, and the caller hears of it.
func TestTransactOfADeviceInASource(t *testing.T) {
	old := memory.New(nil)
	c := newClient(t, nil)
	in(c, newMiddleware(t, old, nil), func(_ *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) })
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{Sources: []sessions.Source{{Backend: old}}})
	list, err := mw.List(t.Context(), "ada")
	if err != nil || len(list) != 1 {
		t.Fatalf("List: got %v, %v, want one device", list, err)
	}
	change := func(s *sessions.Session) error { return s.Set("k", 1) }
	if err := mw.Transact(t.Context(), "ada", list[0].PublicID, change); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}

// TestTransactOfAPendingDevice: a record that a request left behind on its way from a
// source is listed, but Transact does not complete the move: the session may have ended
// in the source.
func TestTransactOfAPendingDevice(t *testing.T) {
	b := memory.New(nil)
	data, err := serializer.Native(serializer.JSON).Pack(&serializer.Content{Subject: "ada", Created: time.Now(), Writes: [4]uint64{1, 2, 3, 2}})
	check(t, err)
	check(t, b.Swap(t.Context(), "id", nil, sessions.Record{Data: data, TTL: time.Hour, Subject: "ada"}))
	mw := newMiddleware(t, b, nil)
	list, err := mw.List(t.Context(), "ada")
	if err != nil || len(list) != 1 {
		t.Fatalf("List: got %v, %v, want one device", list, err)
	}
	change := func(s *sessions.Session) error { return s.Set("k", 1) }
	if err := mw.Transact(t.Context(), "ada", list[0].PublicID, change); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}
