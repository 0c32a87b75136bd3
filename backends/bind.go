package backends

import "time"

// Binder is a [Backend] that depends on the middleware's configuration. The
// middleware calls Bind once, when it is made.
type Binder interface {
	Backend

	// Bind returns the backend to use with settings. It does not modify its
	// receiver.
	Bind(settings Settings) (Backend, error)
}

// Settings are the parts of the middleware's configuration that a [Binder]
// sees.
type Settings struct {
	Cookie    string        // the cookie's name; "" if no cookie is used
	Lifetime  time.Duration // how old a record may be; 0 means the backend's own default
	ClockSkew time.Duration

	// IdleTimeout is the configured idle timeout, or 0 if there is none. The
	// middleware needs the TTL of the records that it reads only if there is
	// one.
	IdleTimeout time.Duration
}

// Bind calls b.Bind if b, or the backend that b intercepts, is a [Binder];
// otherwise it returns b.
func Bind(b Backend, settings Settings) (Backend, error) {
	if i, ok := b.(*intercepted); ok {
		inner, err := Bind(i.inner, settings)
		if err != nil {
			return nil, err
		}
		return Intercept(inner, i.do), nil
	}
	if binder, ok := b.(Binder); ok {
		return binder.Bind(settings)
	}
	return b, nil
}
