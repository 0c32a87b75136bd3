// Package demo is the demonstration of package sessions. The commands example and
// example/sql are this package with different stores.
package demo

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

// Store is a backend that a demonstration offers beside those of the library's own
// module.
type Store struct {
	Name     string // behind -backend, and of the flag with its address
	Usage    string // of that flag
	Default  string // address
	Variable string // of the environment, that stands for the flag
	Note     string // what the page says of it

	// Open returns the backend.
	Open func(address string) (sessions.Backend, error)
}

func storeNames(stores []Store) []string {
	var names []string
	for _, store := range stores {
		names = append(names, store.Name)
	}
	return names
}

// Main runs the program called name, with the flags and the environment of the
// process, until it is asked to end. It exits the process if it fails.
func Main(name string, stores ...Store) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one ends us at once

	settings, err := parse(os.Args[1:], os.Getenv, stores...)
	if errors.Is(err, flag.ErrHelp) {
		usage(os.Stdout, stores...)
		return
	}
	var app *app
	if err == nil {
		app, err = build(settings)
	}
	if err != nil {
		web.Exit(2, name, err)
	}
	if err := run(ctx, settings, app); err != nil {
		web.Exit(1, name, err)
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
	app.Site = &web.Site{Home: "/", Again: app.again, Trouble: trouble}
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
		fmt.Printf("%s (%s)\n", url, strings.Join(settings.Tags(), ", ")) //rules:allow because it is what the program says
	})
}
