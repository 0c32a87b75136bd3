package ginsessions_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/ginsessions"
)

const user sessions.Key[string] = "user"

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	gin.DefaultErrorWriter = io.Discard
	os.Exit(m.Run())
}

// stack is a server with gin around a memory backend that fails on demand.
type stack struct {
	*httptest.Server
	t      *testing.T
	down   *atomic.Bool
	stored func() int
	router *gin.Engine
	cookie string // that the client sends
}

// newStack serves register's routes: before is what is outside of the session.
func newStack(t *testing.T, config *sessions.Config, register func(r *gin.Engine), before ...gin.HandlerFunc) *stack {
	t.Helper()
	store, down := memory.New(nil), new(atomic.Bool)
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
	mw, err := sessions.New(b, config)
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	router.Use(before...)
	router.Use(ginsessions.New(mw))
	router.GET("/who", func(c *gin.Context) { c.String(http.StatusOK, "%s", load(t, c).name()) })
	register(router)
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	return &stack{server, t, down, store.Len, router, ""}
}

// visitor is a session in a test.
type visitor struct {
	t *testing.T
	*sessions.Session
}

func load(t *testing.T, c *gin.Context) visitor {
	t.Helper()
	s, err := sessions.Load(c.Request.Context())
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
	request, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
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
		s.cookie = c.Name + "=" + c.Value
	}
	return response, string(text)
}
