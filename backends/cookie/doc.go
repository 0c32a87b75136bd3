// Package cookie keeps the whole session in the token that the client carries:
// no store to run, none to fail, and none to ask.
//
//	mw, err := sessions.New(cookie.New(cookie.Encrypted(key)), nil)
//
// # Choosing a codec
//
// A [Codec] makes a token of a record and a record of a token. [Encrypted] is
// the one for new applications. The others are for those that share their
// sessions, and need nothing configured besides: [Flask], [Starlette],
// [Starsessions], [StarletteFlask] and [PyJWT]. [JWT] is for tokens that other
// services verify. All but Encrypted sign without hiding: whoever holds such a
// token can read it.
//
// Each takes one primary key, which seals, and older ones, which only open.
//
// # What a server-side backend can do and this one cannot
//
// Of two responses under way at once the browser keeps the last, so concurrent
// changes of one session can be lost. Nothing can be revoked: a token that was
// copied is good until its time is over, whether or not its owner has logged
// out or been regenerated, which fails ASVS 7.4.1; an application that has to
// end sessions keeps them on a server. And a cookie holds 4096 bytes, name
// included, of which an encrypted session has about 3000.
//
// # Security
//
// Nothing of a token is looked at before its signature has been verified,
// except what says which key to verify it with. Nothing is inflated without a
// bound, and base64 is accepted in one spelling only. Every refusal is the same to the
// client, no session; [Reason] tells an operator which it was.
package cookie
