package sessions_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// listen serves one handler, with its session, on a real connection.
func listen(t *testing.T, b sessions.Backend, f func(w http.ResponseWriter, r *http.Request, s *sessions.Session)) *httptest.Server {
	t.Helper()
	mw := newMiddleware(t, b, nil)
	server := httptest.NewServer(serve(t, mw, routes{"/": f}))
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// TestR8_CommitsBeforeTheFirstByte goes through everything that begins a
// response.
func TestR8_CommitsBeforeTheFirstByte(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"write":       func(w http.ResponseWriter) { _, _ = w.Write([]byte("x")) },
		"string":      func(w http.ResponseWriter) { _, _ = io.WriteString(w, "x") },
		"header":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) },
		"no content":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"error":       func(w http.ResponseWriter) { http.Error(w, "x", 500) },
		"flush":       func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"flush error": func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"read from":   func(w http.ResponseWriter) { _, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("x")) },
		"nothing":     func(http.ResponseWriter) {},
	} {
		t.Run(name, func(t *testing.T) {
			server := listen(t, memory.New(nil), func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, user.Set(s, "ada"))
				begin(w)
				err := user.Set(s, "eve")
				if late := name != "nothing"; errors.Is(err, sessions.ErrCommitted) != late {
					t.Errorf("a change afterwards: got %v", err)
				}
			})
			response := get(t, server.URL)
			if got := response.Header.Values("Set-Cookie"); len(got) != 1 {
				t.Errorf("Set-Cookie: got %v, want one", got)
			}
		})
	}
}

func TestE3_E4_InformationalResponsesCarryNoCookie(t *testing.T) {
	server := listen(t, memory.New(nil), func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if r.URL.RawQuery == "who" {
			basics["/who"](w, r, s)
			return
		}
		check(t, user.Set(s, "ada"))
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		check(t, user.Set(s, "bob"))
		_, _ = w.Write([]byte("x"))
	})
	var early textproto.MIMEHeader
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
		early = h
		return nil
	}})
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if early == nil || early.Get("Set-Cookie") != "" {
		t.Errorf("103: header %v, want one without Set-Cookie", early)
	}
	if got := response.Header.Values("Set-Cookie"); len(got) != 1 {
		t.Fatalf("Set-Cookie: got %v, want one", got)
	}
	if request, err = http.NewRequest("GET", server.URL+"?who", nil); err != nil {
		t.Fatal(err)
	}
	request.AddCookie(response.Cookies()[0])
	if response, err = http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := body(response); got != "bob" {
		t.Errorf("what was set after the 103: got %q, want bob", got)
	}
}

// TestC3_R16 lets a handler panic before and after its response has begun: what
// was committed with the first byte stays, and nothing else is saved.
func TestC3_R16_PanicSavesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		begin func(w http.ResponseWriter)
		want  int // sessions that are stored
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

func TestE16_ClientWhoHangsUpLosesNothing(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, user.Set(s, "eve"))
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/").WithContext(ctx))
	if got := body(c.get("/who")); got != "eve" {
		t.Errorf("got %q, want eve", got)
	}
}

// plain is a ResponseWriter without optional methods.
type plain struct{ http.ResponseWriter }

// wrapped lets what is below be found.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type recorder struct {
	*httptest.ResponseRecorder
	readFrom atomic.Int32
}

func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	r.readFrom.Add(1)
	return io.Copy(r.ResponseRecorder, src)
}

func TestR21_ClaimsWhatIsBelow(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	for _, tt := range []struct {
		name             string
		w                http.ResponseWriter
		flush, from      bool
		controllerFlush  error
		controllerHijack error
	}{
		{"all", &recorder{ResponseRecorder: httptest.NewRecorder()}, true, true, nil, http.ErrNotSupported},
		{"plain", plain{httptest.NewRecorder()}, false, false, http.ErrNotSupported, http.ErrNotSupported},
		{"wrapped", wrapped{&recorder{ResponseRecorder: httptest.NewRecorder()}}, true, false, nil, http.ErrNotSupported},
	} {
		mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := w.(http.Flusher); ok != tt.flush {
				t.Errorf("%s: Flusher: got %v", tt.name, ok)
			}
			if _, ok := w.(io.ReaderFrom); ok != tt.from {
				t.Errorf("%s: ReaderFrom: got %v", tt.name, ok)
			}
			if _, ok := w.(http.Pusher); ok {
				t.Errorf("%s: Pusher claimed", tt.name)
			}
			if err := http.NewResponseController(w).Flush(); !errors.Is(err, tt.controllerFlush) {
				t.Errorf("%s: Flush: got %v, want %v", tt.name, err, tt.controllerFlush)
			}
			if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, tt.controllerHijack) {
				t.Errorf("%s: Hijack: got %v, want %v", tt.name, err, tt.controllerHijack)
			}
		})).ServeHTTP(tt.w, httptest.NewRequest("GET", "/", nil))
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

