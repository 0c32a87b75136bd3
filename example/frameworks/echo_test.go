package frameworks_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/example/frameworks/shop"
)

// TestEchoErrorsAfterTheCommit shows why docs/frameworks.md wraps Echo as a whole: with
// WrapMiddleware alone, Echo's error handler runs after the session has been saved as
// for a success. It sees no session that can be changed.
func TestEchoErrorsAfterTheCommit(t *testing.T) {
	for name, tt := range map[string]struct {
		wrap  func(e *echo.Echo, mw *sessions.Middleware) http.Handler
		late  bool
		saved bool
	}{
		"WrapMiddleware": {func(e *echo.Echo, mw *sessions.Middleware) http.Handler {
			e.Use(echo.WrapMiddleware(mw.Handler))
			return e
		}, true, true},
		"outermost": {func(e *echo.Echo, mw *sessions.Middleware) http.Handler { return mw.Handler(e) }, false, false},
	} {
		mw := newMiddleware(t, memory.New(nil))
		e := echo.New()
		var late error
		e.HTTPErrorHandler = func(_ error, c echo.Context) {
			s, err := sessions.Load(c.Request().Context())
			if err != nil {
				t.Error(err)
			}
			late = s.Flash("", "sorry")
			_ = c.NoContent(http.StatusInternalServerError)
		}
		e.GET("/", func(c echo.Context) error {
			s, err := sessions.Load(c.Request().Context())
			if err != nil {
				return err
			}
			if _, err := shop.Add(s, "tea"); err != nil {
				return err
			}
			return errors.New("test")
		})
		w := httptest.NewRecorder()
		tt.wrap(e, mw).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != 500 || errors.Is(late, sessions.ErrCommitted) != tt.late || (len(w.Result().Cookies()) == 1) != tt.saved {
			t.Errorf("%s: got %d, %v, cookies %v", name, w.Code, late, w.Result().Cookies())
		}
	}
}
