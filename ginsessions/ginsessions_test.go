package ginsessions_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/ginsessions"
)

// TestEveryWayToAnswer: however a handler of gin answers, the session is saved first,
// and gin's own middleware sees the truth about status, size and whether anything was
// written.
func TestEveryWayToAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.txt")
	if err := os.WriteFile(path, []byte("page"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		answer func(c *gin.Context)
		status int
		text   string
	}{
		"nothing":  {func(*gin.Context) {}, 200, ""},
		"status":   {func(c *gin.Context) { c.Status(204) }, 204, ""},
		"string":   {func(c *gin.Context) { c.String(201, "page") }, 201, "page"},
		"json":     {func(c *gin.Context) { c.JSON(418, gin.H{"a": 1}) }, 418, `{"a":1}`},
		"data":     {func(c *gin.Context) { c.Data(200, "text/plain", []byte("page")) }, 200, "page"},
		"redirect": {func(c *gin.Context) { c.Redirect(302, "/who") }, 302, "<a href=\"/who\">Found</a>.\n\n"},
		"file":     {func(c *gin.Context) { c.File(path) }, 200, "page"},
		"abort":    {func(c *gin.Context) { c.AbortWithStatus(401) }, 401, ""},
		"aborted":  {func(c *gin.Context) { c.AbortWithStatusJSON(403, 1) }, 403, "1"},
		"writer":   {func(c *gin.Context) { _, _ = c.Writer.WriteString("page") }, 200, "page"},
		"flush":    {func(c *gin.Context) { c.Writer.Flush() }, 200, ""},
		"control": {func(c *gin.Context) {
			c.Status(202)
			if err := http.NewResponseController(c.Writer).Flush(); err != nil {
				t.Errorf("Flush: %v", err)
			}
		}, 202, ""},
		"stream": {func(c *gin.Context) {
			n := 0
			c.Stream(func(w io.Writer) bool {
				n++
				_, _ = fmt.Fprint(w, n)
				return n < 3
			})
		}, 200, "123"},
		"event": {func(c *gin.Context) { c.SSEvent("m", "x") }, 200, "event:m\ndata:x\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var status, size int
			var written bool
			s := newStack(t, nil, func(r *gin.Engine) {
				r.GET("/", func(c *gin.Context) {
					v := load(t, c)
					v.set("ada")
					tt.answer(c)
					err := user.Set(v.Session, "eve")
					if late := c.Writer.Written(); errors.Is(err, sessions.ErrCommitted) != late {
						t.Errorf("a change afterwards: got %v, written %v", err, late)
					}
					if !c.Writer.Written() {
						v.set("ada")
					}
				})
			}, func(c *gin.Context) {
				before := c.Writer
				c.Next()
				status, size, written = c.Writer.Status(), c.Writer.Size(), c.Writer.Written()
				if c.Writer != before {
					t.Error("gin's middleware does not get its writer back")
				}
			})
			response, text := s.get("/")
			if response.StatusCode != tt.status || text != tt.text || len(response.Cookies()) != 1 {
				t.Errorf("got %d %q, %v, want %d %q and a cookie", response.StatusCode, text, response.Header, tt.status, tt.text)
			}
			if status != tt.status || written && size != len(tt.text) || !written && tt.text != "" {
				t.Errorf("gin's middleware sees status %d, size %d, written %v", status, size, written)
			}
			if _, got := s.get("/who"); got != "ada" {
				t.Errorf("stored: got %q, want ada", got)
			}
		})
	}
}

// TestPageNotFound: the middleware also serves what gin itself answers.
func TestPageNotFound(t *testing.T) {
	s := newStack(t, nil, func(r *gin.Engine) {
		r.Use(func(c *gin.Context) { load(t, c).set("ada") })
	})
	if response, text := s.get("/nowhere"); response.StatusCode != 404 || text != "404 page not found" || len(response.Cookies()) != 1 {
		t.Errorf("got %d %q, %v", response.StatusCode, text, response.Header)
	}
}

