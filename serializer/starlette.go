package serializer

import "github.com/gosessions/sessions/internal/pyjson"

// The formats of Python's asynchronous frameworks: JSON objects without
// metadata, whose keys keep their order. Values are encoded as [JSON] does, in
// the spelling of the framework; bytes, times and UUIDs become text, for which
// Python has no other form either.
var (
	// StarletteFormat is what Starlette's SessionMiddleware stores: JSON in
	// ASCII, with a space after commas and colons. So do starsessions 1 and
	// the SignerCodecBackend of starlette-session-middleware.
	StarletteFormat Format = starletteFormat

	// StarletteFlaskFormat is what starlette-flask stores: compact JSON in
	// UTF-8. It shares cookies with [FlaskFormat], whose tags it shows as the
	// dicts that they are, and keeps. Text with lone surrogates, which Python
	// can read and not write, is refused as a key.
	StarletteFlaskFormat Format = starletteFlaskFormat

	// ClaimsFormat is the payload of a JSON Web Token as PyJWT writes it, each
	// key a claim: compact JSON in ASCII.
	ClaimsFormat Format = claimsFormat
)

var (
	starletteFormat      = jsonFormat{name: "starlette", text: starlette, anyUTF: true}
	starletteFlaskFormat = jsonFormat{name: "starlette-flask", text: starletteFlask}
	claimsFormat         = jsonFormat{name: "claims", text: claims, anyUTF: true}
)

var starlette = &textSerializer{
	name:    "starlette",
	dialect: pyjson.Dialect{ASCII: true, Spaced: true, Plain: true},
	rules:   pyjson.Rules{Surrogates: true, Exact: true},
	into:    target{bytesAsText: true},
	keeps:   pythonNumbers,
}

var claims = &textSerializer{
	name:    "claims",
	dialect: pyjson.Dialect{ASCII: true, Plain: true},
	rules:   pyjson.Rules{Surrogates: true, Exact: true},
	into:    target{bytesAsText: true},
	keeps:   pythonNumbers,
}

// starletteFlask is [JSON] for numbers that Python can hold.
var starletteFlask = &textSerializer{
	name:    plainJSON.name,
	dialect: plainJSON.dialect,
	rules:   plainJSON.rules,
	into:    plainJSON.into,
	keeps:   pythonNumbers,
}
