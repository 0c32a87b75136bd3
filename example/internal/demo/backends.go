package demo

import (
	"context"
	"io"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/serializer"
)

// open returns the backend that the settings ask for, and the format of its
// records; a nil format is for the backend to choose. It does not connect.
func open(s *settings) (sessions.Backend, serializer.Format, error) {
	switch s.Backend {
	case "redis":
		backend, err := redis.Open(s.redis, nil)
		return backend, native(s.serializer), err
	case "postgres":
		backend, err := postgres.Open(s.postgres, nil)
		return backend, native(s.serializer), err
	case "cookie":
		return cookie.New(sealed(s.Codec, s.key())), cookieFormat(s), nil
	}
	for _, store := range s.stores {
		if store.Name == s.Backend {
			backend, err := store.Open(*s.addresses[store.Name])
			return backend, native(s.serializer), err
		}
	}
	return memory.New(nil), native(s.serializer), nil
}

// sealed returns the codec of a name.
func sealed(codec, key string) cookie.Codec {
	switch codec {
	case "starlette":
		return cookie.Starlette(key)
	case "jwt":
		return cookie.PyJWT(key)
	case "encrypted":
		return cookie.Encrypted(key)
	}
	return cookie.Flask(key)
}

// cookieFormat returns nil where the codec fixes the format, because others read
// the cookie, too.
func cookieFormat(s *settings) serializer.Format {
	if s.Codec == "encrypted" {
		return native(s.serializer)
	}
	return nil
}

// native returns our own format, with the values encoded as name says.
func native(name string) serializer.Format {
	switch name {
	case "flask":
		return serializer.Native(serializer.Flask)
	case "msgpack":
		return serializer.Native(serializer.MsgPack)
	}
	return serializer.Native(serializer.JSON)
}

// prepare does what is to be done before the first request: a database needs its
// table, and of Redis we want to know whether it is there.
func prepare(ctx context.Context, backend sessions.Backend) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	switch backend := backend.(type) {
	case interface{ Migrate(context.Context) error }:
		return backend.Migrate(ctx)
	case *redis.Backend:
		return backend.Check(ctx)
	}
	return nil
}

// prepareLater tries until it succeeds, or ctx ends.
func prepareLater(ctx context.Context, backend sessions.Backend) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
			if prepare(ctx, backend) == nil {
				return
			}
		}
	}
}

// closeBackend lets go of a backend's connections.
func closeBackend(backend sessions.Backend) {
	if closer, ok := backend.(io.Closer); ok {
		_ = closer.Close() // nothing is left to be saved
	}
}
