package faults_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestF3_RedisNoFalseConflict: the only request that changes a session meets no
// conflict, wherever the reply to a commit is cut off: the commit recognises
// its own work. What it reports is so.
func TestF3_RedisNoFalseConflict(t *testing.T) {
	net, url := before(t, services.RedisServer(t, services.RedisOptions{}).URL())
	b, err := redis.Open(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	mw, err := sessions.New(b, &sessions.Config{RefuseConflicts: true, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	// The network breaks when the session is loaded, so that the commit is hit,
	// and is well again when the commit looks what happened.
	var mended sync.WaitGroup
	handler := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		old, _ := countKey.Get(s)
		if value, err := strconv.Atoi(r.FormValue("set")); err == nil {
			countKey.Set(s, value)
		}
		if bytes, err := strconv.Atoi(r.FormValue("cut")); err == nil {
			net.poison(cut(bytes))
			mended.Go(func() {
				time.Sleep(20 * time.Millisecond)
				net.mend()
			})
		}
		io.WriteString(w, strconv.Itoa(old)) // commits
	}))
	token := ""
	visit := func(query string) (status, value int) {
		r, w := httptest.NewRequest("GET", "/?"+query, nil), httptest.NewRecorder()
		r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
		handler.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			token = c.Value
		}
		value, _ = strconv.Atoi(strings.TrimSpace(w.Body.String()))
		return w.Code, value
	}
	if status, _ := visit("set=0"); status != http.StatusOK {
		t.Fatalf("got %d, want 200", status)
	}
	stored, healed := 0, 0
	for bytes := range 65 {
		want := 1000 + bytes
		status, _ := visit("set=" + strconv.Itoa(want) + "&cut=" + strconv.Itoa(bytes))
		mended.Wait()
		_, got := visit("")
		switch {
		case status == http.StatusOK && got != want:
			t.Errorf("cut after %d bytes: %d is stored, want %d, which was acknowledged", bytes, got, want)
		case status == http.StatusServiceUnavailable && got != want && got != stored:
			t.Errorf("cut after %d bytes: %d is stored, want %d or %d", bytes, got, stored, want)
		case status != http.StatusOK && status != http.StatusServiceUnavailable:
			t.Errorf("cut after %d bytes: got %d, want 200 or 503", bytes, status)
		}
		if status == http.StatusOK {
			healed++
		}
		stored = got
	}
	if healed == 0 {
		t.Error("no commit found out what happened to it")
	}
	t.Logf("%d of 65 commits found out that they were carried out", healed)
}
