package fibersessions_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/timeout"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestEveryWayToAnswer: however a handler of Fiber answers, the session is saved, and
// the response carries the session's header lines beside its own.
func TestEveryWayToAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(c fiber.Ctx) error
		status int
		text   string
	}{
		"nothing":   {func(fiber.Ctx) error { return nil }, 200, ""},
		"status":    {func(c fiber.Ctx) error { return c.SendStatus(204) }, 204, ""},
		"string":    {func(c fiber.Ctx) error { return c.Status(201).SendString("page") }, 201, "page"},
		"json":      {func(c fiber.Ctx) error { return c.JSON(fiber.Map{"a": 1}) }, 200, `{"a":1}`},
		"redirect":  {func(c fiber.Ctx) error { return c.Redirect().To("/who") }, 303, ""},
		"error":     {func(fiber.Ctx) error { return fiber.NewError(422, "bad field") }, 422, "bad field"},
		"not found": {func(c fiber.Ctx) error { return c.Next() }, 404, "Not Found"},
		"stream": {func(c fiber.Ctx) error {
			return c.SendStreamWriter(func(w *bufio.Writer) {
				for n := range 3 {
					fmt.Fprint(w, n)
					_ = w.Flush()
				}
			})
		}, 200, "012"},
	} {
		t.Run(name, func(t *testing.T) {
			var s *stack
			var status int
			s = newStack(t, nil, func(app *fiber.App) {
				app.Get("/", func(c fiber.Ctx) error {
					load(t, c).set("ada")
					c.Set("X-Inside", "1")
					c.Cookie(&fiber.Cookie{Name: "inside", Value: "1"})
					c.Vary("Accept")
					return tt.answer(c)
				})
			}, func(c fiber.Ctx) error {
				c.Set("X-Outside", "1")
				c.Cookie(&fiber.Cookie{Name: "outside", Value: "1"})
				defer func() { status = c.Response().StatusCode() }()
				return c.Next()
			})
			response, text := s.get("/")
			h := response.Header
			if response.StatusCode != tt.status || status != tt.status || tt.text != "" && !strings.HasPrefix(text, tt.text) {
				t.Errorf("got %d %q, want %d %q; outside: %d", response.StatusCode, text, tt.status, tt.text, status)
			}
			if h.Get("Vary") != "Accept, Cookie" || h.Get("Cache-Control") != "no-store" || h.Get("X-Inside") != "1" || h.Get("X-Outside") != "1" {
				t.Errorf("header: %v", h)
			}
			if got := len(response.Cookies()); got != 3 {
				t.Errorf("got %d cookies, want 3: %v", got, h)
			}
			if _, got := s.get("/who"); got != "ada" {
				t.Errorf("stored: got %q, want ada", got)
			}
		})
	}
}

