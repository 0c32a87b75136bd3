// Command flask shows a Flask application that moves to Go route by route: both
// run behind one address, and share one session.
//
//	go run ./example/flask
//
// The Flask application is under /flask/, the Go one under /go/. Log in on one
// side and fill the cart on the other: you stay logged in, no key is lost, and
// a tuple stays a tuple. It needs a Python with Flask and nothing else.
//
// All that makes the Go side a part of the Flask application is
//
//	sessions.New(cookie.New(cookie.Flask("secret")), nil)
//
// with the SECRET_KEY of the other side, and further arguments for its
// SECRET_KEY_FALLBACKS.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"os"
	"os/signal"
	"syscall"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/example/internal/shop"
	"github.com/gosessions/sessions/example/internal/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one ends us at once

	settings, err := parse(os.Args[1:], os.Getenv)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(help)
		return
	}
	if err == nil {
		settings.python, err = findPython(settings.python)
	}
	if err != nil {
		web.Exit(2, "example/flask", err)
	}
	if err := run(ctx, settings); err != nil {
		web.Exit(1, "example/flask", err)
	}
}

// run serves both applications until ctx ends, or Flask does.
func run(ctx context.Context, settings *settings) error {
	if settings.secret == "" {
		settings.secret = rand.Text() // for both sides
	}
	flask, err := startFlask(settings.python, settings.secret)
	if err != nil {
		return err
	}
	defer flask.stop()

	handler, err := routes(flask, settings.secret)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		err := <-flask.ended
		flask.ended <- err
		cancel(fmt.Errorf("flask has ended: %w", err))
	}()
	err = web.Serve(ctx, settings.addr, handler, func(url string) {
		fmt.Printf("%s (Flask under /flask/, Go under /go/, one session)\n", url)
	})
	if err == nil && !errors.Is(context.Cause(ctx), context.Canceled) {
		err = context.Cause(ctx)
	}
	return err
}

// routes puts the two applications behind one address.
func routes(flask *flaskProcess, secret string) (http.Handler, error) {
	site := &web.Site{Home: "/go/", Trouble: trouble}

	// The cookie may travel over plain http because this is a demonstration on
	// localhost, and because Flask's does unless SESSION_COOKIE_SECURE is set.
	// In production leave Transport out, and set that.
	mw, err := sessions.New(cookie.New(cookie.Flask(secret)), &sessions.Config{
		Transport:    sessions.Cookie{Insecure: true},
		ErrorHandler: site.Fail,
		Observe:      sessions.LogEvents(slog.Default()),
	})
	if err != nil {
		return nil, err
	}

	inGo := http.NewServeMux()
	handle := func(pattern string, action web.Action) { inGo.Handle(pattern, site.Do(action)) }
	inGo.HandleFunc("GET /go/{$}", page(site))
	handle("POST /go/login", login(site))
	handle("POST /go/logout", logout)
	handle("POST /go/cart", shop.ChangeCart(site))
	handle("POST /go/order", order(site))
	handle("GET /go/session", shop.Show)
	handle("GET /go/set-session", shop.SetApplication)
	handle("GET /go/get-session", shop.GetApplication)
	handle("GET /go/delete-session", shop.DeleteApplication)

	inFlask := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(flask.url)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			site.Fail(w, r, &web.Problem{Status: http.StatusBadGateway, Text: "Flask does not answer"})
		},
	}

	all := http.NewServeMux()
	all.Handle("/go/", mw.Handler(inGo))
	all.Handle("/flask/", inFlask)
	all.Handle("GET /{$}", http.RedirectHandler("/flask/", http.StatusSeeOther))
	all.HandleFunc("GET /healthz", web.Healthz)
	all.HandleFunc("GET /style.css", web.Stylesheet)
	return web.Protect(site, all), nil
}
