package faults_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tally is a session in which several requests at a time count.
type tally struct {
	token string

	mu      sync.Mutex
	numbers map[int]bool // acknowledged
	highest int
	unknown int // requests of which nobody knows whether they counted
}

// leaver logs in, and logs out while another request of the session is under way.
type leaver struct {
	name   string
	graves graveyard
	late   atomic.Int64 // requests that came too late
}

// reply is what a visitor gets.
type reply struct {
	status         int
	token          string // from Set-Cookie, if any
	value          any
	started, ended time.Time
}

const demoUnavailable = `{"error":"sessions are not available at the moment: try again"}`

// ask sends a request to one of the processes and checks what every response has
// to fulfil. A form is posted; without one the request only looks.
func (d *demo) ask(path, token string, form url.Values, slow time.Duration) (r reply) {
	method := "POST"
	if form == nil {
		method = "GET"
	}
	request, err := http.NewRequest(method, d.urls[rand.IntN(len(d.urls))]+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.broken(cleanResponse, "%s: %v", path, err)
		return r
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		request.Header.Set("Cookie", cookieName+"="+token)
	}
	r.started = time.Now()
	res, err := d.client.Do(request)
	if err != nil {
		d.broken(cleanResponse, "%s: %v", path, err)
		return r
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	r.ended, r.status = time.Now(), res.StatusCode
	d.operations.Add(1)
	d.judgeWait(path, r.ended.Sub(r.started)-slow)
	for _, c := range res.Cookies() {
		if c.Name == cookieName && c.MaxAge >= 0 {
			r.token = c.Value
		}
	}
	var said struct{ Value, Error any }
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	r.value = said.Value
	clean := err == nil
	switch r.status {
	case http.StatusOK:
		clean = clean && said.Error == nil
		d.noteSuccess(r.started)
	case http.StatusServiceUnavailable:
		clean = clean && strings.TrimSpace(string(body)) == demoUnavailable && len(res.Cookies()) == 0 && res.Header.Get("Retry-After") != ""
		d.refused.Add(1)
	case http.StatusConflict:
		clean = clean && said.Error != nil && len(res.Cookies()) == 0
		d.conflicts.Add(1)
	default:
		clean = false
	}
	if !clean {
		d.broken(cleanResponse, "%s: %d with %q, %v", path, r.status, body, err)
	}
	return r
}

// pause waits between two requests, and reports whether to go on.
func (d *demo) pause() bool {
	time.Sleep(time.Millisecond + rand.N(4*time.Millisecond))
	return d.ctx.Err() == nil
}

// work lets everybody begin.
func (d *demo) work() {
	d.wait.Go(d.canary)
	for range 3 {
		c := &tally{numbers: make(map[int]bool)}
		first := d.ask("/incr", "", url.Values{"key": {"n"}}, 0)
		if first.status != http.StatusOK || first.value != 1.0 || first.token == "" {
			d.t.Fatalf("the first number is %v, with status %d", first.value, first.status)
		}
		c.token, c.highest, c.numbers[1] = first.token, 1, true
		d.counters = append(d.counters, c)
		for range 4 {
			d.wait.Go(func() { d.count(c) })
		}
	}
	for i := range 4 {
		l := &leaver{name: fmt.Sprint("user", i)}
		d.leavers = append(d.leavers, l)
		d.wait.Go(func() { d.comeAndGo(l) })
	}
}

// awaitWork waits until everybody has got something done.
func (d *demo) awaitWork() {
	d.t.Helper()
	busy := func() bool {
		for _, c := range d.counters {
			c.mu.Lock()
			n := len(c.numbers)
			c.mu.Unlock()
			if n < 20 {
				return false
			}
		}
		for _, l := range d.leavers {
			if len(l.graves.all()) == 0 {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(30 * time.Second); !busy(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatal("not everybody gets to work")
		}
	}
}

// count takes one number after another. None is given out twice, and none is
// lower than one that was acknowledged before it was asked for.
func (d *demo) count(c *tally) {
	for d.pause() {
		c.mu.Lock()
		floor := c.highest
		c.mu.Unlock()
		r := d.ask("/incr", c.token, url.Values{"key": {"n"}}, 0)
		c.mu.Lock()
		switch r.status {
		case http.StatusOK:
			number, _ := r.value.(float64)
			n := int(number)
			if c.numbers[n] || n <= floor {
				d.broken(noLostUpdate, "the number %d was given out after %d, and before: %v", n, floor, c.numbers[n])
			}
			if r.token != "" {
				d.broken(cookieSurvives, "/incr finds no session, and nobody ended it")
			}
			c.numbers[n] = true
			c.highest = max(c.highest, n)
		case http.StatusServiceUnavailable:
			c.unknown++
		case http.StatusConflict:
			d.broken(cookieSurvives, "/incr says that the session has ended, and nobody ended it")
		}
		c.mu.Unlock()
	}
}

// comeAndGo logs in, and out while a slow request is under way, over and over.
func (d *demo) comeAndGo(l *leaver) {
	for d.pause() {
		in := d.ask("/login", "", url.Values{"user": {l.name}}, 0)
		if in.status != http.StatusOK {
			continue
		}
		takes := 10*time.Millisecond + rand.N(200*time.Millisecond)
		var slow reply
		var under sync.WaitGroup
		under.Go(func() {
			form := url.Values{"key": {"slow"}, "value": {"1"}, "ms": {strconv.FormatInt(takes.Milliseconds(), 10)}}
			slow = d.ask("/slow", in.token, form, takes)
		})
		time.Sleep(rand.N(takes))
		out, certain := d.logOut(in.token)
		under.Wait()
		if !certain {
			continue
		}
		l.graves.bury(in.token)
		late := slow.started.Add(takes.Truncate(time.Millisecond)).After(out.ended) // it stored after the logout
		switch {
		case slow.status == http.StatusConflict:
			l.late.Add(1)
		case slow.status == http.StatusOK && slow.token != "":
			// It came so late that it found no session, and began another one.
			d.mustBeAnonymous(l, slow.token)
		case slow.status == http.StatusOK && late:
			d.broken(noResurrection, "%s: /slow stored in a session that was ended", l.name)
		}
		tokens := l.graves.all()
		d.mustBeAnonymous(l, tokens[rand.IntN(len(tokens))])
	}
}

// logOut tries until it is certain that the session has ended.
func (d *demo) logOut(token string) (r reply, certain bool) {
	for {
		if r = d.ask("/logout", token, url.Values{}, 0); r.status == http.StatusOK {
			return r, true
		}
		if !d.pause() {
			return r, false
		}
	}
}

// mustBeAnonymous looks whose session a token leads to. It must be nobody's.
func (d *demo) mustBeAnonymous(l *leaver, token string) (status int) {
	r := d.ask("/get?key=user", token, nil, 0)
	if r.status == http.StatusOK && r.value != nil {
		d.broken(noResurrection, "%s: a session that was ended is there", l.name)
	}
	return r.status
}

// verify compares what is stored with what was acknowledged.
func (d *demo) verify() {
	for _, c := range d.counters {
		r := d.ask("/get?key=n", c.token, nil, 0)
		n, _ := r.value.(float64)
		if least := len(c.numbers); r.status == http.StatusOK && (int(n) < max(least, c.highest) || int(n) > least+c.unknown) {
			d.broken(noLostUpdate, "the count is %v; %d numbers up to %d were acknowledged, and %d are in doubt", n, least, c.highest, c.unknown)
		}
		if r.status != http.StatusOK {
			d.broken(quickRecovery, "%d after the end", r.status)
		}
	}
	for _, l := range d.leavers {
		for _, token := range l.graves.all() {
			if status := d.mustBeAnonymous(l, token); status != http.StatusOK {
				d.broken(quickRecovery, "%d after the end", status)
			}
		}
	}
}
