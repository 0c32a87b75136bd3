package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

func TestLifecycleOfTheCookie(t *testing.T) {
	backend := memory.New(nil)
	t.Cleanup(func() { _ = backend.Close() })
	calls := map[backends.Op]int{}
	counted := backends.Intercept(backend, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		calls[op]++
		return next(ctx)
	})
	c := newClient(t, serve(t, newMiddleware(t, counted, nil), basics))
	for _, step := range []struct {
		path      string
		setCookie string // "", "set" or "deleted"
		ops       map[backends.Op]int
	}{
		{"/read", "", nil},
		{"/clear", "", nil},
		{"/destroy", "", nil},
		{"/same", "set", map[backends.Op]int{backends.OpSwap: 1}},
		{"/read", "", map[backends.Op]int{backends.OpRead: 1}},
		{"/same", "", map[backends.Op]int{backends.OpRead: 1}},
		{"/undo", "", map[backends.Op]int{backends.OpRead: 1}},
		{"/other", "", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 1}},
		{"/login", "set", map[backends.Op]int{backends.OpRead: 1, backends.OpRotate: 1}},
		{"/clear", "", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 1}},
		{"/again", "set", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 2}},
		{"/destroy", "deleted", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 1}},
		{"/read", "", nil},
	} {
		clear(calls)
		response := c.get(step.path)
		set := ""
		for _, cookie := range response.Cookies() {
			if set != "" {
				t.Errorf("%s: more than one Set-Cookie", step.path)
			}
			set = "set"
			if cookie.MaxAge < 0 {
				set = "deleted"
			}
			if cookie.Name != "__Host-session" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
				t.Errorf("%s: Set-Cookie %v: not the safe default", step.path, cookie)
			}
		}
		if set != step.setCookie {
			t.Errorf("%s: Set-Cookie: got %q, want %q", step.path, set, step.setCookie)
		}
		if got := response.Header.Get("Vary"); got != "Cookie" {
			t.Errorf("%s: Vary: got %q, want Cookie", step.path, got)
		}
		if got, want := response.Header.Get("Cache-Control"), map[bool]string{true: "no-store"}[set != ""]; got != want {
			t.Errorf("%s: Cache-Control: got %q, want %q", step.path, got, want)
		}
		for _, op := range []backends.Op{backends.OpRead, backends.OpWrite, backends.OpSwap, backends.OpRotate, backends.OpRemove, backends.OpExists, backends.OpTouch} {
			if calls[op] != step.ops[op] {
				t.Errorf("%s: %s: got %d calls, want %d", step.path, op, calls[op], step.ops[op])
			}
		}
	}
}

func TestUntouchedRequestCostsNothing(t *testing.T) {
	backend := backends.Intercept(memory.New(nil), func(context.Context, backends.Op, func(context.Context) error) error {
		t.Error("the backend was asked")
		return errors.New("no")
	})
	mw := newMiddleware(t, backend, nil)
	c := newClient(t, mw.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	c.cookies["__Host-session"] = strings.Repeat("A", 43)
	if response := c.get("/"); len(response.Header) != 0 {
		t.Errorf("header: got %v, want none", response.Header)
	}
}

// TestC3_PanicsInCallbacks: after a panic in a function of the application, no
// success is sent for a session that was not saved.
func TestC3_PanicsInCallbacks(t *testing.T) {
	for name, prepare := range map[string]func(config *sessions.Config) (f func(c *client, s *sessions.Session)){
		"Observe": func(config *sessions.Config) func(*client, *sessions.Session) {
			config.Observe = func(_ context.Context, e sessions.Event) {
				if e.Kind == sessions.EventSaved {
					panic("oops")
				}
			}
			return func(_ *client, s *sessions.Session) { check(t, s.Set("k", 1)) }
		},
		"Update": func(*sessions.Config) func(*client, *sessions.Session) {
			return func(c *client, s *sessions.Session) {
				runs := 0
				_, err := s.Update("k", func(any) (any, error) {
					if runs++; runs > 1 {
						panic("oops")
					}
					return 1, nil
				})
				check(t, err)
				c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/other"))
			}
		},
		"NoTouch": func(config *sessions.Config) func(*client, *sessions.Session) {
			config.NoTouch = func(r *http.Request) bool {
				if r.URL.Path == "/" {
					panic("oops")
				}
				return false
			}
			return func(*client, *sessions.Session) {}
		},
		"SaveOn": func(config *sessions.Config) func(*client, *sessions.Session) {
			armed := false
			config.SaveOn = func(int) bool {
				if armed {
					armed = false
					panic("oops")
				}
				return true
			}
			return func(_ *client, s *sessions.Session) {
				armed = true
				check(t, s.Set("k", 1))
			}
		},
		"ErrorHandler": func(config *sessions.Config) func(*client, *sessions.Session) {
			config.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic("oops") }
			config.MaxSize = 500
			return func(_ *client, s *sessions.Session) { check(t, s.Set("k", strings.Repeat("x", 1000))) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			var config sessions.Config
			f := prepare(&config)
			mw := newMiddleware(t, memory.New(nil), &config)
			c := start(t, mw, nil)
			h := mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				f(c, s)
				func() {
					defer func() { _ = recover() }()
					_, _ = w.Write([]byte("saved"))
				}()
				_, _ = w.Write([]byte("saved"))
			}))
			w := httptest.NewRecorder()
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(w, c.request("/"))
			}()
			if got := w.Body.String(); w.Code == 200 || strings.Contains(got, "saved") {
				t.Errorf("got %d %q", w.Code, got)
			}
			within(t, func() { // no lock is still held
				if got := body(c.get("/who")); got == "" {
					t.Error("the session is lost")
				}
			})
		})
	}
	t.Run("Autoload", func(t *testing.T) {
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{Autoload: func(*http.Request) bool { panic("oops") }})
		w := httptest.NewRecorder()
		recovering(mw.Handler(http.NotFoundHandler())).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 500 {
			t.Errorf("got %d", w.Code)
		}
	})
}

