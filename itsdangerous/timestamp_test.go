package itsdangerous_test

import (
	"encoding/base64"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/itsdangerous"
)

var noon = time.Unix(1700000000, 0)

func newTimestampSigner(t testing.TB, options *itsdangerous.Options, primary string, older ...string) *itsdangerous.TimestampSigner {
	t.Helper()
	signer, err := itsdangerous.NewTimestampSigner(options, []byte(primary), bytesOf(older)...)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestAge(t *testing.T) {
	signer := newTimestampSigner(t, nil, "dev")
	tests := []struct {
		name         string
		signed       time.Time
		maxAge, skew time.Duration
		want         error
	}{
		{"this second", noon, time.Hour, 0, nil},
		{"exactly the limit", noon.Add(-time.Hour), time.Hour, 0, nil},
		{"one second over", noon.Add(-time.Hour - time.Second), time.Hour, 0, itsdangerous.ErrExpired},
		{"limit zero, this second", noon, 0, 0, nil},
		{"limit zero, one second old", noon.Add(-time.Second), 0, 0, itsdangerous.ErrExpired},
		{"limit of half a second", noon.Add(-time.Second), 500 * time.Millisecond, 0, itsdangerous.ErrExpired},
		{"one second ahead", noon.Add(time.Second), time.Hour, 0, itsdangerous.ErrFuture},
		{"one second ahead, tolerated", noon.Add(time.Second), time.Hour, time.Second, nil},
		{"two seconds ahead, one tolerated", noon.Add(2 * time.Second), time.Hour, time.Second, itsdangerous.ErrFuture},
		{"negative skew counts as none", noon, time.Hour, -time.Hour, nil},
		{"no limit, old", time.Unix(0, 0), -1, 0, nil},
		{"no limit, ahead", noon.Add(1000 * time.Hour), -1, 0, nil},
		{"longest limit", time.Unix(0, 0), math.MaxInt64, math.MaxInt64, nil},
		{"before 1970 counts as 1970", time.Unix(-5, 0), time.Hour, 0, itsdangerous.ErrExpired},
	}
	for _, test := range tests {
		value, _, err := signer.Unsign(signer.Sign("v", test.signed), noon, test.maxAge, test.skew)
		if !errors.Is(err, test.want) || (err == nil) != (value == "v") {
			t.Errorf("%s: %q, %v, want %v", test.name, value, err, test.want)
		}
	}
}

// TestTimestampWidths: timestamps are unsigned: the largest is far in the
// future, not minus one.
func TestTimestampWidths(t *testing.T) {
	plain, signer := newSigner(t, nil, "dev"), newTimestampSigner(t, nil, "dev")
	tests := []struct {
		name      string
		timestamp string
		want      error // with a limit of an hour
		unlimited error // without limit
		unix      int64 // without limit
	}{
		{"four bytes", encode(0x65, 0x53, 0xf1, 0x00), nil, nil, 1700000000},
		{"leading zeros", encode(0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00), nil, nil, 1700000000},
		{"no bytes", "", itsdangerous.ErrExpired, nil, 0},
		{"one byte", encode(7), itsdangerous.ErrExpired, nil, 7},
		{"five bytes", encode(1, 0, 0, 0, 0), itsdangerous.ErrFuture, nil, 1 << 32},
		{"2^63", encode(0x80, 0, 0, 0, 0, 0, 0, 0), itsdangerous.ErrFuture, nil, 253402300799},
		{"2^64-1", encode(255, 255, 255, 255, 255, 255, 255, 255), itsdangerous.ErrFuture, nil, 253402300799},
		{"nine bytes", encode(0, 0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00), itsdangerous.ErrMalformed, itsdangerous.ErrMalformed, 0},
		{"one character", "A", itsdangerous.ErrMalformed, itsdangerous.ErrMalformed, 0},
		{"not base64", "!!!!", itsdangerous.ErrMalformed, itsdangerous.ErrMalformed, 0},
		{"very long", encode(make([]byte, 5000)...), itsdangerous.ErrMalformed, itsdangerous.ErrMalformed, 0},
	}
	for _, test := range tests {
		token := plain.Sign("v." + test.timestamp)
		if _, _, err := signer.Unsign(token, noon, time.Hour, 0); !errors.Is(err, test.want) {
			t.Errorf("%s: with a limit: %v, want %v", test.name, err, test.want)
		}
		_, signed, err := signer.Unsign(token, noon, -1, 0)
		if !errors.Is(err, test.unlimited) {
			t.Errorf("%s: without limit: %v, want %v", test.name, err, test.unlimited)
		}
		if err == nil && signed.Unix() != test.unix {
			t.Errorf("%s: signed at %d, want %d", test.name, signed.Unix(), test.unix)
		}
	}
}

func encode(b ...byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// TestOrderOfChecks: the signature comes first: nothing is said about a token
// nobody here signed.
func TestOrderOfChecks(t *testing.T) {
	plain, signer := newSigner(t, nil, "dev"), newTimestampSigner(t, nil, "dev")
	forger, stranger := newTimestampSigner(t, nil, "stranger"), newSigner(t, nil, "stranger")
	tests := []struct {
		name, token string
		want        error
	}{
		{"signed without a timestamp", plain.Sign("v"), itsdangerous.ErrMissingTimestamp},
		{"unsigned without a timestamp", stranger.Sign("v"), itsdangerous.ErrBadSignature},
		{"unsigned and expired", forger.Sign("v", time.Unix(0, 0)), itsdangerous.ErrBadSignature},
		{"unsigned and malformed", stranger.Sign("v.!"), itsdangerous.ErrBadSignature},
		{"no separator", "null", itsdangerous.ErrMalformed},
		{"empty", "", itsdangerous.ErrMalformed},
		{"dots", ".....", itsdangerous.ErrBadSignature},
	}
	for _, test := range tests {
		value, signed, err := signer.Unsign(test.token, noon, time.Hour, 0)
		if !errors.Is(err, test.want) || value != "" || !signed.IsZero() {
			t.Errorf("%s: %q, %v, %v, want %v", test.name, value, signed, err, test.want)
		}
	}
}

func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector empties pools")
	}
	signer := newTimestampSigner(t, nil, "dev", "older")
	token := signer.Sign("eyJfcGVybWFuZW50Ijp0cnVlLCJhIjoyLCJiIjoxfQ", noon)
	old := newTimestampSigner(t, nil, "older").Sign("v", noon)
	buffer := make([]byte, 0, 256)
	tests := []struct {
		name string
		want float64
		run  func()
	}{
		{"Unsign", 0, func() { signer.Unsign(token, noon, time.Hour, 0) }},
		{"Unsign under an older key", 0, func() { signer.Unsign(old, noon, time.Hour, 0) }},
		{"Append", 0, func() { signer.Append(append(buffer, "value"...), noon) }},
		{"Sign", 1, func() { signer.Sign("value", noon) }},
	}
	for _, test := range tests {
		if got := testing.AllocsPerRun(100, test.run); got > test.want {
			t.Errorf("%s: %v allocations, want at most %v", test.name, got, test.want)
		}
	}
}
