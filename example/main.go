// Command example is the demonstration of package sessions: one program, every
// backend by flag.
//
//	go run ./example                                   # in memory, nothing to set up
//	go run ./example -backend cookie -codec flask -secret dev
//	go run ./example -backend redis
//	go run ./example -help
//
// The page at http://localhost:8080 is for people; programs that ask for JSON
// (Accept: application/json) get JSON from the same routes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/web"
	"github.com/gosessions/sessions/serializer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one ends us at once

	settings, err := parse(os.Args[1:], os.Getenv)
	if errors.Is(err, flag.ErrHelp) {
		usage(os.Stdout)
		return
	}
	var app *app
	if err == nil {
		app, err = build(settings)
	}
	if err != nil {
		web.Exit(2, "example", err)
	}
	if err := run(ctx, settings, app); err != nil {
		web.Exit(1, "example", err)
	}
}

// app is the demonstration: a shop with a cart, and a window on its sessions.
type app struct {
	*web.Site
	settings *settings
	backend  sessions.Backend
	sessions *sessions.Middleware
}

// build returns the demonstration for the settings, or an error if they are
// invalid.
func build(settings *settings) (*app, error) {
	backend, format, err := open(settings)
	if err != nil {
		return nil, err
	}
	return wire(settings, backend, format)
}

// wire puts a backend, the middleware and the handlers together.
func wire(settings *settings, backend sessions.Backend, format serializer.Format) (*app, error) {
	app := &app{settings: settings, backend: backend}
	app.Site = &web.Site{Home: "/", Trouble: trouble}
	config := &sessions.Config{
		Lifetime:     settings.lifetime,
		IdleTimeout:  settings.idle,
		Transport:    settings.carrier(),
		Format:       format,
		ErrorHandler: app.Fail,
		Observe:      sessions.LogEvents(slog.Default()),
	}
	if settings.autoload {
		config.Autoload = sessions.Always
	}
	var err error
	app.sessions, err = sessions.New(backend, config)
	return app, err
}

// run serves the demonstration until ctx ends.
func run(ctx context.Context, settings *settings, app *app) error {
	defer closeBackend(app.backend)
	if settings.needsSecret() && settings.secret == "" {
		fmt.Fprintln(os.Stderr, "example: warning: -secret is not set: using a random key, so sessions end with this process")
	}
	if err := prepare(ctx, app.backend); err != nil {
		// It may be up in a moment. Until then the answer is 503.
		fmt.Fprintf(os.Stderr, "example: warning: the backend is not ready: %s\n", web.OneLine(err))
		go prepareLater(ctx, app.backend)
	}
	return web.Serve(ctx, settings.addr, app.routes(), func(url string) {
		fmt.Printf("%s (%s)\n", url, strings.Join(settings.Tags(), ", "))
	})
}
