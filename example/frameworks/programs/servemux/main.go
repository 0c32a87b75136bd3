// This program counts visits under net/http's ServeMux.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const visits sessions.Key[int] = "visits"

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	router := http.NewServeMux()
	router.HandleFunc("GET /{$}", home)
	log.Fatal(http.ListenAndServe("localhost:8080", mw.Handler(router)))
}

func home(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	fmt.Fprintf(w, "visit %d\n", n)
}
