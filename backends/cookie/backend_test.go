package cookie_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/race"
)

func bind(t *testing.T, codec cookie.Codec, settings backends.Settings) backends.Backend {
	t.Helper()
	b, err := cookie.New(codec).Bind(settings)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBackendKeepsTheRecordInTheToken(t *testing.T) {
	ctx := t.Context()
	for _, codec := range allCodecs() {
		b := bind(t, codec, backends.Settings{Cookie: "session", Lifetime: time.Hour})
		data := []byte(`{"user":42}`)
		token, err := b.Write(ctx, "ignored", backends.Record{Data: data, TTL: time.Hour, Subject: "ada"})
		if err != nil {
			t.Errorf("%s: Write: %v", codec.Name(), err)
			continue
		}
		record, err := b.Read(ctx, token)
		if err != nil || string(record.Data) != string(data) || record.TTL < 0 || record.TTL > time.Hour+time.Second {
			t.Errorf("%s: Read = %q, TTL %v, %v", codec.Name(), record.Data, record.TTL, err)
		}
		if ok, err := b.Exists(ctx, token); !ok || err != nil {
			t.Errorf("%s: Exists = %v, %v", codec.Name(), ok, err)
		}
		if err := b.Remove(ctx, token); err != nil {
			t.Errorf("%s: Remove: %v", codec.Name(), err)
		}
		if _, err := b.Read(ctx, token); err != nil {
			t.Errorf("%s: Read after Remove: %v", codec.Name(), err)
		}
		for _, c := range []byte(token) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte(`",;\`, c) >= 0 {
				t.Errorf("%s: the token holds %q, which a cookie cannot carry", codec.Name(), c)
			}
		}
	}
}

// TestBackendRefusalIsNotFound: every refusal is the absence of a session, with
// its reason in the error and nothing of the token.
func TestBackendRefusalIsNotFound(t *testing.T) {
	ctx := t.Context()
	b := bind(t, cookie.Flask("dev"), backends.Settings{Lifetime: time.Hour})
	for token, want := range map[string]cookie.Refusal{
		"": cookie.Malformed, "junk": cookie.Malformed,
		"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk": cookie.Expired,
		"eyJhIjoxfQ.ZVPxAA.A3QXMI0ZQYNZDxORB__kVZyT7hk": cookie.BadSignature,
		strings.Repeat("x", 20000):                      cookie.TooLarge,
	} {
		record, err := b.Read(ctx, token)
		if record.Data != nil || !errors.Is(err, backends.ErrNotFound) || !errors.Is(err, want) || cookie.Reason(err) != string(want) {
			t.Errorf("Read of %.20q = %q, %v, want ErrNotFound for %s", token, record.Data, err, want)
		}
		var refusal cookie.Refusal
		if !errors.As(err, &refusal) || refusal != want {
			t.Errorf("Read of %.20q: errors.As gives %q, want %q", token, refusal, want)
		}
		if token != "" && strings.Contains(err.Error(), token[:4]) {
			t.Errorf("the error holds the token: %v", err)
		}
		if ok, err := b.Exists(ctx, token); ok || err != nil {
			t.Errorf("Exists of %.20q = %v, %v", token, ok, err)
		}
		if id, err := backends.Touch(ctx, b, token, time.Hour); id != "" || !errors.Is(err, backends.ErrNotFound) {
			t.Errorf("Touch of %.20q = %q, %v", token, id, err)
		}
	}
}

func TestBackendTimes(t *testing.T) {
	for _, codec := range allCodecs() {
		t.Run(codec.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				b := bind(t, codec, backends.Settings{Cookie: "session", Lifetime: time.Hour})
				token, err := b.Write(ctx, "", backends.Record{Data: []byte("{}"), TTL: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(50 * time.Minute)
				touched, err := backends.Touch(ctx, b, token, time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(10*time.Minute + time.Second)
				endless := strings.Contains(codec.Name(), "py") || codec.Name() == "starlette-flask"
				if _, err := b.Read(ctx, token); errors.Is(err, cookie.Expired) == endless {
					t.Errorf("the old token after an hour: %v", err)
				}
				record, err := b.Read(ctx, touched)
				if want := 50*time.Minute - time.Second; err != nil || !endless && (record.TTL < want || record.TTL > want+time.Second) {
					t.Errorf("the touched one: TTL %v, %v, want %v", record.TTL, err, want)
				}
				time.Sleep(50 * time.Minute)
				if ok, err := b.Exists(ctx, touched); ok != endless || err != nil {
					t.Errorf("the touched one an hour later: Exists = %v, %v", ok, err)
				}
			})
		})
	}
}

// TestBackendIdleTimeout: where a token tells only when it was signed, an idle
// timeout bounds its age.
func TestBackendIdleTimeout(t *testing.T) {
	for _, codec := range []cookie.Codec{cookie.Flask("dev"), cookie.Encrypted(keyA)} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			b := bind(t, codec, backends.Settings{Lifetime: time.Hour, IdleTimeout: time.Minute})
			token, err := b.Write(ctx, "", backends.Record{Data: []byte("{}"), TTL: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(59 * time.Second)
			if _, err := b.Read(ctx, token); err != nil {
				t.Errorf("%s: after 59 s: %v", codec.Name(), err)
			}
			time.Sleep(2 * time.Second)
			if _, err := b.Read(ctx, token); !errors.Is(err, cookie.Expired) {
				t.Errorf("%s: after 61 s: %v", codec.Name(), err)
			}
		})
	}
}

func TestBackendBind(t *testing.T) {
	ctx := t.Context()
	unbound := cookie.New(cookie.Encrypted(keyA))
	a := bind(t, cookie.Encrypted(keyA), backends.Settings{Cookie: "a"})
	token, err := a.Write(ctx, "", backends.Record{Data: []byte("x"), TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	b := bind(t, cookie.Encrypted(keyA), backends.Settings{Cookie: "b"})
	for name, other := range map[string]backends.Backend{"b": b, "unbound": unbound} {
		if _, err := other.Read(ctx, token); !errors.Is(err, cookie.BadSignature) {
			t.Errorf("a's token at %s: %v", name, err)
		}
	}
	if _, err := unbound.Bind(backends.Settings{Cookie: "a"}); err != nil {
		t.Error(err)
	}
	if _, err := unbound.Read(ctx, token); !errors.Is(err, cookie.BadSignature) {
		t.Errorf("Bind changed its receiver: %v", err)
	}

	ahead := bind(t, cookie.Flask("dev"), backends.Settings{ClockSkew: time.Minute})
	token, err = ahead.Write(ctx, "", backends.Record{Data: []byte("{}"), TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	_, left, err := cookie.Flask("dev").Open(token, cookie.Terms{Now: time.Now(), MaxAge: time.Hour})
	if err != nil || left > time.Hour-58*time.Second {
		t.Errorf("with a skew of a minute: %v left, %v", left, err)
	}
}

func TestBackendAbilities(t *testing.T) {
	b := cookie.New(cookie.Encrypted(keyA))
	if got, want := fmt.Sprint(backends.Abilities(b)), "[touch stateless]"; got != want {
		t.Errorf("Abilities = %s, want %s", got, want)
	}
}

func TestBackendRefusesWhatCannotBe(t *testing.T) {
	ctx := t.Context()
	b := cookie.New(cookie.Flask("dev"))
	for what, record := range map[string]backends.Record{
		"no TTL":   {Data: []byte("{}")},
		"past TTL": {Data: []byte("{}"), TTL: -1},
		"no data":  {TTL: time.Hour},
	} {
		if token, err := b.Write(ctx, "", record); err == nil || token != "" {
			t.Errorf("%s: Write = %q, %v", what, token, err)
		}
	}
	token, err := b.Write(ctx, "", backends.Record{Data: []byte("{}"), TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := b.Touch(ctx, token, 0); err == nil || id != "" {
		t.Errorf("Touch with a TTL of 0 = %q, %v", id, err)
	}
	random := make([]byte, 16<<10)
	for i := range random {
		random[i] = byte(i * i >> 3)
	}
	if token, err := cookie.New(cookie.Encrypted(keyA)).Write(ctx, "", backends.Record{Data: random, TTL: time.Hour}); !errors.Is(err, backends.ErrTooLarge) || token != "" {
		t.Errorf("Write of 16 KiB: %d bytes, %v", len(token), err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := b.Read(ended, token); !errors.Is(err, context.Canceled) {
		t.Errorf("Read after the context's end: %v", err)
	}
	if _, err := b.Write(ended, "", backends.Record{Data: []byte("{}"), TTL: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("Write after the context's end: %v", err)
	}
	if ok, err := b.Exists(ended, token); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Exists after the context's end = %v, %v", ok, err)
	}
}

func TestBackendValidate(t *testing.T) {
	ctx := t.Context()
	for want, codec := range map[string]cookie.Codec{
		"nil": nil, "Encrypted: the primary key": cookie.Encrypted("short"), "Flask: older key 1": cookie.Flask("dev", ""), "JWT: the primary key": cookie.JWT("dev"),
	} {
		b := cookie.New(codec)
		if err := b.Describe().Err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate: %v, want a word about %q", err, want)
		}
		if _, err := b.Bind(backends.Settings{}); err == nil {
			t.Errorf("%s: Bind works", want)
		}
		// The error of a misconfigured backend must not look like a missing
		// session.
		if _, err := b.Read(ctx, "x"); err == nil || errors.Is(err, backends.ErrNotFound) {
			t.Errorf("%s: Read: %v", want, err)
		}
		if _, err := b.Write(ctx, "x", backends.Record{Data: []byte("{}"), TTL: time.Hour}); err == nil {
			t.Errorf("%s: Write works", want)
		}
		if ok, err := b.Exists(ctx, "x"); ok || err == nil {
			t.Errorf("%s: Exists = %v, %v", want, ok, err)
		}
	}
	if got := cookie.New(cookie.Flask("dev")).Describe().Warnings; len(got) != 1 || strings.Contains(got[0], "dev") {
		t.Errorf("Warnings = %q", got)
	}
	if got := cookie.New(cookie.Encrypted(keyA)).Describe().Warnings; got != nil {
		t.Errorf("Warnings = %q", got)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, cookie.New(cookie.Flask(keyA))); got != "cookie.Backend" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

// TestB2_B3_BackendAllocations: the budgets B2 and B3 leave the backend one
// allocation in each direction.
func TestB2_B3_BackendAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector drops pooled objects at random")
	}
	ctx := t.Context()
	for _, codec := range allCodecs() {
		b := bind(t, codec, backends.Settings{Cookie: "session", Lifetime: time.Hour})
		record := backends.Record{Data: someJSON, TTL: time.Hour}
		token, err := b.Write(ctx, "", record)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { b.Write(ctx, "", record) }); got > 1 {
			t.Errorf("%s: Write makes %v allocations, want 1", codec.Name(), got)
		}
		if got := testing.AllocsPerRun(100, func() { b.Read(ctx, token) }); got > 1 {
			t.Errorf("%s: Read makes %v allocations, want 1", codec.Name(), got)
		}
	}
}

func TestBackendZeroValue(t *testing.T) {
	if err := new(cookie.Backend).Describe().Err; err == nil || !strings.Contains(err.Error(), "cookie.Encrypted(key)") {
		t.Errorf("got %v, want an error that names the remedy", err)
	}
}