// TestFailedCommit: if the session cannot be saved, nothing of the handler's response
// goes out, and gin's middleware sees the error's status.
func TestFailedCommit(t *testing.T) {
	for name, answer := range map[string]func(c *gin.Context) error{
		"json": func(c *gin.Context) error {
			if c.JSON(200, "SECRET"); len(c.Errors) > 0 {
				return c.Errors[0]
			}
			return nil
		},
		"write":   func(c *gin.Context) error { _, err := c.Writer.Write([]byte("SECRET")); return err },
		"flush":   func(c *gin.Context) error { return http.NewResponseController(c.Writer).Flush() },
		"nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			var status int
			var s *stack
			s = newStack(t, nil, func(r *gin.Engine) {
				r.GET("/", func(c *gin.Context) {
					load(t, c).set("eve")
					c.Header("X-Accel-Redirect", "SECRET")
					s.down.Store(true)
					if answer == nil {
						return
					}
					if err := answer(c); err == nil {
						t.Error("the handler did not learn of it")
					}
				})
			}, func(c *gin.Context) {
				c.Header("X-Outside", "kept")
				c.Next()
				status = c.Writer.Status()
			})
			response, text := s.get("/")
			h := response.Header
			if response.StatusCode != 503 || strings.Contains(text, "SECRET") || h.Get("X-Accel-Redirect") != "" || h.Get("X-Outside") != "kept" || status != 503 {
				t.Errorf("got %d %q, %v; gin's middleware sees %d", response.StatusCode, text, h, status)
			}
		})
	}
}

// below500 saves nothing with an answer of 5xx.
func below500() *sessions.Config {
	return &sessions.Config{SaveOn: func(status int) bool { return status < 500 }}
}

// TestStatusDecides: the status that gin has noted decides whether changes are
// saved, even if the handler writes nothing.
func TestStatusDecides(t *testing.T) {
	for name, answer := range map[string]func(c *gin.Context){
		"status": func(c *gin.Context) { c.Status(502) },
		"abort":  func(c *gin.Context) { c.AbortWithStatus(502) },
		"error":  func(c *gin.Context) { _ = c.AbortWithError(502, errors.New("test")) },
		"json":   func(c *gin.Context) { c.JSON(502, 1) },
	} {
		s := newStack(t, below500(), func(r *gin.Engine) {
			r.GET("/", func(c *gin.Context) { load(t, c).set("ada"); answer(c) })
		})
		if response, _ := s.get("/"); response.StatusCode != 502 || len(response.Cookies()) != 0 || s.stored() != 0 {
			t.Errorf("%s: got %d, %v, %d stored", name, response.StatusCode, response.Header, s.stored())
		}
	}
}

// TestRecovery: after a panic nothing is saved, and the answer is that of gin.Recovery.
// If that is inside of the session, it needs SaveOn.
func TestRecovery(t *testing.T) {
	fail := func(r *gin.Engine) {
		r.GET("/", func(c *gin.Context) { load(t, c).set("ada"); panic("oops") })
	}
	recovery := gin.RecoveryWithWriter(io.Discard)
	for place, s := range map[string]*stack{
		"outside": newStack(t, nil, fail, recovery),
		"inside":  newStack(t, below500(), func(r *gin.Engine) { r.Use(recovery); fail(r) }),
	} {
		if response, _ := s.get("/"); response.StatusCode != 500 || len(response.Cookies()) != 0 || s.stored() != 0 {
			t.Errorf("%s: got %d, %v, %d stored", place, response.StatusCode, response.Header, s.stored())
		}
	}
}

// TestRefusedRequestEndsTheChain: if Autoload fails, no handler runs.
func TestRefusedRequestEndsTheChain(t *testing.T) {
	s := newStack(t, &sessions.Config{Autoload: sessions.Always}, func(r *gin.Engine) {
		r.GET("/", func(c *gin.Context) { load(t, c).set("ada") })
		r.GET("/next", func(*gin.Context) { t.Error("the handler ran") })
	})
	s.get("/")
	s.down.Store(true)
	if response, _ := s.get("/next"); response.StatusCode != 503 {
		t.Errorf("got %d, want 503", response.StatusCode)
	}
}