// TestC3_R16_PanicSavesNothing lets a handler panic before and after its response has
// begun. Only what was committed with the first byte is saved.
func TestC3_R16_PanicSavesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		begin func(w http.ResponseWriter)
		want  int // number of stored sessions
	}{
		"before the first byte": {func(http.ResponseWriter) {}, 0},
		"after an early hint":   {func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints) }, 0},
		"after a write":         {func(w http.ResponseWriter) { _, _ = w.Write([]byte("x")) }, 1},
		"after a flush":         {func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }, 1},
	} {
		for _, value := range []any{"oops", http.ErrAbortHandler} {
			b := memory.New(nil)
			h := serve(t, newMiddleware(t, b, nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, user.Set(s, "ada"))
				tt.begin(w)
				panic(value)
			}})
			func() {
				defer func() {
					if got := recover(); got != value {
						t.Errorf("%s: panic: got %v, want %v", name, got, value)
					}
				}()
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}()
			if got := count(t, b); got != tt.want {
				t.Errorf("%s: %d sessions are stored, want %d", name, got, tt.want)
			}
		}
	}
}

func TestR16_PanicAfterDestroyStillDeletesTheCookie(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, s.Destroy(r.Context()))
		panic("oops")
	}})
	w := httptest.NewRecorder()
	func() {
		defer func() { _ = recover() }()
		c.handler.ServeHTTP(w, c.request("/"))
	}()
	if got := w.Header().Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("Set-Cookie: got %q, want a deletion", got)
	}
}

func TestFormFilesAreHandedBack(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	var name string
	server := httptest.NewServer(mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check(t, r.ParseMultipartForm(1))
		f, _, err := r.FormFile("f")
		check(t, err)
		if file, ok := f.(*os.File); ok {
			name = file.Name()
		}
		check(t, f.Close())
	})))
	defer server.Close()
	const form = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n"
	response, err := http.Post(server.URL, "multipart/form-data; boundary=b", strings.NewReader(form+strings.Repeat("x", 11<<20)+"\r\n--b--\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	server.Close()
	if name == "" {
		t.Fatal("the form made no temporary file")
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is left: %v", err)
	}
}

func TestPatternIsHandedBack(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest("GET", "/items/7", nil)
	newMiddleware(t, memory.New(nil), nil).Handler(mux).ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "GET /items/{id}" {
		t.Errorf("Pattern: got %q", r.Pattern)
	}
}

// TestPanicClosesTheSession: after a panic nothing is loaded or saved, also not
// by a goroutine that the handler started.
func TestPanicClosesTheSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, nil)
	for _, loaded := range []bool{true, false} {
		var ctx context.Context
		func() {
			defer func() { _ = recover() }()
			c.with(mw, t.Context(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if ctx = r.Context(); loaded {
					_, err := sessions.Load(ctx)
					check(t, err)
				}
				panic("handler")
			}))
		}()
		s, err := sessions.Load(ctx)
		if !loaded {
			if !errors.Is(err, sessions.ErrCommitted) {
				t.Errorf("Load after the panic: %v", err)
			}
			continue
		}
		check(t, err)
		if err := s.Set("late", 1); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("Set after the panic: %v", err)
		}
	}
}

