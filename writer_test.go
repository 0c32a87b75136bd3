package sessions_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestR8_CommitsBeforeTheFirstByte: every method that begins a response commits
// first.
func TestR8_CommitsBeforeTheFirstByte(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"write":       func(w http.ResponseWriter) { _, _ = w.Write([]byte("x")) },
		"string":      func(w http.ResponseWriter) { _, _ = io.WriteString(w, "x") },
		"header":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) },
		"no content":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"error":       func(w http.ResponseWriter) { http.Error(w, "x", 404) },
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

// plain is a ResponseWriter without optional methods.
type plain struct{ http.ResponseWriter }

// wrapped is a ResponseWriter that wraps another one.
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

// TestResponseNotifiesOfClosing: the response always has the method CloseNotify,
// because gin calls it unconditionally.
func TestResponseNotifiesOfClosing(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	ctx, hangUp := context.WithCancel(t.Context())
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n, ok := w.(interface{ CloseNotify() <-chan bool })
		if !ok {
			t.Fatal("no CloseNotify")
		}
		closed := n.CloseNotify()
		hangUp()
		if !<-closed {
			t.Error("got false")
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
}

func TestR20_C4_Hijack(t *testing.T) {
	var upgrade func(w http.ResponseWriter, s *sessions.Session)
	server := listen(t, memory.New(nil), func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		upgrade(w, s)
	})
	hijack := func(w http.ResponseWriter, h http.Header) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer conn.Close()
		fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n")
		_ = h.Write(buf)
		fmt.Fprint(buf, "\r\n")
		_ = buf.Flush()
	}
	ask := func() *http.Response {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}

	upgrade = func(w http.ResponseWriter, s *sessions.Session) { hijack(w, nil) }
	if response := ask(); response.StatusCode != 101 {
		t.Errorf("an untouched session: status %d", response.StatusCode)
	}
	upgrade = func(w http.ResponseWriter, s *sessions.Session) {
		check(t, user.Set(s, "ada"))
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("a hijack that loses a token: no error")
		}
	}
	if response := ask(); len(response.Cookies()) != 1 {
		t.Errorf("after a refused hijack: cookies %v, want one", response.Cookies())
	}
	upgrade = func(w http.ResponseWriter, s *sessions.Session) {
		check(t, user.Set(s, "ada"))
		check(t, s.Save(t.Context()))
		hijack(w, s.ResponseHeader())
	}
	if response := ask(); response.StatusCode != 101 || len(response.Cookies()) != 1 {
		t.Errorf("with ResponseHeader: status %d, cookies %v", response.StatusCode, response.Cookies())
	}
	upgrade = func(w http.ResponseWriter, s *sessions.Session) {
		check(t, user.Set(s, "ada"))
		check(t, http.NewResponseController(w).Flush())
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack of a response that has begun: %v", err)
			return
		}
		check(t, conn.Close())
	}
	if response := ask(); response.StatusCode != 200 || len(response.Cookies()) != 1 {
		t.Errorf("after a flush: status %d, cookies %v", response.StatusCode, response.Cookies())
	}
}
