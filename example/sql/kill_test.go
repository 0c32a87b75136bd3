package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

// visitor is someone with one session, in which several requests at a time count.
type visitor struct {
	token string
	mu    sync.Mutex
	last  int // the highest number that was acknowledged
	tries int // requests of which nobody knows whether they counted
}

// client asks the demonstration, whether it runs or not.
type client struct {
	url  string
	http http.Client
}

// post returns the value in the answer, and a new token if there is one. Only a
// status of 200 is ok.
func (c *client) post(path, token string, form url.Values) (value any, newToken string, ok bool) {
	method := "POST"
	if form == nil {
		method = "GET"
	}
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", false
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		r.Header.Set("Cookie", "__Host-session="+token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, "", false
	}
	defer res.Body.Close()
	var answer struct{ Value any }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != 200 {
		return nil, "", false
	}
	for _, cookie := range res.Cookies() {
		newToken = cookie.Value
	}
	return answer.Value, newToken, true
}

// TestKilled: the demonstration is killed ten times under load. Everyone who had a
// session still has it, with every number that was acknowledged, and who has
// logged out stays so.
func TestKilled(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sql")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, test := range []struct {
		name string
		args func(t *testing.T) []string
	}{
		{"sqlite", func(t *testing.T) []string {
			return []string{"-backend", "sqlite", "-sqlite", filepath.Join(t.TempDir(), "sessions.db")}
		}},
		{"mysql", func(t *testing.T) []string { return []string{"-backend", "mysql", "-mysql", services.MariaDB(t)} }},
	} {
		t.Run(test.name, func(t *testing.T) { killTenTimes(t, program, test.args(t)) })
	}
}

func killTenTimes(t *testing.T, program string, args []string) {
	port := process.Port(t)
	c := &client{url: "http://" + process.Address(port)}
	c.http.Timeout = 10 * time.Second
	demo := process.Start(t, program, process.Options{
		Args: append([]string{"-addr", process.Address(port)}, args...),
		Ready: func() error {
			res, err := http.Get(c.url + "/healthz")
			if err == nil {
				res.Body.Close()
			}
			return err
		},
	})
	var visitors []*visitor
	for range 3 {
		_, token, ok := c.post("/incr", "", url.Values{"key": {"n"}})
		if !ok || token == "" {
			t.Fatal("no session")
		}
		visitors = append(visitors, &visitor{token: token, last: 1})
	}

	var ended atomic.Bool
	var wait sync.WaitGroup
	for _, v := range visitors {
		for range 2 {
			wait.Go(func() {
				for !ended.Load() {
					n, token, ok := c.post("/incr", v.token, url.Values{"key": {"n"}})
					v.mu.Lock()
					if number, _ := n.(float64); ok {
						v.last = max(v.last, int(number))
					} else {
						v.tries++
					}
					v.mu.Unlock()
					if token != "" {
						t.Error("a visitor has lost the session")
						return
					}
				}
			})
		}
	}
	var out []string // tokens of who has logged out
	wait.Go(func() {
		for i := 0; !ended.Load(); i++ {
			_, token, ok := c.post("/login", "", url.Values{"user": {fmt.Sprint("user", i)}})
			if !ok {
				continue
			}
			if _, _, ok := c.post("/logout", token, url.Values{}); ok {
				out = append(out, token)
			}
		}
	})

	for range 10 {
		time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond)) //rules:allow because it is the time between two faults
		if err := demo.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	ended.Store(true)
	wait.Wait()

	for _, v := range visitors {
		n, _, ok := c.post("/get?key=n", v.token, nil)
		if number, _ := n.(float64); !ok || int(number) < v.last || int(number) > v.last+v.tries+2 {
			t.Errorf("the number is %v; %d was acknowledged, and %d requests failed", n, v.last, v.tries)
		}
		if v.last < 20 || v.tries == 0 {
			t.Errorf("only %d numbers, %d failures: nothing was tried", v.last, v.tries)
		}
	}
	for _, token := range out {
		if user, _, ok := c.post("/get?key=user", token, nil); !ok || user != nil {
			t.Errorf("a session that was ended is there: %v, %v", user, ok)
		}
	}
	if len(out) < 10 {
		t.Errorf("only %d have logged out", len(out))
	}
	t.Logf("numbers up to %d, %d logouts", visitors[0].last, len(out))
}
