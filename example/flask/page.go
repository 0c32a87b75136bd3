package main

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/shop"
	"github.com/gosessions/sessions/example/internal/web"
)

//go:embed go.html
var goPage string

var pageTemplate = template.Must(template.New("page").Parse(goPage))

// view is what the page shows.
type view struct {
	Problem string // nothing else is shown then

	User    string
	Flashes []sessions.Flash
	Shelf   []shop.Shelf
	Values  []shop.Row
}

// page shows the session to a person.
func page(site *web.Site) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			site.Fail(w, r, err)
			return
		}
		v := &view{Shelf: shop.Shelves(s)}
		if v.Flashes, err = s.Flashes(); err != nil {
			site.Fail(w, r, err)
			return
		}
		v.User, _ = user.Get(s) // of any type, if something else stored it
		v.Values = shop.Contents(s)
		web.Render(w, http.StatusOK, pageTemplate, v)
	}
}

// trouble shows a person what went wrong.
func trouble(w http.ResponseWriter, status int, problem string) {
	web.Render(w, status, pageTemplate, &view{Problem: problem})
}
