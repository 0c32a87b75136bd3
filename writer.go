package sessions

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
)

// response is the http.ResponseWriter that handlers get. Each method that makes
// the header final first commits the session. After a failed commit the error
// handler has answered, and the methods return the commit's error.
type response struct{ ex *exchange }

// newResponse returns the response of ex. It always has Hijack, FlushError,
// CloseNotify and Unwrap, and the optional methods Flush, Push and ReadFrom only if
// the writers below have them.
func newResponse(ex *exchange) http.ResponseWriter {
	r := response{ex}
	// Flush and Push may be those of a wrapped writer, as for ResponseController.
	// ReadFrom may not: it would bypass a wrapper that changes what is written.
	_, readFrom := ex.w.(io.ReaderFrom)
	flush, push := below[http.Flusher](ex.w), below[http.Pusher](ex.w)
	switch {
	case flush != nil && readFrom:
		return flusherReaderFrom{r}
	case flush != nil && push != nil:
		return flusherPusher{r}
	case flush != nil:
		return flusher{r}
	case readFrom:
		return readerFrom{r}
	case push != nil:
		return pusher{r}
	}
	return r
}

// below returns the first T among w and the writers that it wraps, or the zero
// value if there is none.
func below[T any](w http.ResponseWriter) (found T) {
	for {
		if t, ok := w.(T); ok {
			return t
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return found
		}
		w = u.Unwrap()
	}
}

func (w response) Header() http.Header {
	return w.ex.w.Header()
}

// WriteHeader commits the session first.
func (w response) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		// An informational header is not final, and cookies do not belong there.
		w.ex.w.WriteHeader(status)
		return
	}
	if w.ex.begin(status) == nil {
		w.ex.w.WriteHeader(status)
	}
}

func (w response) Write(b []byte) (int, error) {
	if err := w.ex.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return w.ex.w.Write(b)
}

func (w response) WriteString(s string) (int, error) {
	if err := w.ex.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return io.WriteString(w.ex.w, s)
}

// FlushError is what http.ResponseController calls.
func (w response) FlushError() error {
	if err := w.ex.begin(http.StatusOK); err != nil {
		return err
	}
	return http.NewResponseController(w.ex.w).Flush()
}

// Hijack hands the connection over to the handler. It fails if a cookie is still
// to be set, which would be lost with the header: see [Session.ResponseHeader].
func (w response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.ex.beginHijack(); err != nil {
		return nil, nil, err
	}
	return http.NewResponseController(w.ex.w).Hijack()
}

// closeNotifier is the deprecated http.CloseNotifier, which gin still calls.
type closeNotifier interface{ CloseNotify() <-chan bool }

// CloseNotify returns a channel that receives true when the client hangs up.
func (w response) CloseNotify() <-chan bool {
	if below := below[closeNotifier](w.ex.w); below != nil {
		return below.CloseNotify()
	}
	gone := make(chan bool, 1)
	context.AfterFunc(w.ex.r.Context(), func() { gone <- true })
	return gone
}

// Unwrap lets http.ResponseController find the methods of the writer below.
func (w response) Unwrap() http.ResponseWriter { return w.ex.w }

type flusher struct{ response }

func (w flusher) Flush() { _ = w.FlushError() }

type readerFrom struct{ response }

func (w readerFrom) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

type flusherReaderFrom struct{ response }

func (w flusherReaderFrom) Flush()                                { _ = w.FlushError() }
func (w flusherReaderFrom) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

type pusher struct{ response }

func (w pusher) Push(target string, opts *http.PushOptions) error { return w.push(target, opts) }

type flusherPusher struct{ response }

func (w flusherPusher) Flush() { _ = w.FlushError() }
func (w flusherPusher) Push(target string, opts *http.PushOptions) error {
	return w.push(target, opts)
}

func (w response) readFrom(src io.Reader) (int64, error) {
	if err := w.ex.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return w.ex.w.(io.ReaderFrom).ReadFrom(src)
}

func (w response) push(target string, opts *http.PushOptions) error {
	return below[http.Pusher](w.ex.w).Push(target, opts)
}
