package demo

import (
	"net/http"

	"github.com/gosessions/sessions/example/internal/shop"
	"github.com/gosessions/sessions/example/internal/web"
)

// routes returns all that the demonstration answers. What needs no session stays
// outside the middleware.
func (app *app) routes() http.Handler {
	withSession := http.NewServeMux()
	handle := func(pattern string, action web.Action) { withSession.Handle(pattern, app.Do(action)) }

	withSession.HandleFunc("GET /{$}", app.page)
	handle("POST /cart", shop.ChangeCart(app.Site))

	handle("GET /session", shop.Show)
	handle("POST /set", app.set)
	handle("GET /get", get)
	handle("POST /delete", remove)
	handle("POST /incr", increment)
	handle("POST /slow", setSlowly)

	handle("POST /login", app.login)
	handle("POST /logout", logout)
	handle("GET /devices", app.devices)
	handle("POST /revoke", app.revoke)

	// Beside a Flask application: see example/flask.
	handle("GET /set-session", shop.SetApplication)
	handle("GET /get-session", shop.GetApplication)
	handle("GET /delete-session", shop.DeleteApplication)

	all := http.NewServeMux()
	all.HandleFunc("GET /healthz", web.Healthz)
	all.HandleFunc("GET /style.css", web.Stylesheet)
	all.Handle("/", app.sessions.Handler(withSession))
	return web.Protect(app.Site, all)
}
