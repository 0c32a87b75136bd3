package bench

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/alexedwards/scs/v2"
	ginsessions "github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	fibersession "github.com/gofiber/fiber/v3/middleware/session"
	"github.com/gorilla/sessions"
	echosession "github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"

	ours "github.com/gosessions/sessions"
)

// What the handlers of each library do, written as its documentation shows.

func load(r *http.Request) *ours.Session {
	s, err := ours.Load(r.Context())
	must(err)
	return s
}

// ourWork is what our handlers do.
var ourWork = map[string]http.HandlerFunc{
	"untouched": func(http.ResponseWriter, *http.Request) {},
	"read": func(_ http.ResponseWriter, r *http.Request) {
		v, err := n.Get(load(r))
		must(err)
		sink = v
	},
	"write": func(_ http.ResponseWriter, r *http.Request) {
		s := load(r)
		v, err := n.Get(s)
		must(err)
		sink = v
		must(n.Set(s, v+1))
	},
	"create": func(_ http.ResponseWriter, r *http.Request) { must(n.Set(load(r), 1)) },
	"login": func(_ http.ResponseWriter, r *http.Request) {
		s := load(r)
		v, err := n.Get(s)
		must(err)
		sink = v
		must(s.RegenerateID())
		must(n.Set(s, v+1))
	},
}

func oursOn(tb testing.TB, b ours.Backend, what string, m map[string]any) contestant {
	mw, err := ours.New(b, &ours.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	fill := mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := load(r)
		for k, v := range m {
			must(s.Set(k, v))
		}
	}))
	c := contestant{name: "sessions", handler: mw.Handler(ourWork[what]), enter: entering(tb, fill)}
	return c.ready(what)
}

func scsOnStore(tb testing.TB, store scs.Store, what string, m map[string]any) contestant {
	mgr := scs.New()
	mgr.Store = store
	work := map[string]http.HandlerFunc{
		"untouched": func(http.ResponseWriter, *http.Request) {},
		"read":      func(_ http.ResponseWriter, r *http.Request) { sink = mgr.GetInt(r.Context(), "n") },
		"write": func(_ http.ResponseWriter, r *http.Request) {
			sink = mgr.GetInt(r.Context(), "n")
			mgr.Put(r.Context(), "n", sink+1)
		},
		"create": func(_ http.ResponseWriter, r *http.Request) { mgr.Put(r.Context(), "n", 1) },
		"login": func(_ http.ResponseWriter, r *http.Request) {
			must(mgr.RenewToken(r.Context()))
			sink = mgr.GetInt(r.Context(), "n")
			mgr.Put(r.Context(), "n", sink+1)
		},
	}
	fill := mgr.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for k, v := range m {
			mgr.Put(r.Context(), k, v)
		}
	}))
	c := contestant{name: "scs", handler: mgr.LoadAndSave(work[what]), enter: entering(tb, fill)}
	return c.ready(what)
}

// gorillaWork does what on a session of gorilla/sessions.
func gorillaWork(what string, s *sessions.Session, w http.ResponseWriter, r *http.Request) {
	if what == "create" {
		s.Values["n"] = 1
	} else {
		v, _ := s.Values["n"].(int)
		sink = v
		if what == "read" {
			return
		}
		s.Values["n"] = v + 1
	}
	must(s.Save(r, w))
}

func gorillaOn(tb testing.TB, store sessions.Store, what string, m map[string]any) contestant {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if what == "untouched" {
			return
		}
		s, err := store.Get(r, "session")
		must(err)
		gorillaWork(what, s, w, r)
	}
	fill := func(w http.ResponseWriter, r *http.Request) {
		s, err := store.Get(r, "session")
		must(err)
		for k, v := range m {
			s.Values[k] = v
		}
		must(s.Save(r, w))
	}
	c := contestant{name: "gorilla", handler: http.HandlerFunc(handler), enter: entering(tb, http.HandlerFunc(fill))}
	return c.ready(what)
}

func ginOn(tb testing.TB, store ginsessions.Store, what string, m map[string]any) contestant {
	gin.SetMode(gin.ReleaseMode)
	engine := func(h gin.HandlerFunc) http.Handler {
		e := gin.New()
		e.Use(ginsessions.Sessions("session", store))
		e.GET("/", h)
		return e
	}
	work := engine(func(c *gin.Context) {
		c.Status(http.StatusNoContent)
		if what == "untouched" {
			return
		}
		s := ginsessions.Default(c)
		if what == "create" {
			s.Set("n", 1)
		} else {
			v, _ := s.Get("n").(int)
			sink = v
			if what == "read" {
				return
			}
			s.Set("n", v+1)
		}
		must(s.Save())
	})
	fill := engine(func(c *gin.Context) {
		s := ginsessions.Default(c)
		for k, v := range m {
			s.Set(k, v)
		}
		must(s.Save())
	})
	c := contestant{name: "gin", handler: work, answers: true, enter: entering(tb, fill)}
	return c.ready(what)
}

func echoOn(tb testing.TB, store sessions.Store, what string, m map[string]any) contestant {
	framework := func(h echo.HandlerFunc) http.Handler {
		e := echo.New()
		e.Use(echosession.Middleware(store))
		e.GET("/", h)
		return e
	}
	work := framework(func(c echo.Context) error {
		if what != "untouched" {
			s, err := echosession.Get("session", c)
			if err != nil {
				return err
			}
			gorillaWork(what, s, c.Response(), c.Request())
		}
		return c.NoContent(http.StatusNoContent)
	})
	fill := framework(func(c echo.Context) error {
		s, err := echosession.Get("session", c)
		if err != nil {
			return err
		}
		for k, v := range m {
			s.Values[k] = v
		}
		return s.Save(c.Request(), c.Response())
	})
	c := contestant{name: "echo", handler: work, answers: true, enter: entering(tb, fill)}
	return c.ready(what)
}

// fiberOn uses Fiber's own storage, in memory, if storage is nil.
func fiberOn(tb testing.TB, storage fiber.Storage, what string, m map[string]any) contestant {
	middleware, _ := fibersession.NewWithStore(fibersession.Config{Storage: storage})
	app := fiber.New()
	app.Use(middleware)
	app.Get("/", func(c fiber.Ctx) error {
		c.Status(http.StatusNoContent)
		if what == "untouched" {
			return nil
		}
		s := fibersession.FromContext(c)
		if what == "create" {
			s.Set("n", 1)
			return nil
		}
		if what == "login" {
			if err := s.Regenerate(); err != nil {
				return err
			}
		}
		v, _ := s.Get("n").(int)
		sink = v
		if what != "read" {
			s.Set("n", v+1)
		}
		return nil
	})
	app.Get("/enter", func(c fiber.Ctx) error {
		for k, v := range m {
			fibersession.FromContext(c).Set(k, v)
		}
		return nil
	})
	c := contestant{name: "fiber", fast: app.Handler(), enter: fastEntering(tb, app.Handler(), "/enter")}
	return c.ready(what)
}
