package frameworks

import (
	"bufio"
	"net/http"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	fiberrecover "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/valyala/fasthttp"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/frameworks/shop"
	"github.com/gosessions/sessions/fibersessions"
)

// Fiber needs the adapter, because it does not use net/http. Streams and websockets are
// Fiber's own: its adaptor for handlers of net/http buffers the response.
func Fiber(mw *sessions.Middleware, routes []shop.Route) *fiber.App {
	app := fiber.New()
	app.Use(fiberrecover.New())
	app.Use(fibersessions.New(mw))
	for _, route := range routes {
		app.Add([]string{route.Method}, route.Path, withSession(route.Handler))
	}
	app.Get("/events", fiberEvents)
	app.Get("/socket", fiberSocket)
	return app
}

// withSession adapts a handler of net/http, which finds the session in its request.
func withSession(h http.Handler) fiber.Handler {
	return func(c fiber.Ctx) error {
		return adaptor.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(c.Context()))
		}))(c)
	}
}

// fiberEvents saves the session itself, because Transact needs a stored one.
func fiberEvents(c fiber.Ctx) error {
	ctx := c.Context() // c itself is not valid in the stream
	s, err := sessions.Load(ctx)
	if err != nil {
		return err
	}
	if _, err := shop.Add(s, "stream"); err != nil {
		return err
	}
	if err := s.Save(ctx); err != nil { // the stream starts before the handler returns
		return err
	}
	c.Set("Content-Type", "text/event-stream")
	return c.SendStreamWriter(func(w *bufio.Writer) { shop.Stream(ctx, s, w, w.Flush) })
}

var upgrader = websocket.FastHTTPUpgrader{CheckOrigin: sameOrigin}

// sameOrigin accepts programs, which send no Origin, and pages of this host.
func sameOrigin(ctx *fasthttp.RequestCtx) bool {
	origin := string(ctx.Request.Header.Peek("Origin"))
	host := string(ctx.Host())
	return origin == "" || origin == "http://"+host || origin == "https://"+host
}

func fiberSocket(c fiber.Ctx) error {
	ctx := c.Context()
	s, err := sessions.Load(ctx)
	if err != nil {
		return err
	}
	return upgrader.Upgrade(c.RequestCtx(), func(conn *websocket.Conn) {
		for {
			_, item, err := conn.ReadMessage()
			if err != nil {
				return
			}
			text, err := shop.Order(ctx, s, string(item))
			if err != nil {
				text = err.Error()
			}
			if conn.WriteMessage(websocket.TextMessage, []byte(text)) != nil {
				return
			}
		}
	})
}