// TestCACHE2: a response that sets or deletes the token is kept from shared
// caches, whatever its handler says to them.
func TestCACHE2_CacheControlIsKeptWherePrivate(t *testing.T) {
	for given, want := range map[string]string{
		"":                     "no-store",
		"public, max-age=60":   "no-store",
		"private":              "private",
		"private, max-age=60":  "private, max-age=60",
		"private=\"X-Thing\"":  "no-store",
		"no-store, max-age=0":  "no-store, max-age=0",
		"max-age=60, s-maxage": "no-store",
	} {
		asks := func(f func(w http.ResponseWriter, r *http.Request, s *sessions.Session)) func(http.ResponseWriter, *http.Request, *sessions.Session) {
			return func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				w.Header().Set("Cache-Control", given)
				w.Header().Set("CDN-Cache-Control", "max-age=60")
				w.Header().Set("Surrogate-Control", "max-age=60")
				f(w, r, s)
			}
		}
		c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), nil), routes{
			"/set":    asks(basics["/same"]),
			"/rotate": asks(basics["/login"]),
			"/delete": asks(basics["/destroy"]),
		}))
		for _, path := range []string{"/set", "/rotate", "/delete"} {
			h := c.get(path).Header
			if got := h.Get("Cache-Control"); got != want || h.Get("Set-Cookie") == "" {
				t.Errorf("%s, %q: got %q, want %q", path, given, got, want)
			}
			if h.Get("CDN-Cache-Control") != "" || h.Get("Surrogate-Control") != "" {
				t.Errorf("%s, %q: what caches at the edge obey is left: %v", path, given, h)
			}
		}
	}
}

func TestCACHE1_VaryIsMerged(t *testing.T) {
	for given, want := range map[string]string{"": "Cookie", "Accept-Encoding": "Accept-Encoding, Cookie", "cookie": "cookie", "*": "*, Cookie", "Accept, COOKIE": "Accept, COOKIE"} {
		c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if given != "" {
				w.Header().Set("Vary", given)
			}
		}}))
		if got := strings.Join(c.get("/").Header.Values("Vary"), "|"); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

func TestOneSetCookieOfOurName(t *testing.T) {
	c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "planted"})
		http.SetCookie(w, &http.Cookie{Name: "__Host-sessions", Value: "other"})
		check(t, user.Set(s, "ada"))
	}}))
	lines := c.get("/").Header.Values("Set-Cookie")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "__Host-sessions=other") || strings.Contains(lines[1], "planted") {
		t.Errorf("Set-Cookie: got %q", lines)
	}
}

func TestR23_NestedMiddlewares(t *testing.T) {
	outer := newMiddleware(t, memory.New(nil), nil)
	same := newMiddleware(t, memory.New(nil), nil)
	other := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Name: "other"}})
	for name, h := range map[string]http.Handler{
		"two with one cookie":     outer.Handler(same.Handler(http.NotFoundHandler())),
		"one around itself":       outer.Handler(outer.Handler(http.NotFoundHandler())),
		"with another in between": outer.Handler(other.Handler(same.Handler(http.NotFoundHandler()))),
	} {
		for range 2 { // not only the first request
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != 500 {
				t.Errorf("%s: status %d, want 500", name, w.Code)
			}
		}
	}
	inner := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Name: "inner"}})
	w := httptest.NewRecorder()
	outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := outer.Load(r.Context())
		check(t, err)
		b, err := sessions.Load(r.Context())
		check(t, err)
		check(t, user.Set(a, "outer"))
		check(t, user.Set(b, "inner"))
		if again, err := outer.Load(r.Context()); again != a || err != nil {
			t.Errorf("Load again: got another session (%v)", err)
		}
	}))).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Result().Cookies(); len(got) != 2 {
		t.Errorf("cookies: got %v, want two", got)
	}
}

func TestLoadWithoutMiddleware(t *testing.T) {
	if _, err := sessions.Load(context.Background()); !errors.Is(err, sessions.ErrNoMiddleware) {
		t.Errorf("got %v, want ErrNoMiddleware", err)
	}
	if s, ok := sessions.FromContext(context.Background()); s != nil || ok {
		t.Error("FromContext found a session")
	}
}

func TestLoadAfterTheFirstByte(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		if _, err := sessions.Load(r.Context()); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("got %v, want ErrCommitted", err)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}
