package fibersessions_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/fibersessions"
)

const user sessions.Key[string] = "user"

// stack is a server with Fiber around a memory backend that fails on demand.
type stack struct {
	t      *testing.T
	url    string
	down   *atomic.Bool
	stored func() int
	events *events
	cookie string // that the client sends
}

// events are the kinds of events that the observer has seen.
type events struct {
	mu   sync.Mutex
	list []sessions.EventKind
}

func (e *events) has(kind sessions.EventKind) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.list, kind)
}

// newStack serves register's routes: before is what is outside of the session.
func newStack(t *testing.T, config *sessions.Config, register func(app *fiber.App), before ...any) *stack {
	t.Helper()
	store, down, seen := memory.New(nil), new(atomic.Bool), new(events)
	b := backends.Intercept(store, func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
		if down.Load() {
			return errors.New("test: the backend is down")
		}
		return next(ctx)
	})
	if config == nil {
		config = new(sessions.Config)
	}
	config.Logger = slog.New(slog.DiscardHandler)
	config.Observe = func(_ context.Context, e sessions.Event) {
		seen.mu.Lock()
		defer seen.mu.Unlock()
		seen.list = append(seen.list, e.Kind)
	}
	mw, err := sessions.New(b, config)
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New()
	if len(before) > 0 {
		app.Use(before...)
	}
	app.Use(fibersessions.New(mw))
	app.Get("/who", func(c fiber.Ctx) error { return c.SendString(load(t, c).name()) })
	register(app)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	return &stack{t, "http://" + listener.Addr().String(), down, store.Len, seen, ""}
}

// visitor is a session in a test.
type visitor struct {
	t *testing.T
	*sessions.Session
}

func load(t *testing.T, c fiber.Ctx) visitor {
	t.Helper()
	s, err := sessions.Load(c.Context())
	if err != nil {
		t.Errorf("Load: %v", err)
	}
	return visitor{t, s}
}

func (v visitor) name() string {
	name, err := user.Get(v.Session)
	if err != nil {
		v.t.Error(err)
	}
	return name
}

func (v visitor) set(name string) {
	if err := user.Set(v.Session, name); err != nil {
		v.t.Error(err)
	}
}

// get sends a request and returns the response with its text.
func (s *stack) get(path string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.cookie != "" {
		request.Header.Set("Cookie", s.cookie)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range response.Cookies() {
		if c.Name == "__Host-session" {
			s.cookie = c.Name + "=" + c.Value
		}
	}
	return response, string(text)
}
