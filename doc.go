// Package sessions gives net/http handlers sessions: values that are kept for a
// visitor from one request to the next.
//
// This package has two kinds of readers. If you write handlers, read on. If you
// write a backend, read package [github.com/gosessions/sessions/backends].
//
// A [Middleware] wraps your handlers. It loads a request's session when a handler
// calls [Load], and saves it once, before the first byte of the response:
//
//	mw, err := sessions.New(memory.New(nil), nil) // a nil Config has safe defaults
//	if err != nil {
//		log.Fatal(err)
//	}
//	log.Fatal(http.ListenAndServe(":8080", mw.Handler(mux)))
//
// A [Key] is the name and the type of a value. A handler loads the session, uses
// it, and then writes its response:
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
//		if err != nil {
//			sessions.Error(w, r, err)
//			return
//		}
//		fmt.Fprintf(w, "visit %d\n", n)
//	}
//
// A login gives the session a new ID and an owner, which [Session.Subject] returns
// from then on. A logout destroys the session:
//
//	func login(session *sessions.Session, userID string) error {
//		if err := session.RegenerateID(); err != nil {
//			return err
//		}
//		return session.SetSubject(userID)
//	}
//
//	func logout(r *http.Request, session *sessions.Session) error {
//		return session.Destroy(r.Context())
//	}
//
// [Session.SetPersistent] implements "remember me". [Session.Flash] shows a
// message on the next page. [Middleware.List] lists a user's devices, and
// [Middleware.RevokeAll] logs all of them out. Streams and websockets change the
// session with [Session.Transact], because the response has begun.
//
// The package promises:
//
//   - No update is lost if the backend can swap records, as the memory, SQL,
//     Redis, Postgres and NATS backends can. A commit applies the request's
//     changes to the record as it is at that time. If two requests set the same
//     key, the later one wins, unless [Config.RefuseConflicts] refuses it; a
//     function given to [Session.Update] runs again, so that counters count.
//   - Logout is final on the same backends. A request that was under way when the
//     session ended cannot bring it back: its commit fails with [ErrGone].
//   - A change that was not saved is never reported as a success. If the commit
//     fails, [Config.ErrorHandler] answers instead of the handler. This holds for
//     changes made before the response begins; later ones fail with [ErrCommitted].
//   - A handler that panics or answers with [Error] changes nothing, unless it called
//     [Session.Save]. For other responses, [Config.SaveOn] decides.
//   - A request that does not use its session does no I/O and sends no header,
//     unless [Config.Autoload] or [Config.RefreshUntouched] asks for it. Reading a
//     key decodes that key only.
//
// # Security
//
// Tokens have 256 random bits, and a server-side backend sees only their SHA-256,
// unless [Config.IDs] is [RawIDs]. A token that does not lead to a session is
// never adopted: its visitor gets a new token. Cookies have the prefix __Host- and
// are Secure, HttpOnly and SameSite=Lax, unless [Cookie] or the format of another
// framework says otherwise.
//
// Your part is to call [Session.RegenerateID] whenever a visitor's rights change,
// above all at login, and [Session.Destroy] at logout. SameSite alone does not
// stop all cross-site requests: add [net/http.CrossOriginProtection]. The package
// puts no token, key or value into its events, and none into its errors except the
// name of a [Key]. docs/security.md has the rest, and docs/recipes.md shows how
// common tasks are done.
//
// # Choosing a backend
//
//   - backends/memory is for development and tests: a restart ends every session.
//   - backends/sqlite keeps the sessions of one server in a file. It is a separate
//     module.
//   - backends/redis, backends/postgres and backends/sql (MySQL and MariaDB) share
//     sessions among instances.
//   - backends/nats does the same on NATS JetStream, but cannot list the sessions of
//     a subject. It is a separate module, too.
//   - backends/scs takes any store that was written for alexedwards/scs, without the
//     promises that need a swap.
//   - backends/cookie keeps the whole session in the cookie. You need no store, but
//     a session has to fit into 4 KB, the later of two concurrent changes wins, and
//     a copied cookie stays valid until it expires, even after a logout;
//     cookie.Revocable ends it, with a small store of the sessions that have ended.
//
// Package backends/cookie also shares the sessions of Flask, Starlette and FastAPI
// applications:
//
//	mw, err := sessions.New(cookie.New(cookie.Flask("secret")), nil)
//
// [Config.Sources] moves the sessions of one backend to another without logging
// anyone out.
//
// # Writing a backend
//
// A backend needs four methods: package
// [github.com/gosessions/sessions/backends] describes them, and package
// sessionstest tests them.
//
// # Compatibility
//
// Records carry the version of their format, and later releases read what earlier
// ones wrote. While a deployment is under way, an earlier release may meet a record
// that a later one wrote: it answers with 503 and leaves the record alone. In a
// record that is shared with Python, values that Go does not change go back byte
// for byte.
package sessions