// TestFailedCommit: if the session cannot be saved, nothing of the handler's response
// goes out, and what was set outside remains.
func TestFailedCommit(t *testing.T) {
	for name, answer := range map[string]func(c fiber.Ctx) error{
		"string": func(c fiber.Ctx) error { return c.SendString("SECRET") },
		"error":  func(fiber.Ctx) error { return fiber.NewError(404, "SECRET") },
		"stream": func(c fiber.Ctx) error {
			return c.SendStreamWriter(func(w *bufio.Writer) { fmt.Fprint(w, "SECRET") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s *stack
			s = newStack(t, nil, func(app *fiber.App) {
				app.Get("/", func(c fiber.Ctx) error {
					load(t, c).set("eve")
					c.Set("X-Accel-Redirect", "SECRET")
					c.Cookie(&fiber.Cookie{Name: "inside", Value: "SECRET"})
					s.down.Store(true)
					return answer(c)
				})
			}, func(c fiber.Ctx) error {
				c.Set("X-Outside", "kept")
				c.Cookie(&fiber.Cookie{Name: "outside", Value: "1"})
				return c.Next()
			})
			response, text := s.get("/")
			h := response.Header
			if response.StatusCode != 503 || !strings.Contains(text, "not available") || h.Get("Retry-After") == "" || h.Get("X-Accel-Redirect") != "" || h.Get("X-Outside") != "kept" {
				t.Errorf("got %d %q, %v", response.StatusCode, text, h)
			}
			if c := response.Cookies(); len(c) != 1 || c[0].Name != "outside" {
				t.Errorf("cookies: %v", c)
			}
		})
	}
}

// TestFailedCommitTakesTheConnectionBack: if the session cannot be saved, a handler that
// has asked for the connection does not get it.
func TestFailedCommitTakesTheConnectionBack(t *testing.T) {
	var s *stack
	s = newStack(t, nil, func(app *fiber.App) {
		app.Get("/", func(c fiber.Ctx) error {
			load(t, c).set("eve")
			s.down.Store(true)
			c.RequestCtx().Hijack(func(conn net.Conn) { fmt.Fprint(conn, "SECRET") })
			return c.SendStatus(http.StatusSwitchingProtocols)
		})
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 503 {
		t.Fatalf("got %v, %v", response, err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	// The connection still speaks HTTP.
	fmt.Fprint(conn, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n")
	if response, err = http.ReadResponse(in, nil); err != nil || response.StatusCode != 200 {
		t.Errorf("the next response: %v, %v", response, err)
	}
}

// below500 saves nothing with an answer of 5xx.
func below500() *sessions.Config {
	return &sessions.Config{SaveOn: func(status int) bool { return status < 500 }}
}

// TestStatusDecides: the status of the final answer decides whether changes
// are saved, also if Fiber's error handler makes it or a recoverer turns a panic into
// an error, wherever it is.
func TestStatusDecides(t *testing.T) {
	set := func(end func(c fiber.Ctx) error) func(app *fiber.App) {
		return func(app *fiber.App) {
			app.Get("/", func(c fiber.Ctx) error { load(t, c).set("ada"); return end(c) })
		}
	}
	oops := set(func(fiber.Ctx) error { panic("oops") })
	for name, s := range map[string]*stack{
		"status":            newStack(t, below500(), set(func(c fiber.Ctx) error { return c.SendStatus(500) })),
		"error":             newStack(t, below500(), set(func(fiber.Ctx) error { return errors.New("test") })),
		"recoverer outside": newStack(t, nil, oops, recover.New()),
		"recoverer inside":  newStack(t, below500(), func(app *fiber.App) { app.Use(recover.New()); oops(app) }),
	} {
		if response, _ := s.get("/"); response.StatusCode != 500 || len(response.Cookies()) != 0 || s.stored() != 0 {
			t.Errorf("%s: got %d, %v, %d stored", name, response.StatusCode, response.Header, s.stored())
		}
	}
}

// TestPanicAfterSave: a new token that was saved before a panic reaches the client.
func TestPanicAfterSave(t *testing.T) {
	s := newStack(t, nil, func(app *fiber.App) {
		app.Get("/", func(c fiber.Ctx) error {
			v := load(t, c)
			v.set("ada")
			if err := v.Save(c.Context()); err != nil {
				t.Error(err)
			}
			panic("oops")
		})
	}, recover.New())
	if response, _ := s.get("/"); response.StatusCode != 500 || len(response.Cookies()) != 1 {
		t.Errorf("got %d, %v", response.StatusCode, response.Header)
	}
	if _, got := s.get("/who"); got != "ada" {
		t.Errorf("stored: got %q, want ada", got)
	}
}

// TestRefusedRequestEndsTheChain: if Autoload fails, no handler runs.
func TestRefusedRequestEndsTheChain(t *testing.T) {
	s := newStack(t, &sessions.Config{Autoload: sessions.Always}, func(app *fiber.App) {
		app.Get("/", func(c fiber.Ctx) error { load(t, c).set("ada"); return nil })
		app.Get("/next", func(fiber.Ctx) error { t.Error("the handler ran"); return nil })
	})
	s.get("/")
	s.down.Store(true)
	if response, _ := s.get("/next"); response.StatusCode != 503 {
		t.Errorf("got %d, want 503", response.StatusCode)
	}
}

// TestStreamChangesWithTransact: a stream changes the session with Transact, also if it
// outlives the handler: its session keeps a copy of the request, whose memory Fiber uses
// again.
func TestStreamChangesWithTransact(t *testing.T) {
	goOn := make(chan bool)
	s := newStack(t, nil, func(app *fiber.App) {
		app.Get("/stream", func(c fiber.Ctx) error {
			v, ctx := load(t, c), c.Context()
			v.set("ada")
			if err := v.Save(ctx); err != nil {
				t.Error(err)
			}
			return c.SendStreamWriter(func(w *bufio.Writer) {
				fmt.Fprintln(w, "open")
				_ = w.Flush()
				<-goOn
				if err := v.Transact(ctx, func(s *sessions.Session) error { return user.Set(s, "bob") }); err != nil {
					t.Error(err)
				}
				fmt.Fprintln(w, "done")
			})
		})
	})
	response, err := http.Get(s.url + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if len(response.Cookies()) != 1 {
		t.Fatalf("header: %v", response.Header)
	}
	s.cookie = response.Cookies()[0].Name + "=" + response.Cookies()[0].Value
	lines := bufio.NewScanner(response.Body)
	if lines.Scan(); lines.Text() != "open" {
		t.Errorf("the stream began with %q", lines.Text())
	}
	for range 20 {
		s.get("/who") // Fiber uses its memory again
	}
	goOn <- true
	if lines.Scan(); lines.Text() != "done" {
		t.Errorf("the stream went on with %q", lines.Text())
	}
	if _, got := s.get("/who"); got != "bob" {
		t.Errorf("stored: got %q, want bob", got)
	}
}

// TestTimeoutInside: if Fiber's timeout middleware has answered, no cookie can be sent,
// so nothing is saved, and the observer learns of it.
func TestTimeoutInside(t *testing.T) {
	goOn := make(chan bool)
	defer close(goOn)
	s := newStack(t, nil, func(app *fiber.App) {
		app.Get("/", timeout.New(func(c fiber.Ctx) error {
			load(t, c).set("ada")
			<-goOn
			return nil
		}, timeout.Config{Timeout: 50 * time.Millisecond}))
	})
	if response, _ := s.get("/"); response.StatusCode != 408 || len(response.Cookies()) != 0 || s.stored() != 0 {
		t.Errorf("got %d, %v, %d stored", response.StatusCode, response.Header, s.stored())
	}
	if !s.events.has(sessions.EventUnsaved) {
		t.Errorf("events: got %v", s.events.list)
	}
}

// TestUpgrade: a handler that takes over the connection sends the cookie with its 101.
func TestUpgrade(t *testing.T) {
	s := newStack(t, nil, func(app *fiber.App) {
		app.Get("/", func(c fiber.Ctx) error {
			v, ctx := load(t, c), c.Context()
			v.set("ada")
			c.Set("Connection", "Upgrade")
			c.Set("Upgrade", "test")
			c.RequestCtx().Hijack(func(conn net.Conn) {
				if err := v.Transact(ctx, func(s *sessions.Session) error { return user.Set(s, "bob") }); err != nil {
					t.Error(err)
				}
				fmt.Fprintln(conn, "hello")
			})
			return c.SendStatus(http.StatusSwitchingProtocols)
		})
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 101 || len(response.Cookies()) != 1 {
		t.Fatalf("got %v, %v", response, err)
	}
	rest, err := io.ReadAll(in)
	if err != nil || !strings.HasSuffix(string(rest), "hello\n") {
		t.Errorf("after the upgrade: %q, %v", rest, err)
	}
	s.cookie = response.Cookies()[0].Name + "=" + response.Cookies()[0].Value
	if _, got := s.get("/who"); got != "bob" {
		t.Errorf("stored: got %q, want bob", got)
	}
}

// TestRequestOfTheMiddleware: the functions of Config see the request as the client sent
// it.
func TestRequestOfTheMiddleware(t *testing.T) {
	var got *http.Request
	s := newStack(t, &sessions.Config{Autoload: func(r *http.Request) bool { got = r; return false }}, func(app *fiber.App) {
		app.Get("/a/:b", func(c fiber.Ctx) error { return nil })
	})
	s.cookie = "a=1; b=2; a=3"
	s.get("/a/b%2Fc?q=1")
	if got.Method != "GET" || got.URL.Path != "/a/b/c" || got.URL.RawQuery != "q=1" || got.Host != strings.TrimPrefix(s.url, "http://") || got.RemoteAddr == "" {
		t.Errorf("got %+v", got)
	}
	if c := got.CookiesNamed("a"); len(c) != 2 || got.Header.Get("Host") != "" {
		t.Errorf("header: %v", got.Header)
	}
}

// TestManyVisitors: the sessions of concurrent visitors do not mix.
func TestManyVisitors(t *testing.T) {
	s := newStack(t, nil, func(app *fiber.App) {
		app.Get("/as/:name", func(c fiber.Ctx) error {
			load(t, c).set(strings.Clone(c.Params("name")))
			return c.SendString("ok")
		})
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mine, name := *s, fmt.Sprint("visitor", i)
			for range 25 {
				mine.get("/as/" + name)
				if _, got := mine.get("/who"); got != name {
					t.Errorf("got %q, want %q", got, name)
				}
			}
		})
	}
	wg.Wait()
}

// TestTheAdaptorIsNotEnough: Fiber's adaptor for net/http middleware passes on no
// session; the error names this package.
func TestTheAdaptorIsNotEnough(t *testing.T) {
	mw, err := sessions.New(memory.New(nil), &sessions.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func(app *fiber.App){
		"nothing": func(*fiber.App) {},
		"adaptor": func(app *fiber.App) { app.Use(adaptor.HTTPMiddleware(mw.Handler)) },
	} {
		app := fiber.New()
		use(app)
		app.Get("/", func(c fiber.Ctx) error {
			_, err := sessions.Load(c.Context())
			return c.SendString(fmt.Sprint(err))
		})
		request, err := http.NewRequest(http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := app.Test(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if text, _ := io.ReadAll(response.Body); !strings.Contains(string(text), "fibersessions") {
			t.Errorf("%s: got %q", name, text)
		}
	}
}
