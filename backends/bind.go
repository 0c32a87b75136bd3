package backends

import "time"

// Binder is a [Backend] that depends on how the middleware is configured.
type Binder interface {
	Backend

	// Bind returns the backend to use under settings. It does not change its
	// receiver.
	Bind(settings Settings) (Backend, error)
}

// Settings are what the middleware tells a [Binder].
type Settings struct {
	Cookie    string        // the cookie's name; "" if no cookie is used
	Lifetime  time.Duration // how old a record may be; 0 means the backend's own default
	ClockSkew time.Duration

	// IdleTimeout is the configured one, 0 if there is none. Only with one does
	// the middleware need the TTL of the records that it reads.
	IdleTimeout time.Duration
}

// Bind calls b.Bind if b, or the backend that it intercepts, is a [Binder];
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
