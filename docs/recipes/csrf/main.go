// Command csrf is an application with a form, and three ways to refuse the forms of
// other sites. docs/recipes.md explains it.
package main

import (
	"html/template"
	"log"
	"net/http"

	"github.com/gorilla/csrf"
	"github.com/justinas/nosurf"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", byOrigin(mw)))
}

// byOrigin refuses by what browsers say about the origin of a request. There is no
// token, no cookie and no field in the form.
func byOrigin(mw *sessions.Middleware) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page(func(*http.Request) string { return "" }))
	mux.HandleFunc("POST /name", rename)
	mux.HandleFunc("POST /login", login)
	return http.NewCrossOriginProtection().Handler(mw.Handler(mux))
}

// byNosurf refuses forms without the token that a cookie of nosurf has, too.
func byNosurf(mw *sessions.Middleware) http.Handler {
	mux := http.NewServeMux()
	protection := nosurf.New(mux)
	protection.SetBaseCookie(http.Cookie{Name: "__Host-csrf", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})

	mux.HandleFunc("GET /{$}", page(nosurf.Token))
	mux.HandleFunc("POST /name", rename)
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		protection.RegenerateToken(w, r) // as the session's ID
		login(w, r)
	})
	return mw.Handler(protection)
}

// byGorilla is the same with gorilla/csrf, whose cookie is signed with key.
func byGorilla(mw *sessions.Middleware, key []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page(csrf.Token))
	mux.HandleFunc("POST /name", rename)
	mux.HandleFunc("POST /login", login)
	protect := csrf.Protect(key, csrf.CookieName("__Host-csrf"), csrf.Path("/"), csrf.FieldName("csrf_token"))
	return mw.Handler(protect(mux))
}

var form = template.Must(template.New("").Parse(`<p>Hello {{.Name}}</p>
<form method="post" action="/name">
<input type="hidden" name="csrf_token" value="{{.Token}}">
<input name="name"> <button>Change</button>
</form>
`))

const name sessions.Key[string] = "name"

// page shows the form with the token that it needs.
func page(token func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		known, err := name.Get(session)
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		if err := form.Execute(w, struct{ Name, Token string }{known, token(r)}); err != nil {
			log.Print(err)
		}
	}
}

func rename(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err == nil {
		err = name.Set(session, r.FormValue("name"))
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func login(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err == nil {
		err = session.RegenerateID()
	}
	if err == nil {
		err = session.SetSubject(r.FormValue("user")) // after you have checked the password
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
