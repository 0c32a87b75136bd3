// This program counts visits under gorilla/mux.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const visits sessions.Key[int] = "visits"

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	router := mux.NewRouter()
	router.Use(mw.Handler) // runs for routes that match; to cover all, wrap the router
	router.HandleFunc("/", home).Methods("GET")
	log.Fatal(http.ListenAndServe("localhost:8080", router))
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
