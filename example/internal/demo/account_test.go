package demo

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type deviceList struct {
	Devices []struct {
		ID      string
		Created time.Time
		Current bool
	}
}

func (v *visitor) session() (id string) {
	v.t.Helper()
	var s struct{ ID string }
	v.get("/session").decode(v.t, &s)
	return s.ID
}

// TestLogin wants a new ID, and the old one to be worthless.
func TestLogin(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		v.post("/set", "key", "a", "value", "1")
		attacker, before := v.copy(), v.session()
		v.post("/login", "user", "Ada “L”").want(t, 200, `{"user":"Ada “L”"}`)
		if got, want := v.values(), `{"a":1,"user":"Ada “L”"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if s.stateless {
			return
		}
		if after := v.session(); after == before {
			t.Error("the ID is the same as before the login")
		}
		if got := attacker.values(); got != `{}` {
			t.Errorf("the old ID still leads to %s", got)
		}
		if got := attacker.post("/set", "key", "a", "value", "2"); got.status != 409 || got.header["Set-Cookie"] != nil {
			t.Errorf("the old ID stores something: got %d %s %v", got.status, got.body, got.header["Set-Cookie"])
		}
	})
}

func TestDevices(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		a, b, c, other := program(t, url), program(t, url), program(t, url), program(t, url)
		a.get("/devices").want(t, 401, `{"error":"log in first"}`)
		a.post("/revoke", "which", "all").want(t, 401, `{"error":"log in first"}`)
		for _, v := range []*visitor{a, b, c} {
			v.post("/login", "user", "ada")
		}
		other.post("/login", "user", "bob")
		if s.stateless {
			a.get("/devices").want(t, 501, `{"error":"this backend does not support that"}`)
			a.post("/revoke", "which", "all").want(t, 501, `{"error":"this backend does not support that"}`)
			return
		}

		var list deviceList
		a.get("/devices").decode(t, &list)
		if len(list.Devices) != 3 || !list.Devices[0].Current || list.Devices[0].ID != a.session() || list.Devices[1].Current {
			t.Fatalf("got %+v", list)
		}
		for _, d := range list.Devices {
			if age := time.Since(d.Created); age < 0 || age > time.Minute {
				t.Errorf("created %v ago", age)
			}
		}

		a.post("/revoke", "which", "one").want(t, 400, `{"error":"the field \"id\" is missing"}`)
		a.post("/revoke", "which", "one", "id", other.session()).want(t, 200, `{"revoked":0}`)
		a.post("/revoke", "which", "one", "id", c.session()).want(t, 200, `{"revoked":1}`)
		c.get("/devices").want(t, 401, `{"error":"log in first"}`)
		b.post("/revoke", "which", "others").want(t, 200, `{"revoked":1}`)
		if got := a.values(); got != `{}` {
			t.Errorf("a revoked session holds %s", got)
		}
		if got, want := b.values(), `{"user":"ada"}`; got != want {
			t.Errorf("the one that revoked holds %s, want %s", got, want)
		}
		a.post("/login", "user", "ada")
		last := b.post("/revoke", "which", "all")
		last.want(t, 200, `{"revoked":2}`)
		if s.inHeader && last.header.Get("Authorization") != "Bearer" || !s.inHeader && !strings.Contains(last.header.Get("Set-Cookie"), "=; Expires=Thu, 01 Jan 1970") {
			t.Errorf("the token is not deleted: %v", last.header)
		}
		for _, v := range []*visitor{a, b} {
			if got := v.values(); got != `{}` {
				t.Errorf("a revoked session holds %s", got)
			}
		}
		if got, want := other.values(), `{"user":"bob"}`; got != want {
			t.Errorf("another visitor's session holds %s, want %s", got, want)
		}
	})
}

// TestNameIsNoLogin stores a name by hand, which must not open anybody's list.
func TestNameIsNoLogin(t *testing.T) {
	url := start(t)
	program(t, url).post("/login", "user", "ada")
	v := program(t, url)
	v.post("/set", "key", "user", "value", `"ada"`)
	v.get("/devices").want(t, 401, `{"error":"log in first"}`)
	v.post("/revoke", "which", "all").want(t, 401, `{"error":"log in first"}`)
}

// TestEveryNumberOnce counts with many requests at once. Each one that is served gets a
// number of its own.
func TestEveryNumberOnce(t *testing.T) {
	onServers(t, func(t *testing.T, url string, reads chan struct{}) {
		v := program(t, url)
		v.post("/login", "user", "ada")
		const n = 50
		var group sync.WaitGroup
		var late atomic.Int32 // requests that a busy machine did not serve in time, and that may have counted
		seen := make(chan int, n)
		for range n {
			c := v.copy()
			group.Go(func() {
				var result struct{ Value int }
				got := c.post("/incr", "key", "n")
				switch err := json.Unmarshal([]byte(got.body), &result); {
				case got.status == 503:
					late.Add(1)
				case err != nil || got.status != 200:
					t.Errorf("got %d %s", got.status, got.body)
				default:
					seen <- result.Value
				}
			})
		}
		group.Wait()
		close(seen)
		numbers, served := map[int]bool{}, n-int(late.Load())
		for value := range seen {
			numbers[value] = true
		}
		if len(numbers) != served || served < n/5 {
			t.Errorf("%d of %d requests were served, and got %d different numbers", served, n, len(numbers))
		}
		var stored struct{ Value int }
		v.get("/get?key=n").decode(t, &stored)
		if stored.Value < served || stored.Value > n {
			t.Errorf("counted %d, want %d to %d", stored.Value, served, n)
		}
	})
}

// TestLogoutIsFinal logs out while another request is about to write.
func TestLogoutIsFinal(t *testing.T) {
	onServers(t, func(t *testing.T, url string, reads chan struct{}) {
		for _, revoke := range []func(*visitor) answer{
			func(v *visitor) answer { return v.post("/logout") },
			func(v *visitor) answer { return v.post("/revoke", "which", "all") },
			func(v *visitor) answer { return v.post("/login", "user", "eve") },
		} {
			v := program(t, url)
			v.post("/login", "user", "ada").want(t, 200, `{"user":"ada"}`)
			slow, after := v.copy(), v.copy()
			result := make(chan answer, 1)
			drain(reads)
			go func() { result <- slow.post("/slow", "key", "k", "value", "1", "ms", "700") }()
			await(t, reads, result)
			if got := revoke(v); got.status != 200 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if got := <-result; got.status != 409 || got.header["Set-Cookie"] != nil || got.header["Authorization"] != nil {
				t.Errorf("the slow request: got %d %s %v", got.status, got.body, got.header)
			}
			if got := after.values(); got != `{}` {
				t.Errorf("the old token leads to %s", got)
			}
		}
	})
}

// TestDifferentKeys changes two keys of one session at once.
func TestDifferentKeys(t *testing.T) {
	onServers(t, func(t *testing.T, url string, reads chan struct{}) {
		v := program(t, url)
		v.post("/login", "user", "ada").want(t, 200, `{"user":"ada"}`)
		result := make(chan answer, 1)
		slow := v.copy()
		drain(reads)
		go func() { result <- slow.post("/slow", "key", "a", "value", "1", "ms", "700") }()
		await(t, reads, result)
		v.post("/set", "key", "b", "value", "2").want(t, 200, done)
		(<-result).want(t, 200, done)
		if got, want := v.values(), `{"a":1,"b":2,"user":"ada"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// await waits until the slow request has read its session, which it never does
// if the store is too busy to answer.
func await(t *testing.T, reads chan struct{}, result chan answer) {
	t.Helper()
	select {
	case <-reads:
	case got := <-result:
		t.Fatalf("the slow request read nothing: %d %s", got.status, got.body)
	}
}

// drain forgets about a read that was earlier.
func drain(reads chan struct{}) {
	select {
	case <-reads:
	default:
	}
}
