package postgres_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
)

// R13, E7: browsers that hang up while their sessions are read and stored destroy
// no connection: the pool would have to open another one for each.
func TestR13_E7_AbortedRequestsKeepTheirConnections(t *testing.T) {
	const clients, rounds = 20, 5
	d := open(t)
	pool := newPool(t, d.url+"&pool_max_conns=20")
	b := postgres.New(pool, &postgres.Options{SweepEvery: never})
	defer b.Close()
	mw, err := sessions.New(b, &sessions.Config{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var tokens [clients]string
	visit := func(ctx context.Context, i int) {
		r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-session", Value: tokens[i]})
		w := httptest.NewRecorder()
		mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := sessions.Load(r.Context())
			if err == nil {
				_, err = sessions.Key[int]("n").Update(s, func(n int) (int, error) { return n + 1, nil })
			}
			if err != nil {
				t.Error(err)
			}
		})).ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
		for _, c := range w.Result().Cookies() {
			tokens[i] = c.Value
		}
	}
	together(clients, func(i int) { visit(t.Context(), i) })
	before := pool.Stat().NewConnsCount()
	for range rounds {
		// Nobody gets anything while the table is locked, and then they leave.
		lock, err := d.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.Exec(t.Context(), `LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() {
			defer close(done)
			together(clients, func(i int) { visit(ctx, i) })
		}()
		for waiting := 0; waiting < clients; {
			waiting = get[int](d, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		}
		leave()
		if err := lock.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-done
	}
	if n := pool.Stat().NewConnsCount() - before; n > clients*rounds/50 {
		t.Errorf("%d connections were opened for %d aborted requests", n, clients*rounds)
	}
}
