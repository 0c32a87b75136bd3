module github.com/gosessions/sessions/gorilla/interop

go 1.26.0

require (
	github.com/gorilla/sessions v1.4.0
	github.com/gosessions/sessions v0.0.0
	github.com/gosessions/sessions/gorilla v0.0.0
	github.com/markbates/goth v1.82.0
)

require (
	github.com/go-chi/chi/v5 v5.2.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/context v1.1.1 // indirect
	github.com/gorilla/mux v1.6.2 // indirect
	github.com/gorilla/securecookie v1.1.2 // indirect
	github.com/klauspost/compress v1.20.4 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/oauth2 v0.27.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/gosessions/sessions => ../..
	github.com/gosessions/sessions/gorilla => ../
)