// TestHijack: a handler takes over the connection, unless the client would lose a token.
func TestHijack(t *testing.T) {
	s := newStack(t, nil, func(r *gin.Engine) {
		r.GET("/lost", func(c *gin.Context) {
			load(t, c).set("ada")
			if conn, _, err := c.Writer.Hijack(); err == nil {
				t.Error("a hijack that loses a token: no error")
				_ = conn.Close()
			}
		})
		r.GET("/upgrade", func(c *gin.Context) {
			v := load(t, c)
			v.set("bob")
			if err := v.Save(c.Request.Context()); err != nil {
				t.Error(err)
			}
			conn, buf, err := http.NewResponseController(c.Writer).Hijack()
			if err != nil {
				t.Errorf("Hijack: %v", err)
				return
			}
			defer conn.Close()
			fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
			_ = buf.Flush()
			if !c.Writer.Written() {
				t.Error("gin does not know of the hijack")
			}
		})
	})
	if response, _ := s.get("/lost"); len(response.Cookies()) != 1 {
		t.Errorf("after a refused hijack: %v", response.Header)
	}
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: test\r\nCookie: %s\r\n\r\n", s.cookie)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatalf("got %v, %v", response, err)
	}
	if _, got := s.get("/who"); got != "bob" {
		t.Errorf("stored: got %q, want bob", got)
	}
}

// TestTwoMiddlewares: a middleware inside of another one has its own cookie and session.
func TestTwoMiddlewares(t *testing.T) {
	inner, err := sessions.New(memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Name: "__Host-inner"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newStack(t, nil, func(r *gin.Engine) {
		r.Use(func(c *gin.Context) { load(t, c).set("outer") }, ginsessions.New(inner))
		r.GET("/", func(c *gin.Context) { load(t, c).set("inner"); c.String(200, "ok") })
	})
	if response, text := s.get("/"); text != "ok" || len(response.Cookies()) != 2 || s.stored() != 1 {
		t.Errorf("got %q, %v", text, response.Header)
	}
}

// TestContextWithFallback: with this option of gin, its context is one of the session.
func TestContextWithFallback(t *testing.T) {
	s := newStack(t, nil, func(r *gin.Engine) {
		r.ContextWithFallback = true
		r.GET("/", func(c *gin.Context) {
			session, err := sessions.Load(c)
			if err != nil {
				t.Error(err)
				return
			}
			visitor{t, session}.set("ada")
		})
	})
	s.get("/")
	if _, got := s.get("/who"); got != "ada" {
		t.Errorf("stored: got %q, want ada", got)
	}
}

// TestTheUsualWrapperIsReported: with the usual wrapper for net/http middleware, gin's
// handlers write past the session. The log says so, and names the remedy.
func TestTheUsualWrapperIsReported(t *testing.T) {
	var log bytes.Buffer
	mw, err := sessions.New(memory.New(nil), &sessions.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	router.Use(func(c *gin.Context) {
		mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c.Request = r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
	})
	router.GET("/", func(c *gin.Context) { load(t, c).set("ada"); c.String(200, "ok") })
	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Body.String() != "ok" || !strings.Contains(log.String(), "docs/frameworks.md") {
		t.Errorf("got %q, log %q", w.Body, log.String())
	}
}

// TestWithoutMiddleware: the error of a request that did not come through the
// middleware names this package.
func TestWithoutMiddleware(t *testing.T) {
	router := gin.New()
	router.GET("/", func(c *gin.Context) {
		_, err := sessions.Load(c.Request.Context())
		c.String(200, "%v", err)
	})
	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if !strings.Contains(w.Body.String(), "ginsessions") {
		t.Errorf("got %q", w.Body)
	}
}
