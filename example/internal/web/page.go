package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed style.css
var style []byte

// Stylesheet answers with the stylesheet of the pages.
func Stylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache") // it is under development, like every demonstration
	_, _ = w.Write(style)
}

// Render answers with a page. It executes the template before it sends the
// first byte, so that it can still report a failure.
func Render(w http.ResponseWriter, status int, page *template.Template, data any) {
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone, or the commit has failed and was answered
}

// Protect refuses the forms of other sites.
func Protect(site *Site, next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site.Fail(w, r, &Problem{http.StatusForbidden, "this form came from another site"})
	}))
	return protection.Handler(next)
}
