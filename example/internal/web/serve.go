package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// MaxDelay is how long a handler of a demonstration may take on purpose.
const MaxDelay = 30 * time.Second

// Serve answers requests at addr until ctx ends, and then lets those that are
// under way finish. It calls ready with the address for a browser as soon as
// connections are accepted.
func Serve(ctx context.Context, addr string, handler http.Handler, ready func(url string)) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           Limit(handler),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * MaxDelay,
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ready(address(listener.Addr()))

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 2*MaxDelay)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Limit bounds what visitors can send, to more than any session can hold.
func Limit(handler http.Handler) http.Handler { return http.MaxBytesHandler(handler, 4<<20) }

// address returns the URL under which a browser on this machine finds a server.
func address(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "http://" + a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// CheckAddress returns an error if one cannot listen on a host and port, as far
// as that can be found out without listening.
func CheckAddress(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("want host:port or :port")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return errors.New("want a port from 0 to 65535")
	}
	return nil
}

// Exit ends the program with one line about what went wrong.
func Exit(code int, program string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", program, OneLine(err))
	os.Exit(code) //rules:allow because only main functions call it
}

// OneLine returns the text of an error that may have several lines.
func OneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
