// Package sessions keeps a visitor's session across requests, for net/http.
//
// A [Middleware] gives every request its [Session], which is loaded when a
// handler asks for it and saved once, before the response begins:
//
//	mw, err := sessions.New(memory.New(nil), nil) // nil: safe defaults
//	http.ListenAndServe(":8080", mw.Handler(mux))
//
//	const visits sessions.Key[int] = "visits"
//
//	func home(w http.ResponseWriter, r *http.Request) {
//		session, err := sessions.Load(r.Context())
//		if err != nil {
//			sessions.Error(w, r, err)
//			return
//		}
//		n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
//		...
//	}
//
// What it promises on a backend that can swap ([Swapper]; memory, Redis and
// Postgres can):
//
//   - No lost update. A request saves the keys that it changed, on top of what
//     is stored then. [Session.Update] runs again on a conflict, so counters count.
//   - Logout is final. A request that was under way when the session ended cannot
//     bring it back: its commit is [ErrGone].
//   - A success is never sent for a session that was not saved.
//   - You pay for what you touch. A request that does not use its session does no
//     I/O and sends no header; reading a key decodes that key.
//
// # Choosing a backend
//
// backends/memory is for one process, development and tests. backends/redis and
// backends/postgres share sessions among instances, and can list and revoke them
// by owner. backends/cookie keeps the whole session in the cookie: no store to
// run, 4 KB at most, and no way to end a session that somebody has copied. It is
// also how a Go program shares the session of a Flask, Starlette or FastAPI
// application:
//
//	mw, err := sessions.New(cookie.New(cookie.Flask("secret")), nil)
//
// # Writing a backend
//
// [Backend] has four methods; a map and a mutex make one. What else a backend
// can do it shows by optional methods, each described beside the function that
// uses it: [Swapper], [Toucher], [Rotator], [SubjectIndex], [Sweeper], [Walker].
// Package sessionstest tests all of them. [Intercept] decorates a backend.
//
// # Security
//
// Tokens have 256 random bits, and a server-side backend sees only their SHA-256.
// A token that the middleware did not issue is never adopted. Call
// [Session.RegenerateID] whenever a visitor's rights change, at login above all,
// and [Session.Destroy] at logout. Cookies are __Host- prefixed, Secure, HttpOnly
// and SameSite=Lax unless configured otherwise. SameSite is no complete protection
// from cross-site requests: add [net/http.CrossOriginProtection]. No error and no
// event contains a token, a key or a value. docs/security.md has the rest.
//
// # Compatibility
//
// Records carry a format version; later releases read what earlier ones wrote. A
// record from a later release is answered with 503, because a deployment is
// under way. With Python, values that Go does not touch go back byte for byte.
package sessions
