package cookie

import (
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

const day = 24 * time.Hour

// asFlask is Flask's default configuration: PERMANENT_SESSION_LIFETIME is 31
// days, and a session ends with the browser unless it holds _permanent.
var asFlask = backends.Defaults{
	Format:          serializer.FlaskFormat,
	Cookie:          "session",
	Lifetime:        31 * day,
	BrowserSession:  true,
	Duplicates:      backends.FirstOnly,
	SlidingLifetime: true,
	EmptyIsAbsent:   true,
}

// asStarlette is the default configuration of Starlette's SessionMiddleware:
// max_age is 14 days. Up to version 0.47 it sends the cookie again with every
// response.
var asStarlette = backends.Defaults{
	Format:          serializer.StarletteFormat,
	Cookie:          "session",
	Lifetime:        14 * day,
	Duplicates:      backends.LastOnly,
	SlidingLifetime: true,
	EmptyIsAbsent:   true,
}

// asStarsessions is the cookie store of starsessions 2. With a lifetime of 0 its
// cookie ends with the browser, and its signature after 360 days.
func asStarsessions(lifetime time.Duration) backends.Defaults {
	d := backends.Defaults{
		Format:        serializer.StarsessionsFormat,
		Cookie:        "session",
		Lifetime:      lifetime,
		Duplicates:    backends.LastOnly,
		EmptyIsAbsent: true,
	}
	if lifetime == 0 {
		d.Lifetime, d.BrowserSession = 360*day, true
	}
	return d
}

// asStarletteFlask is starlette-flask, which sends its cookie, of 14 days, only
// when the session has changed.
var asStarletteFlask = backends.Defaults{
	Format:        serializer.StarletteFlaskFormat,
	Cookie:        "session",
	Lifetime:      14 * day,
	Duplicates:    backends.LastOnly,
	EmptyIsAbsent: true,
}

// asPyJWT is the JwtCodecBackend of starlette-session-middleware.
var asPyJWT = backends.Defaults{
	Format:        serializer.ClaimsFormat,
	Cookie:        "session",
	Lifetime:      14 * day,
	Duplicates:    backends.LastOnly,
	EmptyIsAbsent: true,
}
