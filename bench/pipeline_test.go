package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// swapByHand is what a program without this library might write.
const swapByHand = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

// floorRedis is a handler by hand: the same commands over the same client, each
// sent by itself.
func floorRedis(tb testing.TB, client goredis.UniversalClient, what string) func() contestant {
	hash, err := client.ScriptLoad(tb.Context(), swapByHand).Result()
	must(err)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Cookie"}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 2*time.Second)
		defer cancel()
		key := "floor:" + cookieValue(r, "session")
		data, err := client.Get(ctx, key).Bytes()
		must(err)
		start, end := scan(data, "n")
		n, _ := strconv.Atoi(string(data[start:end]))
		sink = n
		if what == "write" {
			next := slices.Concat(data[:start], strconv.AppendInt(nil, int64(n+1), 10), data[end:])
			done, err := client.EvalSha(ctx, hash, []string{key}, data, next, time.Hour.Milliseconds()).Int()
			must(err)
			if done != 1 {
				panic("a conflict")
			}
		}
	})
	return func() contestant {
		id := newToken()
		must(client.Set(tb.Context(), "floor:"+id, objectOf(values(3)), time.Hour).Err())
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: "session", Value: id})
		return contestant{name: "floor", handler: handler, request: r}
	}
}

// scsRedis is a store of scs, with the commands of its goredisstore.
type scsRedis struct{ client goredis.UniversalClient }

func (s scsRedis) Find(token string) ([]byte, bool, error) {
	b, err := s.client.Get(context.Background(), "scs:"+token).Bytes()
	if errors.Is(err, goredis.Nil) {
		return nil, false, nil
	}
	return b, err == nil, err
}

func (s scsRedis) Commit(token string, b []byte, expiry time.Time) error {
	return s.client.Set(context.Background(), "scs:"+token, b, time.Until(expiry)).Err()
}

func (s scsRedis) Delete(token string) error {
	return s.client.Del(context.Background(), "scs:"+token).Err()
}

// inRedis returns a function that makes visitors of one contestant. All have the
// same handler.
func inRedis(tb testing.TB, name, url, what string) func() contestant {
	client, err := redis.Client(url)
	must(err)
	switch name {
	case "floor":
		return floorRedis(tb, client, what)
	case "scs":
		return func() contestant { return scsOnStore(tb, scsRedis{client}, what, values(3)) }
	}
	b := redis.New(client, &redis.Options{Prefix: "pipelines:"})
	if name == "sessions" {
		b, err = redis.Open(url, &redis.Options{Prefix: "pipelines:"})
		must(err)
	}
	return func() contestant { return oursOn(tb, b, what, values(3)) }
}

// TestServeRedis is a server in a process of its own, which TestRedisPipelines starts.
func TestServeRedis(t *testing.T) {
	task := strings.Split(os.Getenv("BENCH_SERVE"), ",")
	if len(task) != 3 {
		t.Skip("TestRedisPipelines runs this in a process of its own")
	}
	visitor := inRedis(t, task[0], task[2], task[1])
	handler := visitor().handler
	var cookies []string
	for range 64 {
		cookies = append(cookies, visitor().request.Header.Get("Cookie"))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	fmt.Println(server.Listener.Addr(), strings.Join(cookies, "|"))
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the parent closes it
}

// served is such a server, and the connections to it.
type served struct {
	process     *exec.Cmd
	connections []net.Conn
	asks        [][]byte
	answers     int64
	rates       []float64
}

// serveRedis starts a server with one processor.
func serveRedis(t *testing.T, name, what, url string, connections int) (s *served, stop func()) {
	t.Helper()
	s = &served{process: exec.Command(os.Args[0], "-test.run=^TestServeRedis$")}
	if path, err := exec.LookPath("taskset"); err == nil {
		s.process = exec.Command(path, append([]string{"-c", "0"}, s.process.Args...)...)
	}
	s.process.Env = append(os.Environ(), "GOMAXPROCS=1", "BENCH_SERVE="+name+","+what+","+url)
	s.process.Stderr = os.Stderr
	in, err := s.process.StdinPipe()
	must(err)
	out, err := s.process.StdoutPipe()
	must(err)
	must(s.process.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server said %q, %v", line, err)
	}
	addr, cookies, _ := strings.Cut(strings.TrimSpace(line), " ")
	for _, cookie := range strings.Split(cookies, "|")[:connections] {
		conn, err := net.Dial("tcp", addr)
		must(err)
		s.connections = append(s.connections, conn)
		s.asks = append(s.asks, fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", cookie))
	}
	return s, func() {
		for _, conn := range s.connections {
			_ = conn.Close()
		}
		_ = in.Close()
		_ = s.process.Wait()
	}
}

// turn asks for so long on all connections, each with a session of its own.
func (s *served) turn(tb testing.TB, length time.Duration) {
	tb.Helper()
	var answers atomic.Int64
	var wait sync.WaitGroup
	start := time.Now()
	for i, conn := range s.connections {
		wait.Go(func() {
			in := bufio.NewReader(conn)
			for time.Since(start) < length {
				if _, err := conn.Write(s.asks[i]); err != nil {
					tb.Error(err)
					return
				}
				line, err := in.ReadSlice('\n')
				if err != nil || !bytes.Contains(line, []byte(" 204 ")) {
					tb.Errorf("answered %q, %v", line, err)
					return
				}
				for len(line) > 2 {
					if line, err = in.ReadSlice('\n'); err != nil {
						tb.Error(err)
						return
					}
				}
				answers.Add(1)
			}
		})
	}
	wait.Wait()
	s.answers += answers.Load()
	s.rates = append(s.rates, float64(answers.Load())/time.Since(start).Seconds())
}

// TestRedisPipelines is what a server with one processor does on loopback, at its
// median of turns that the contestants take alternately, and the time of its
// processor for one request.
func TestRedisPipelines(t *testing.T) {
	turns, length := 15, 400*time.Millisecond
	if testing.Short() {
		turns, length = 1, 20*time.Millisecond
	}
	url := services.Redis(t)
	names := []string{"floor", "sessions", "without pipelines", "scs"}
	for _, row := range []struct {
		what        string
		connections int
		floor       float64 // at least so many times its requests for the same time of the processor
		scs         float64
		single      float64 // of ours without pipelines
	}{
		{"read", 64, 1.15, 2, 0},
		{"write", 64, 1, 2, 0},
		{"read", 1, 0, 0, 0.98},
		{"write", 1, 0, 0, 0.98},
	} {
		list := make([]*served, len(names))
		stops := make([]func(), len(names))
		for i, name := range names {
			list[i], stops[i] = serveRedis(t, name, row.what, url, row.connections)
		}
		for range turns {
			for _, s := range list {
				s.turn(t, length)
			}
		}
		cost := make(map[string]float64)
		for i, s := range list {
			stops[i]()
			state := s.process.ProcessState
			cost[names[i]] = float64((state.UserTime() + state.SystemTime()).Nanoseconds()) / 1000 / float64(s.answers)
			slices.Sort(s.rates)
			t.Logf("Redis, %s, %d connections: %s: %.0f requests a second, %.1f µs of the processor for each",
				row.what, row.connections, names[i], s.rates[len(s.rates)/2], cost[names[i]])
		}
		for peer, least := range map[string]float64{"floor": row.floor, "scs": row.scs, "without pipelines": row.single} {
			if got := cost[peer] / cost["sessions"]; got < least && os.Getenv("BUDGETS") != "" {
				t.Errorf("%s, %d connections: %.2f times what %s does with the same processor time, the budget is %.2f", row.what, row.connections, got, peer, least)
			}
		}
	}
}
