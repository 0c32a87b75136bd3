// Package frameworks serves one shop by many frameworks. Each function shows where the
// session's middleware belongs in one of them.
package frameworks

import (
	"net/http"

	"connectrpc.com/connect"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	echo5 "github.com/labstack/echo/v5"
	echo5middleware "github.com/labstack/echo/v5/middleware"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/frameworks/shop"
	"github.com/gosessions/sessions/ginsessions"
)

// Stack is a framework around the shop.
type Stack struct {
	Name  string
	Serve func(mw *sessions.Middleware, routes []shop.Route) http.Handler
}

// Stacks are the frameworks that serve net/http. Fiber is apart: see [Fiber].
var Stacks = []Stack{
	{"ServeMux", ServeMux},
	{"chi", Chi},
	{"gorilla/mux", Gorilla},
	{"httprouter", HTTPRouter},
	{"echo v4", Echo4},
	{"echo v4, a group", Echo4Group},
	{"echo v5", Echo5},
	{"gin", Gin},
	{"gin, wrapped", GinWrapped},
	{"huma", Huma},
	{"connect", Connect},
}

// ServeMux needs no more than the middleware.
func ServeMux(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := http.NewServeMux()
	for _, route := range routes {
		router.HandleFunc(route.Method+" "+route.Path, route.Handler)
	}
	return recovered(mw.Handler(router))
}

// recovered answers a panic with 500, as the recoverers of frameworks do.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "500 internal server error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Chi takes net/http middleware as it is.
func Chi(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := chi.NewRouter()
	router.Use(middleware.RequestID, middleware.Recoverer)
	router.Use(mw.Handler)
	router.Use(middleware.Compress(5))
	for _, route := range routes {
		router.MethodFunc(route.Method, route.Path, route.Handler)
	}
	return router
}

// Gorilla takes net/http middleware as it is, but runs it only for routes that match.
func Gorilla(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := mux.NewRouter()
	router.Use(mux.MiddlewareFunc(recovered), mw.Handler)
	for _, route := range routes {
		router.HandleFunc(route.Path, route.Handler).Methods(route.Method)
	}
	return router
}

// HTTPRouter has no middleware of its own: wrap it. Its PanicHandler is inside.
func HTTPRouter(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := httprouter.New()
	router.PanicHandler = func(w http.ResponseWriter, _ *http.Request, _ any) {
		http.Error(w, "500 internal server error", http.StatusInternalServerError)
	}
	for _, route := range routes {
		router.HandlerFunc(route.Method, route.Path, route.Handler)
	}
	return mw.Handler(router)
}

// Echo4 is wrapped as a whole, so that its error handler answers before the session is
// saved.
func Echo4(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	e := echo.New()
	e.Use(echomiddleware.Recover())
	for _, route := range routes {
		e.Add(route.Method, route.Path, echo.WrapHandler(route.Handler))
	}
	return mw.Handler(e)
}

// Echo4Group gives a session to one group only. answerErrors makes the error handler
// answer inside of the session's middleware.
func Echo4Group(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	e := echo.New()
	group := e.Group("", echo.WrapMiddleware(mw.Handler), answerErrors, echomiddleware.Recover())
	for _, route := range routes {
		group.Add(route.Method, route.Path, echo.WrapHandler(route.Handler))
	}
	return e
}

// answerErrors calls Echo's error handler at once, and not after the middleware.
func answerErrors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := next(c); err != nil {
			c.Error(err)
		}
		return nil
	}
}

// Echo5 is wrapped as a whole, as [Echo4] is.
func Echo5(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	e := echo5.New()
	e.Use(echo5middleware.Recover())
	for _, route := range routes {
		e.Add(route.Method, route.Path, echo5.WrapHandler(route.Handler))
	}
	return mw.Handler(e)
}

// Gin needs the adapter, because it has a writer of its own.
func Gin(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := gin.New()
	router.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) {
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	router.Use(ginsessions.New(mw))
	for _, route := range routes {
		router.Handle(route.Method, route.Path, gin.WrapF(route.Handler))
	}
	return router
}

// GinWrapped needs no adapter, because the middleware is around all of gin.
func GinWrapped(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := gin.New()
	router.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) {
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	for _, route := range routes {
		router.Handle(route.Method, route.Path, gin.WrapF(route.Handler))
	}
	return mw.Handler(router)
}

// Huma is wrapped as a whole, together with its router. Its operations find the session
// in their context.
func Huma(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := http.NewServeMux()
	api := humago.New(router, huma.DefaultConfig("shop", "1.0.0"))
	for _, route := range routes {
		op := &huma.Operation{Method: route.Method, Path: route.Path}
		api.Adapter().Handle(op, func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			route.Handler(w, r)
		})
	}
	return recovered(mw.Handler(router))
}

// Connect is wrapped as a whole: a service finds the session in its context, and its
// other routes are those of net/http.
func Connect(mw *sessions.Middleware, routes []shop.Route) http.Handler {
	router := http.NewServeMux()
	router.Handle(cartProcedure, connect.NewUnaryHandler(cartProcedure, connectCart))
	for _, route := range routes {
		router.HandleFunc(route.Method+" "+route.Path, route.Handler)
	}
	return recovered(mw.Handler(router))
}
