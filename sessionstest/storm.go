package sessionstest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
)

// Storm lets many devices of one subject use b at the same time, rounds times: they
// log in, within a limit or trimming, change their IDs, and are revoked. It returns
// what of that did not end as the contract of [backends.SubjectIndex] says, and in
// how many rounds. It finds by number what the rules of [TestBackend] find at best by
// chance, on a backend that is both a [backends.SubjectIndex] and a
// [backends.Swapper].
func Storm(ctx context.Context, b backends.Backend, rounds int) error {
	return errors.Join(
		stormRevoke(ctx, b, 1, 1, rounds),
		stormRevoke(ctx, b, 1, everAgain, rounds),
		stormRevoke(ctx, b, 50, 1, rounds/4+1),
		stormRevoke(ctx, b, 50, everAgain, rounds/4+1),
		stormRevoke(ctx, b, 1000, everAgain, rounds/100+1),
		stormLogins(ctx, b, 20, 3, rounds/4+1),
		stormLogins(ctx, b, 20, 1, rounds/4+1),
		stormTrims(ctx, b, 20, 3, rounds/4+1),
		stormTrims(ctx, b, 20, 1, rounds/4+1),
		stormEvict(ctx, b, 3, 1, rounds),
		stormEvict(ctx, b, 3, everAgain, rounds),
	)
}

// everAgain is how often a client regenerates that does so until it is refused.
const everAgain = -1

// stormRevoke revokes a subject with so many devices while one of them regenerates so
// often. None may survive, in no round.
func stormRevoke(ctx context.Context, b backends.Backend, devices, times, rounds int) error {
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
		n, err := countOf(ctx, b, subject)
		return n > 0, err
	})
}

// stormLogins logs so many clients of a subject in at once, of whom limit may. Exactly
// that many have to be let in.
func stormLogins(ctx context.Context, b backends.Backend, clients, limit, rounds int) error {
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
		if err := atOnce(logins...); err != nil {
			return false, err
		}
		n, err := countOf(ctx, b, subject)
		return n != limit || int(in.Load()) != limit, err
	})
}

// stormTrims logs so many clients of a subject in at once, each of whom then trims to
// max and keeps itself. Exactly max have to be left.
func stormTrims(ctx context.Context, b backends.Backend, clients, max, rounds int) error {
	return repeat(rounds, fmt.Sprintf("%d logins that trim to %d", clients, max), func() (wrong bool, _ error) {
		subject := rand.Text()
		logins := make([]func() error, clients)
		for i := range logins {
			logins[i] = func() error {
				d, err := login(ctx, b, subject, 0, i)
				if err == nil {
					_, err = backends.TrimSubject(ctx, b, subject, max, d.id)
				}
				return err
			}
		}
		if err := atOnce(logins...); err != nil {
			return false, err
		}
		n, err := countOf(ctx, b, subject)
		return n != max, err
	})
}

// stormEvict lets a subject that has max devices log in once more and trims, while the
// device that is to go regenerates so often. No more than max may be left, and the
// new one has to be.
func stormEvict(ctx context.Context, b backends.Backend, max, times, rounds int) error {
	return repeat(rounds, "TrimSubject of a session that regenerates", func() (wrong bool, _ error) {
		subject := rand.Text()
		clients, err := several(ctx, b, subject, max)
		if err != nil {
			return false, err
		}
		var last *device
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
		n, err := countOf(ctx, b, subject)
		return n > max || !kept, err
	})
}

// beside runs end while d regenerates so often.
func beside(ctx context.Context, d *device, times int, end func() error) error {
	var over atomic.Bool
	return atOnce(func() error {
		for n := 0; n != times && !over.Load(); n++ {
			if lives, err := d.regenerate(ctx); !lives || err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		defer over.Store(true)
		return end()
	})
}

// repeat runs a round so often and returns in how many of them it went wrong.
func repeat(rounds int, what string, round func() (wrong bool, _ error)) error {
	bad := 0
	for range rounds {
		wrong, err := round()
		if err != nil {
			return fmt.Errorf("sessionstest: %s: %w", what, err)
		}
		if wrong {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("sessionstest: %s: wrong in %d of %d rounds", what, bad, rounds)
	}
	return nil
}
