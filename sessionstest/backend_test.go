package sessionstest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

var bubble = &sessionstest.Options{Bubble: true}

func TestBackend(t *testing.T) {
	for name, newBackend := range map[string]func(t *testing.T) backends.Backend{
		"memory":    func(t *testing.T) backends.Backend { return memory.New(nil) },
		"stateless": func(t *testing.T) backends.Backend { return newStateless() },
		"revoker":   func(t *testing.T) backends.Backend { return newRevoker() },
		"plain":     func(t *testing.T) backends.Backend { return plain{memory.New(nil)} },
	} {
		t.Run(name, func(t *testing.T) { sessionstest.TestBackend(t, newBackend, bubble) })
	}
}

// plain has the four methods only.
type plain struct{ backends.Backend }

// TestBackendRealTime: the suite runs in real time too, for backends whose
// clock is elsewhere.
func TestBackendRealTime(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	shared := memory.New(nil)
	sessionstest.TestBackend(t, func(t *testing.T) backends.Backend { return shared }, nil)
}

// stale has a Read that may be stale, as [backends.FreshReader] allows, and
// a ReadFresh that is no better.
type stale struct{ *broken }

func (b stale) ReadFresh(ctx context.Context, id string) (backends.Record, error) {
	r, err := b.Backend.Read(ctx, id)
	if len(r.Data) > 0 {
		r.Data = r.Data[1:]
	}
	return r, err
}

// TestBreakages: each rule is proved by a backend that breaks it and, where
// that can be, no other: the suite has to find exactly that.
func TestBreakages(t *testing.T) {
	proved := make(map[string]bool)
	expect := func(name, want string, newBackend func() backends.Backend) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := sessionstest.Check(t.Context(), newBackend(), bubble)
				got, wanted := violated(err), strings.Fields(want)
				for _, rule := range wanted {
					proved[rule] = true
				}
				slices.Sort(got)
				slices.Sort(wanted)
				if !slices.Equal(got, wanted) {
					t.Errorf("violated: %v, want %v\n%v", got, wanted, err)
				}
			})
		})
	}
	for _, list := range [][]breakage{
		basicBreakages, expiryBreakages, touchBreakages, walkBreakages,
		swapBreakages, rotateBreakages, subjectBreakages,
		movingBreakages, limitBreakages, trimBreakages,
	} {
		for _, b := range list {
			expect(b.name, b.rules, func() backends.Backend {
				backend := newBroken()
				b.how(backend)
				return backend
			})
		}
	}
	expect("a fresh read is stale", "ReadFresh", func() backends.Backend {
		return stale{newBroken()}
	})
	for _, b := range statelessBreakages {
		expect("stateless: "+b.name, b.rules, func() backends.Backend {
			backend := newStateless()
			b.how(backend)
			return backend
		})
	}
	for _, b := range revokerBreakages {
		expect("revoker: "+b.name, b.rules, func() backends.Backend {
			backend := newRevoker()
			b.how(backend)
			return backend
		})
	}
	for _, name := range sessionstest.RuleNames() {
		if !proved[name] {
			t.Errorf("no broken backend proves the rule %s", name)
		}
	}
}

var statelessBreakages = []struct {
	name  string
	rules string
	how   func(b *stateless)
}{
	{"what is appended does not count", "Forged", func(b *stateless) {
		b.open = func(token string) ([]byte, bool) {
			if body, ok := unseal(token); ok || token == "" {
				return body, ok
			}
			return unseal(token[:len(token)-1])
		}
	}},
	{"a bad token is an error for Exists", "ForgedExists", func(b *stateless) {
		b.exists = func(ctx context.Context, token string) (bool, error) {
			if _, ok := unseal(token); !ok && len(token) != 43 {
				return false, errOwn
			}
			_, err := b.Read(ctx, token)
			return err == nil, nil
		}
	}},
	{"a good token is kept", "WriteIgnoresID", func(b *stateless) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if old, err := b.Read(ctx, id); err == nil && !bytes.Equal(old.Data, r.Data) {
				return id, nil
			}
			return newStateless().Write(ctx, id, r)
		}
	}},
	{"removing no token is an error", "RemoveDoesNothing", func(b *stateless) {
		b.remove = func(token string) error {
			if token == "" {
				return errOwn
			}
			return nil
		}
	}},
	{"a token is quoted", "TokenIsPrintable", func(b *stateless) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			token, err := newStateless().Write(ctx, id, r)
			return `"` + token + `"`, err
		}
		b.open = func(token string) ([]byte, bool) {
			token, quoted := strings.CutPrefix(token, `"`)
			token, ended := strings.CutSuffix(token, `"`)
			body, ok := unseal(token)
			return body, ok && quoted && ended
		}
	}},
}

