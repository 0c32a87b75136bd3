package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// generatorVariable makes this program a load generator.
const generatorVariable = "BENCH_GENERATOR"

func TestMain(m *testing.M) {
	if os.Getenv(generatorVariable) != "" {
		runtime.GOMAXPROCS(1) // one core at most; the server may use all
		if err := generate(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// order is what a load generator is told, as JSON. It connects to Address, once for
// each of Cookies; without an address the first Connections of a server that it is
// connected to ask for Length.
type order struct {
	Address     string        `json:",omitempty"`
	Cookies     []string      `json:",omitempty"`
	Follow      bool          `json:",omitempty"` // take the cookies of answers
	Server      int           // 0 for the first that it connected to
	Connections int           `json:",omitempty"`
	Length      time.Duration `json:",omitempty"`
	Leave       bool          `json:",omitempty"` // all servers
}

// result is what it replies.
type result struct {
	Answers int
	Took    time.Duration
	Error   string `json:",omitempty"`
}

// generate carries out orders until there are no more.
func generate(in io.Reader, out io.Writer) error {
	orders, results := json.NewDecoder(in), json.NewEncoder(out)
	var servers [][]*browser
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var r result
		var err error
		switch {
		case o.Leave:
			for _, browsers := range servers {
				for _, b := range browsers {
					_ = b.conn.Close()
				}
			}
			servers = nil
		case o.Address != "":
			var browsers []*browser
			browsers, err = connect(o.Address, o.Cookies, o.Follow)
			servers = append(servers, browsers)
		default:
			r.Answers, r.Took, err = rush(servers[o.Server][:o.Connections], o.Length)
		}
		if err != nil {
			r.Error = err.Error()
		}
		if err := results.Encode(r); err != nil {
			return err
		}
	}
}

// browser is one connection with its visitor's cookie.
type browser struct {
	conn   net.Conn
	in     *bufio.Reader
	ask    []byte
	follow bool
}

func connect(address string, cookies []string, follow bool) ([]*browser, error) {
	var browsers []*browser
	for _, cookie := range cookies {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return browsers, err
		}
		b := &browser{conn: conn, in: bufio.NewReader(conn), follow: follow}
		b.carry([]byte(cookie))
		browsers = append(browsers, b)
	}
	return browsers, nil
}

// carry sets the cookie of the requests that follow.
func (b *browser) carry(cookie []byte) {
	b.ask = append(b.ask[:0], "GET / HTTP/1.1\r\nHost: localhost\r\n"...)
	if len(cookie) > 0 {
		b.ask = append(b.ask, "Cookie: "...)
		b.ask = append(b.ask, cookie...)
		b.ask = append(b.ask, "\r\n"...)
	}
	b.ask = append(b.ask, "\r\n"...)
}

// visit sends one request and reads the answer.
func (b *browser) visit() error {
	if _, err := b.conn.Write(b.ask); err != nil {
		return err
	}
	line, err := b.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.Contains(line, []byte(" 204 ")) {
		return fmt.Errorf("answered %q", line)
	}
	for len(line) > 2 {
		if line, err = b.in.ReadSlice('\n'); err != nil {
			return err
		}
		if set, found := bytes.CutPrefix(line, []byte("Set-Cookie: ")); found && b.follow {
			cookie, _, _ := bytes.Cut(set, []byte(";"))
			b.carry(cookie)
		}
	}
	return nil
}

// rush lets browsers ask for so long, and returns how many answers came.
func rush(browsers []*browser, length time.Duration) (answers int, took time.Duration, err error) {
	var over atomic.Bool
	var mu sync.Mutex
	var wait sync.WaitGroup
	began := time.Now()
	timer := time.AfterFunc(length, func() { over.Store(true) })
	defer timer.Stop()
	for _, b := range browsers {
		wait.Go(func() {
			n, failed := 0, error(nil)
			for failed == nil && !over.Load() {
				failed = b.visit()
				n++
			}
			mu.Lock()
			defer mu.Unlock()
			answers += n
			err = errors.Join(err, failed)
		})
	}
	wait.Wait()
	return answers, time.Since(began), err
}

// generator is a load generator in a process of its own.
type generator struct {
	tb      testing.TB
	orders  *json.Encoder
	results *json.Decoder
	servers int
}

func startGenerator(tb testing.TB) *generator {
	tb.Helper()
	program, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), generatorVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			tb.Errorf("the load generator: %v", err)
		}
	})
	return &generator{tb: tb, orders: json.NewEncoder(in), results: json.NewDecoder(out)}
}

// do has an order carried out.
func (g *generator) do(o order) result {
	g.tb.Helper()
	var r result
	if err := errors.Join(g.orders.Encode(o), g.results.Decode(&r)); err != nil {
		g.tb.Fatalf("the load generator: %v", err)
	}
	if r.Error != "" {
		g.tb.Fatal(r.Error)
	}
	return r
}

// join serves c, connects that many visitors, and returns the server's number.
func (g *generator) join(tb testing.TB, c *contestant, visitors int, follow bool) int {
	cookies := make([]string, visitors)
	for i := range cookies {
		cookies[i] = c.enter()
	}
	g.do(order{Address: serve(tb, c), Cookies: cookies, Follow: follow})
	g.servers++
	return g.servers - 1
}

// leave disconnects from all servers.
func (g *generator) leave() {
	g.do(order{Leave: true})
	g.servers = 0
}

// rate lets visitors of a server ask for so long, and returns the requests a second.
func (g *generator) rate(server, visitors int, length time.Duration) float64 {
	r := g.do(order{Server: server, Connections: visitors, Length: length})
	return float64(r.Answers) / r.Took.Seconds()
}

// serve is a real server for c, which ends with the test. It returns its address.
func serve(tb testing.TB, c *contestant) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if c.fast != nil {
		server := &fasthttp.Server{Handler: c.fast}
		go func() { _ = server.Serve(listener) }()
		tb.Cleanup(func() { _ = server.Shutdown() })
		return listener.Addr().String()
	}
	handler := c.handler
	if !c.answers {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.handler.ServeHTTP(w, r)
			w.WriteHeader(http.StatusNoContent)
		})
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	tb.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}