// TestFormOfTheHandler: an outer handler sees the form that the inner one parsed.
func TestFormOfTheHandler(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	r := httptest.NewRequest("POST", "/?a=1", strings.NewReader("b=2"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { check(t, r.ParseForm()) })).
		ServeHTTP(httptest.NewRecorder(), r)
	if r.Form.Get("a") != "1" || r.PostForm.Get("b") != "2" {
		t.Errorf("outside: %v, %v", r.Form, r.PostForm)
	}
}

// TestR17_TheStatusDecides: whether the changes of a request are saved follows from the
// status of its response and Config.SaveOn. What Save has saved remains.
func TestR17_TheStatusDecides(t *testing.T) {
	const deflt, below500 = "default", "below 500"
	rules := map[string]func(int) bool{deflt: nil, below500: belowServerErrors, "below 400": func(status int) bool { return status < 400 }}
	for _, tt := range []struct {
		rule   string
		status int
		want   string
	}{
		{below500, 200, "eve"}, {below500, 303, "eve"}, {below500, 422, "eve"}, {below500, 500, "bob"}, {below500, 503, "bob"},
		{deflt, 200, "eve"}, {deflt, 404, "eve"}, {deflt, 500, "eve"}, {deflt, 503, "eve"},
		{"below 400", 399, "eve"}, {"below 400", 400, "bob"},
	} {
		var kinds []sessions.EventKind
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{SaveOn: rules[tt.rule], Observe: func(_ context.Context, e sessions.Event) {
			kinds = append(kinds, e.Kind)
		}})
		c := start(t, mw, routes{"/answer": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "bob"))
			check(t, s.Save(r.Context()))
			check(t, user.Set(s, "eve"))
			check(t, s.RegenerateID())
			w.WriteHeader(tt.status)
			if got, err := user.Get(s); got != tt.want || err != nil {
				t.Errorf("%s, %d: after the response began: got %q, %v, want %q", tt.rule, tt.status, got, err, tt.want)
			}
			if err := user.Set(s, "late"); !errors.Is(err, sessions.ErrCommitted) {
				t.Errorf("%s, %d: a late change: got %v, want ErrCommitted", tt.rule, tt.status, err)
			}
		}})
		saved := tt.want == "eve"
		if response := c.get("/answer"); response.StatusCode != tt.status || (len(response.Cookies()) == 1) != saved {
			t.Errorf("%s: status %d, want %d, cookies %v", tt.rule, response.StatusCode, tt.status, response.Cookies())
		}
		if got := slices.Contains(kinds, sessions.EventUnsaved); got == saved {
			t.Errorf("%s, %d: events: got %v", tt.rule, tt.status, kinds)
		}
		if got := body(c.get("/who")); got != tt.want {
			t.Errorf("%s, %d: stored: got %q, want %q", tt.rule, tt.status, got, tt.want)
		}
	}
}

// TestR17_AFailedLoginLogsNobodyIn: a login handler that fails after SetSubject and
// answers with Error, whatever the status, has logged nobody in. So has one that
// panics, unless a recoverer inside of the middleware turns that into an answer; then
// SaveOn decides.
func TestR17_AFailedLoginLogsNobodyIn(t *testing.T) {
	fail := map[string]func(w http.ResponseWriter, r *http.Request){
		"error":    func(w http.ResponseWriter, r *http.Request) { sessions.Error(w, r, errors.New("no profile")) },
		"conflict": func(w http.ResponseWriter, r *http.Request) { sessions.Error(w, r, sessions.ErrConflict) },
		"panic":    func(http.ResponseWriter, *http.Request) { panic("oops") },
	}
	for name, end := range fail {
		b := memory.New(nil)
		config := &sessions.Config{}
		if name == "panic" {
			config.SaveOn = belowServerErrors
		}
		mw := newMiddleware(t, b, config)
		h := handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.RegenerateID())
			check(t, s.SetSubject("ada"))
			end(w, r)
		})
		for place, h := range map[string]http.Handler{"outside": recovering(mw.Handler(h)), "inside": mw.Handler(recovering(h))} {
			response := newClient(t, h).get("/")
			if response.StatusCode < 400 || len(response.Cookies()) != 0 || count(t, b) != 0 {
				t.Errorf("%s, recoverer %s: got %d, cookies %v, %d stored", name, place, response.StatusCode, response.Cookies(), count(t, b))
			}
		}
	}
}

// TestR17_AFailureCountsAsUse: a request whose changes are not saved extends the
// idle timeout as any other.
func TestR17_AFailureCountsAsUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		c := start(t, newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour, SaveOn: belowServerErrors}), routes{
			"/fails": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, user.Set(s, "eve"))
				w.WriteHeader(http.StatusInternalServerError)
			},
		})
		for range 3 {
			time.Sleep(40 * time.Minute)
			c.get("/fails")
		}
		if got := body(c.get("/who")); got != "ada" {
			t.Errorf("got %q, want ada", got)
		}
	})
}
