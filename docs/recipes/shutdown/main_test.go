package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestShutdown: an order that is under way is saved and answered, a stream ends, and
// the next process has the session.
func TestShutdown(t *testing.T) {
	backend, err := redis.Open(services.Redis(t), &redis.Options{Prefix: t.Name() + ":"})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := sessions.New(backend, nil)
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan bool, 1)
	url, stop, ended := run(t, mw, func(r *http.Request) {
		if r.Method == "POST" {
			arrived <- true
		}
	})

	stream, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if line, err := bufio.NewReader(stream.Body).ReadString('\n'); line != "data: 1\n" {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	answered := make(chan *http.Response, 1)
	go func() {
		response, err := http.Post(url+"/order", "", nil)
		if err != nil {
			t.Error(err)
		}
		answered <- response
	}()
	<-arrived
	stop()
	response := <-answered
	if response == nil {
		t.FailNow()
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); string(text) != "order 1\n" || len(response.Cookies()) != 1 {
		t.Fatalf("%q, %d cookies, want order 1 and a cookie", text, len(response.Cookies()))
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}

	url, stop, ended = run(t, mw, func(*http.Request) {})
	request, err := http.NewRequest("POST", url+"/order", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(response.Cookies()[0])
	again, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Body.Close()
	if text, _ := io.ReadAll(again.Body); string(text) != "order 2\n" {
		t.Errorf("after the restart %q, want order 2", text)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// run serves the application, and tells arrived of each request, until stop is
// called.
func run(t *testing.T, mw *sessions.Middleware, arrived func(*http.Request)) (url string, stop func(), ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams, endStreams := context.WithCancel(t.Context())
	inner := application(streams, mw)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived(r)
		inner.ServeHTTP(w, r)
	})}
	server.RegisterOnShutdown(endStreams)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, server, listener, 10*time.Second) }()
	return "http://" + listener.Addr().String(), cancel, done
}
