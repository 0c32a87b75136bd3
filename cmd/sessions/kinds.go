package main

import (
	"strings"
	"time"

	"github.com/gosessions/sessions/backends/cookie"
)

// A kind is one of the formats that the command supports: how a token is
// sealed, and how the record in it is laid out.
type kind struct {
	name   string
	about  string
	keyed  bool          // it takes a secret
	maxAge time.Duration // unless a request says otherwise

	// codec seals the record. It is nil if the token is not itself a record.
	codec func(*request) cookie.Codec

	// layout is that of the record.
	layout layout
}

const day = 24 * time.Hour

type kindList []kind

// kinds are all formats, in the order of the documentation.
var kinds = kindList{
	{
		name: "flask", about: "session cookie of Flask",
		keyed: true, maxAge: 31 * day, codec: flask, layout: foreign{},
	},
	{
		name: "starlette", about: "SessionMiddleware of Starlette and FastAPI",
		keyed: true, maxAge: 14 * day, codec: starlette, layout: foreign{},
	},
	{
		name: "starlette-flask", about: "cookie of starlette-flask, which never expires",
		keyed: true, maxAge: noLimit, codec: starletteFlask, layout: foreign{},
	},
	{
		name: "starsessions1", about: "CookieBackend of starsessions 1",
		keyed: true, maxAge: 14 * day, codec: starlette, layout: foreign{},
	},
	{
		name: "starsessions2", about: "CookieStore of starsessions 2; -max-age is its lifetime, 0 means 360 days",
		keyed: true, maxAge: longLifetime, codec: starlette, layout: foreign{metadata: true},
	},
	{
		name: "signer", about: "SignerCodecBackend of starlette-session-middleware",
		keyed: true, maxAge: 14 * day, codec: starlette, layout: foreign{},
	},
	{
		name: "jwt", about: "JwtCodecBackend of starlette-session-middleware; the claims are the session",
		keyed: true, maxAge: noLimit, codec: pyJWT, layout: foreign{},
	},
	{
		name: "flask-session", about: "a record of Flask-Session, in standard base64; -serializer json|msgpack",
		maxAge: noLimit, codec: bare, layout: foreign{},
	},
	{
		name: "flask-session-id", about: "an ID signed by Flask-Session; the payload is the ID",
		keyed: true, maxAge: noLimit,
	},
	{
		name: "encrypted", about: "cookie.Encrypted of this module; -cookie-name, -serializer json|flask|msgpack",
		keyed: true, maxAge: 14 * day, codec: encrypted, layout: native{},
	},
	{
		name: "sess+jwt", about: "cookie.JWT of this module; -serializer json|flask|msgpack",
		keyed: true, maxAge: 14 * day, codec: sessionJWT, layout: native{},
	},
	{
		name: "native", about: "a record of this module's stores, in standard base64; -serializer json|flask|msgpack",
		maxAge: noLimit, codec: bare, layout: native{},
	},
	{
		name: "encrypted-native", about: "such a record, encrypted by serializer.Encrypted; -id, under which it is stored",
		keyed: true, maxAge: noLimit, codec: bare, layout: encryptedRecord{},
	},
}

// longLifetime is how long starsessions 2 accepts cookies that end with the
// browser.
const longLifetime = 360 * day

// find returns the kind of that name, or nil.
func (list kindList) find(name string) *kind {
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

// String lists the names.
func (list kindList) String() string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].name
	}
	return strings.Join(names, ", ")
}