// violated returns the names of the rules in what Check returned.
func violated(err error) []string {
	var names []string
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, err := range joined.Unwrap() {
			var v *sessionstest.Violation
			if errors.As(err, &v) {
				names = append(names, v.Rule)
			}
		}
	}
	return names
}

func TestViolation(t *testing.T) {
	v := &sessionstest.Violation{Rule: "R", Text: "What is so.", Err: errOwn}
	if got, want := v.Error(), "sessionstest: R: broken: an error of its own\n\tThe rule: What is so."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(v, errOwn) {
		t.Error("a Violation does not unwrap to what was seen")
	}
}

// fixed is a backend that ignores TTLs: every token lives for an hour.
type fixed struct{ *stateless }

func (b fixed) Write(ctx context.Context, id string, r backends.Record) (string, error) {
	if r.TTL > 0 {
		r.TTL = time.Hour
	}
	return b.stateless.Write(ctx, id, r)
}

func (b fixed) Touch(ctx context.Context, token string, ttl time.Duration) (string, error) {
	if ttl > 0 {
		ttl = time.Hour
	}
	return b.stateless.Touch(ctx, token, ttl)
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		backend func() backends.Backend
		options sessionstest.Options
		want    string
	}{
		{"TTLs that are not kept", func() backends.Backend { return fixed{newStateless()} },
			sessionstest.Options{Bubble: true}, "Expired ExpiredExists TinyTTL LongTTL TouchShortens TouchExpired"},
		{"Lifetime", func() backends.Backend { return fixed{newStateless()} },
			sessionstest.Options{Bubble: true, Lifetime: time.Hour}, ""},
		{"Lifetime that is longer", func() backends.Backend { return fixed{newStateless()} },
			sessionstest.Options{Bubble: true, Lifetime: time.Minute}, "Expired ExpiredExists TTLLeft TouchShortens TouchExpired"},
		{"Data", func() backends.Backend { return texts{memory.New(nil)} },
			sessionstest.Options{Bubble: true, Data: text}, ""},
		{"Lifetime for ever", func() backends.Backend { return fixed{newStateless()} },
			sessionstest.Options{Bubble: true, Lifetime: -1}, ""},
		{"Resolution", func() backends.Backend { return rounding{memory.New(nil)} },
			sessionstest.Options{Bubble: true, Resolution: time.Second}, ""},
		{"Resolution that is coarser", func() backends.Backend { return rounding{memory.New(nil)} },
			sessionstest.Options{Bubble: true}, "Expired ExpiredExists TTLLeft"},
		{"Advance", func() backends.Backend { return memory.New(nil) },
			sessionstest.Options{Advance: time.Sleep}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := sessionstest.Check(t.Context(), test.backend(), &test.options)
				got, wanted := violated(err), strings.Fields(test.want)
				slices.Sort(got)
				slices.Sort(wanted)
				if !slices.Equal(got, wanted) {
					t.Errorf("violated: %v, want %v\n%v", got, wanted, err)
				}
			})
		})
	}
}

// texts refuses data that is not text in base64.
type texts struct{ backends.Backend }

func (b texts) Write(ctx context.Context, id string, r backends.Record) (string, error) {
	if _, err := base64.StdEncoding.DecodeString(string(r.Data)); err != nil {
		return "", errOwn
	}
	return b.Backend.Write(ctx, id, r)
}

var serial atomic.Uint32

func text(n int) []byte {
	raw := binary.BigEndian.AppendUint32(make([]byte, n), serial.Add(1))
	return []byte(base64.StdEncoding.EncodeToString(raw))
}

// rounding lives on for up to a second.
type rounding struct{ backends.Backend }

func (b rounding) Write(ctx context.Context, id string, r backends.Record) (string, error) {
	if r.TTL > 0 {
		r.TTL = r.TTL.Truncate(time.Second) + time.Second
	}
	return b.Backend.Write(ctx, id, r)
}
