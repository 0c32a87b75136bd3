package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// user is a person with a browser and several tabs.
type user struct {
	w        *world
	name     string
	restless bool // changes the ID and logs out, and not only writes
	life     atomic.Pointer[life]
	graves   graveyard
	written  atomic.Int64 // acknowledged
}

// start lets everybody begin.
func (w *world) start() {
	w.wait.Go(w.canary)
	for i := range w.plan.users {
		u := &user{w: w, name: fmt.Sprint("user", i), restless: i%2 == 1}
		w.users = append(w.users, u)
		for _, work := range []func(){u.live, u.count, u.probe, func() { u.write("a") }, func() { u.write("b") }} {
			w.wait.Go(work)
		}
	}
}

// pause waits between two requests, and reports whether to go on.
func (u *user) pause() bool {
	time.Sleep(u.w.quiet/2 + rand.N(u.w.quiet))
	return u.w.ctx.Err() == nil
}

// write sets one key to one number after another.
func (u *user) write(key string) {
	for value := 1; u.pause(); value++ {
		l := u.life.Load()
		if l == nil {
			continue
		}
		before := l.see()
		r := u.w.do("/set", before.token, url.Values{"key": {key}, "value": {strconv.Itoa(value)}})
		u.check("/set", l, before, r)
		known := l.keys[key]
		switch r.status {
		case http.StatusOK:
			if !known.explains(r.Old) {
				u.w.brokenBy(known.acknowledged-r.Old, noLostUpdate, "%s: key %s was %d; %d was acknowledged and %v tried", u.name, key, r.Old, known.acknowledged, known.tried)
			}
			known.acknowledge(value)
			u.written.Add(1)
		case http.StatusServiceUnavailable:
			known.doubt(value)
		}
	}
}

// count adds one to a number again and again.
func (u *user) count() {
	for u.pause() {
		l := u.life.Load()
		if l == nil {
			continue
		}
		before := l.see()
		r := u.w.do("/count", before.token, nil)
		u.check("/count", l, before, r)
		switch r.status {
		case http.StatusOK:
			if r.N <= l.n.last || !l.n.explains(r.N-1) {
				u.w.brokenBy(l.n.last+1-r.N, noLostUpdate, "%s: counted to %d after %d with %d in doubt", u.name, r.N, l.n.last, l.n.doubtful)
			}
			l.n = counter{last: r.N}
			u.written.Add(1)
		case http.StatusServiceUnavailable:
			l.n.doubtful++
		}
	}
}

// check looks at what a response says of whose session it is, and whether there
// is one.
func (u *user) check(path string, l *life, before view, r response) {
	switch r.status {
	case http.StatusOK:
		if r.User != u.name {
			u.w.broken(noMixUp, "%s: %s got the session of %q", u.name, path, r.User)
		}
		if u.graves.dead(before.token, r.started) && u.graves.rises(before.token) {
			u.w.broken(noResurrection, "%s: %s works with a session that was ended", u.name, path)
		}
	case http.StatusUnauthorized:
		if u.misses(l) && throughout(before, l.see()) && !u.w.forgets {
			u.w.broken(cookieSurvives, "%s: %s finds no session, and nobody ended it", u.name, path)
		}
	}
}

// misses reports whether it is news that a life is over. Where the store may lose
// sessions the user begins another one.
func (u *user) misses(l *life) bool {
	return !u.w.forgets && !u.w.loses || u.life.CompareAndSwap(l, nil)
}

// live logs in, and, if the user is restless, changes the ID and logs out, over
// and over.
func (u *user) live() {
	for u.pause() {
		l := u.life.Load()
		if l == nil {
			u.login()
			continue
		}
		if !u.restless {
			continue
		}
		for range 3 + rand.IntN(10) {
			u.pause()
		}
		if rand.IntN(4) == 0 || l.see().sure == false {
			u.logout(l)
		} else {
			u.rotate(l)
		}
	}
}

func (u *user) login() {
	r := u.w.do("/login", "", url.Values{"user": {u.name}, "size": {strconv.Itoa(u.w.ballast)}})
	if r.status != http.StatusOK {
		return
	}
	if r.token == "" {
		u.w.broken(cleanResponse, "%s: /login sets no cookie", u.name)
		return
	}
	u.life.Store(&life{token: r.token, keys: map[string]*ledger{"a": {}, "b": {}}})
}

func (u *user) rotate(l *life) {
	before := l.see()
	token := l.move()
	r := u.w.do("/rotate", token, nil)
	switch r.status {
	case http.StatusOK:
		if r.token == "" {
			u.w.broken(cleanResponse, "%s: /rotate sets no cookie", u.name)
			return
		}
		u.graves.bury(token)
		l.moved(func() { l.token = r.token })
	case http.StatusServiceUnavailable:
		l.moved(func() { l.doubt = true })
	case http.StatusUnauthorized:
		if u.misses(l) && before.sure && !u.w.forgets {
			u.w.broken(cookieSurvives, "%s: /rotate finds no session, and nobody ended it", u.name)
		}
		l.moved(func() { l.doubt = true })
	default:
		l.moved(func() {})
	}
}

// logout tries until it is certain that the session has ended.
func (u *user) logout(l *life) {
	token := l.move()
	for {
		r := u.w.do("/logout", token, nil)
		if r.status == http.StatusOK || r.status == http.StatusUnauthorized {
			break
		}
		if !u.pause() {
			l.moved(func() { l.doubt = true })
			return
		}
	}
	u.graves.bury(token)
	l.moved(func() { l.over = true })
	u.life.Store(nil)
}

// probe tries old tokens.
func (u *user) probe() {
	for u.pause() {
		tokens := u.graves.all()
		if len(tokens) == 0 {
			continue
		}
		token := tokens[rand.IntN(len(tokens))]
		if r := u.w.do("/all", token, nil); r.status == http.StatusOK && u.graves.dead(token, r.started) && u.graves.rises(token) {
			u.w.broken(noResurrection, "%s: a session that was ended is %q's again", u.name, r.User)
		}
	}
}

// verify compares what is stored with what the user was told, when all work has
// ended and the store is well.
func (u *user) verify() {
	for _, token := range u.graves.all() {
		if r := u.w.do("/all", token, nil); r.status == http.StatusOK && u.graves.rises(token) {
			u.w.broken(noResurrection, "%s: at the end a session that was ended is there", u.name)
		}
	}
	l := u.life.Load()
	if l == nil {
		return
	}
	before := l.see()
	r := u.w.do("/all", before.token, nil)
	u.check("/all", l, before, r)
	switch r.status {
	case http.StatusOK:
		for key, known := range l.keys {
			if !known.explains(r.Values[key]) {
				u.w.broken(noLostUpdate, "%s: at the end key %s is %d; %d was acknowledged and %v tried", u.name, key, r.Values[key], known.acknowledged, known.tried)
			}
		}
		if n := r.Values[string(countKey)]; !l.n.explains(n) {
			u.w.broken(noLostUpdate, "%s: at the end the count is %d; %d was acknowledged and %d are in doubt", u.name, n, l.n.last, l.n.doubtful)
		}
	case http.StatusServiceUnavailable:
		u.w.broken(quickRecovery, "%s: 503 after the end", u.name)
	}
}
