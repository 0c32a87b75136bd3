package serializer

import "github.com/gosessions/sessions/internal/pyjson"

// The formats of Python's asynchronous frameworks: JSON objects without
// metadata, whose keys keep their order. Values are encoded as by [JSON], in
// the framework's spelling. Bytes, times and UUIDs become text; these
// frameworks have no other form for them.
var (
	// StarletteFormat is what Starlette's SessionMiddleware stores: JSON in
	// ASCII, with a space after commas and colons. So do starsessions 1 and
	// the SignerCodecBackend of starlette-session-middleware.
	StarletteFormat Format = starletteFormat

	// StarletteFlaskFormat is what starlette-flask stores: compact JSON in
	// UTF-8. It shares cookies with [FlaskFormat]. It keeps Flask's tags, and
	// presents them as dicts. A key with a lone surrogate, which Python can
	// read but not write, is refused.
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
