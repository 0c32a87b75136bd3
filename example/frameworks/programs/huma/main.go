// This program counts visits under huma.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const visits sessions.Key[int] = "visits"

type answer struct {
	Body struct {
		Visits int `json:"visits"`
	}
}

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	router := http.NewServeMux()
	api := humago.New(router, huma.DefaultConfig("Visits", "1.0.0"))
	huma.Get(api, "/", home)
	log.Fatal(http.ListenAndServe("localhost:8080", mw.Handler(router)))
}

func home(ctx context.Context, _ *struct{}) (*answer, error) {
	session, err := sessions.Load(ctx)
	if err != nil {
		return nil, huma.NewError(sessions.Status(err), "no session")
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		return nil, err
	}
	a := new(answer)
	a.Body.Visits = n
	return a, nil
}
