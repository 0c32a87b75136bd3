// Package cookie keeps the whole session in the token that the client carries.
// There is no store to run, to fail or to wait for.
//
//	mw, err := sessions.New(cookie.New(cookie.Encrypted(key)), nil)
//
// # Choosing a codec
//
// A [Codec] turns a record into a token and back. Use [Encrypted] for a new
// application. [Flask], [Starlette], [Starsessions], [StarletteFlask] and
// [PyJWT] share sessions with applications in Python, and need no further
// configuration. [JWT] makes tokens that other services can verify. Every codec
// except Encrypted signs the session but does not hide it: anyone who holds the
// token can read it.
//
// Each codec takes one primary key, which seals tokens, and older keys, which
// only open them.
//
// # What a server-side backend can do and this one cannot do
//
// Concurrent changes of one session can be lost, because the browser keeps only
// the last of two responses. The sessions of an owner cannot be listed. And a
// cookie holds 4096 bytes including its name, which leaves about 3000 for an
// encrypted session.
//
// # Ending sessions
//
// A backend of [New] cannot revoke a session: a copied token is valid until it
// expires, even after its owner has logged out or the session was regenerated,
// which fails ASVS 7.4.1. [Revocable] keeps the sessions that have ended in a
// small store:
//
//	mw, err := sessions.New(cookie.Revocable(cookie.Encrypted(key), store, nil), nil)
//
// # Security
//
// Apart from the key ID, nothing in a token is parsed before its signature is
// verified. Inflating is bounded, and base64 is accepted in one spelling only.
// A client cannot tell refusals apart: it has no session. [Reason] tells an
// operator why.
package cookie
