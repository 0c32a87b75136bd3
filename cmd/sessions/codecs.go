package main

import (
	"encoding/base64"
	"time"

	"github.com/gosessions/sessions/backends/cookie"
)

func (r *request) signing() cookie.Signing { return cookie.Signing{Salt: r.salt} }

func flask(r *request) cookie.Codec {
	return cookie.FlaskWith(r.signing(), r.secret, r.fallbacks...)
}

func starlette(r *request) cookie.Codec {
	return cookie.StarletteWith(r.signing(), r.secret, r.fallbacks...)
}

func starletteFlask(r *request) cookie.Codec {
	return cookie.StarletteFlaskWith(r.signing(), r.secret, r.fallbacks...)
}

func encrypted(r *request) cookie.Codec { return cookie.Encrypted(r.secret, r.fallbacks...) }

func pyJWT(r *request) cookie.Codec {
	options := r.jwt()
	options.PyJWT = true
	return cookie.JWTWith(options)
}

func sessionJWT(r *request) cookie.Codec { return cookie.JWTWith(r.jwt()) }

// jwt returns options with the keys of r, all for one algorithm.
func (r *request) jwt() cookie.JWTOptions {
	algorithm := r.algorithm
	if algorithm == "" {
		algorithm = "HS256"
	}
	options := cookie.JWTOptions{Primary: cookie.JWTKey{Algorithm: algorithm, Secret: r.secret}}
	for _, secret := range r.fallbacks {
		options.Older = append(options.Older, cookie.JWTKey{Algorithm: algorithm, Secret: secret})
	}
	return options
}

func bare(*request) cookie.Codec { return base64Codec{} }

// base64Codec is for stored records, which are not signed: a store is trusted.
type base64Codec struct{}

// maxRecord is how large a stored record may be: Config.MaxSize by default.
const maxRecord = 1 << 20

func (base64Codec) Name() string { return "base64" }

func (base64Codec) Seal(data []byte, _ cookie.Terms) (string, error) {
	return base64.StdEncoding.EncodeToString(data), nil
}

func (base64Codec) Open(token string, _ cookie.Terms) ([]byte, time.Duration, error) {
	if base64.StdEncoding.DecodedLen(len(token)) > maxRecord {
		return nil, 0, cookie.TooLarge
	}
	data, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(data) == 0 {
		return nil, 0, cookie.Malformed
	}
	return data, 0, nil
}

// cookieNames are the names under which a token that is bound to its cookie's
// name may have been sealed: the given one, or those that the middleware
// chooses, the last for tokens in headers.
func (r *request) cookieNames() []string {
	if r.named {
		return []string{r.cookieName}
	}
	return []string{"__Host-session", "session", ""}
}

// terms are those under which the token is opened or sealed.
func (r *request) terms(cookieName string) cookie.Terms {
	limit := r.maxAge.or(r.kind.maxAge)
	if limit == 0 && r.kind.name == "starsessions2" {
		limit = longLifetime
	}
	return cookie.Terms{Now: r.now, Cookie: cookieName, TTL: limit, MaxAge: limit}
}
