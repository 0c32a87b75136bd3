package storm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
)

// Always makes a client regenerate until it is refused.
const Always = -1

// Revoke revokes a subject with the given number of devices while one of them
// regenerates the given number of times. No device may survive in any round.
func Revoke(ctx context.Context, b backends.Backend, devices, times, rounds int) error {
	return repeat(rounds, fmt.Sprintf("RevokeSubject with %d devices", devices), func() (wrong bool, _ error) {
		subject := rand.Text()
		clients, err := several(ctx, b, subject, devices)
		if err != nil {
			return false, err
		}
		err = beside(ctx, clients[devices/2], times, func() error {
			_, err := backends.RevokeSubject(ctx, b, subject, "")
			return err
		})
		if err != nil {
			return false, err
		}
		n, err := count(ctx, b, subject)
		return n > 0, err
	})
}

// Logins logs in the given number of clients of a subject at once. Exactly
// limit of them must succeed.
func Logins(ctx context.Context, b backends.Backend, clients, limit, rounds int) error {
	return repeat(rounds, fmt.Sprintf("%d logins at limit %d", clients, limit), func() (wrong bool, _ error) {
		subject := rand.Text()
		var in atomic.Int32
		logins := make([]func() error, clients)
		for i := range logins {
			logins[i] = func() error {
				_, err := login(ctx, b, subject, limit, i)
				if err == nil {
					in.Add(1)
				} else if errors.Is(err, backends.ErrSubjectLimit) {
					return nil
				}
				return err
			}
		}
		if err := together(logins...); err != nil {
			return false, err
		}
		n, err := count(ctx, b, subject)
		return n != limit || int(in.Load()) != limit, err
	})
}

// Trims logs in the given number of clients of a subject at once. Each then
// trims to max and keeps itself. Exactly max must be left.
func Trims(ctx context.Context, b backends.Backend, clients, max, rounds int) error {
	return repeat(rounds, fmt.Sprintf("%d logins that trim to %d", clients, max), func() (wrong bool, _ error) {
		subject := rand.Text()
		logins := make([]func() error, clients)
		for i := range logins {
			logins[i] = func() error {
				c, err := login(ctx, b, subject, 0, i)
				if err == nil {
					_, err = backends.TrimSubject(ctx, b, subject, max, c.id)
				}
				return err
			}
		}
		if err := together(logins...); err != nil {
			return false, err
		}
		n, err := count(ctx, b, subject)
		return n != max, err
	})
}

// Evict logs in a further device of a subject that has max devices and trims,
// while the device that should be removed regenerates the given number of
// times. At most max may be left, and the new one must be among them.
func Evict(ctx context.Context, b backends.Backend, max, times, rounds int) error {
	return repeat(rounds, "TrimSubject of a session that regenerates", func() (wrong bool, _ error) {
		subject := rand.Text()
		clients, err := several(ctx, b, subject, max)
		if err != nil {
			return false, err
		}
		var last *client
		err = beside(ctx, clients[0], times, func() (err error) {
			if last, err = login(ctx, b, subject, 0, 0); err == nil {
				_, err = backends.TrimSubject(ctx, b, subject, max, last.id)
			}
			return err
		})
		if err != nil {
			return false, err
		}
		kept, err := b.Exists(ctx, last.id)
		if err != nil {
			return false, err
		}
		n, err := count(ctx, b, subject)
		return n > max || !kept, err
	})
}

// beside runs end while c regenerates the given number of times.
func beside(ctx context.Context, c *client, times int, end func() error) error {
	var over atomic.Bool
	return together(func() error {
		for n := 0; n != times && !over.Load(); n++ {
			if lives, err := c.regenerate(ctx); !lives || err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		defer over.Store(true)
		return end()
	})
}

// repeat runs the given number of rounds and returns how many went wrong.
func repeat(rounds int, what string, round func() (wrong bool, _ error)) error {
	bad := 0
	for range rounds {
		wrong, err := round()
		if err != nil {
			return fmt.Errorf("storm: %s: %w", what, err)
		}
		if wrong {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("storm: %s: wrong in %d of %d rounds", what, bad, rounds)
	}
	return nil
}

// All is every storm, in so many rounds; the one with 1000 devices, which takes
// long, in fewer.
func All(ctx context.Context, b backends.Backend, rounds int) error {
	return errors.Join(
		Revoke(ctx, b, 1, 1, rounds),
		Revoke(ctx, b, 1, Always, rounds),
		Revoke(ctx, b, 50, 1, rounds/4+1),
		Revoke(ctx, b, 50, Always, rounds/4+1),
		Revoke(ctx, b, 1000, Always, rounds/100+1),
		Logins(ctx, b, 20, 3, rounds/4+1),
		Logins(ctx, b, 20, 1, rounds/4+1),
		Trims(ctx, b, 20, 3, rounds/4+1),
		Trims(ctx, b, 20, 1, rounds/4+1),
		Evict(ctx, b, 3, 1, rounds),
		Evict(ctx, b, 3, Always, rounds),
	)
}
