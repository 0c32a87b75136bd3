package itsdangerous

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// A TimestampSigner signs values together with the time of signing, in whole
// seconds since 1970. It is safe for concurrent use.
type TimestampSigner struct {
	signer Signer
}

// NewTimestampSigner is [New] for signers with a timestamp.
func NewTimestampSigner(options *Options, primary []byte, older ...[]byte) (*TimestampSigner, error) {
	signer, err := New(options, primary, older...)
	if err != nil {
		return nil, err
	}
	return &TimestampSigner{*signer}, nil
}

// Sign returns value with the time at and a signature over both. Times before
// 1970, which a token cannot hold, are written as 1970.
func (s *TimestampSigner) Sign(value string, at time.Time) string {
	var buffer [timestampWidth]byte
	timestamp := appendTimestamp(buffer[:0], at)
	m := s.signer.macs[0]
	state := m.get()
	defer m.put(state)
	write(state, value)
	write(state, timestamp)

	var token strings.Builder
	token.Grow(len(value) + len(timestamp) + 1 + m.width)
	token.WriteString(value)
	token.Write(timestamp)
	token.WriteByte(separator)
	token.Write(state.signature())
	return token.String()
}

// Append appends to value the time at and a signature over both, each after a
// separator.
func (s *TimestampSigner) Append(value []byte, at time.Time) []byte {
	return s.signer.Append(appendTimestamp(value, at))
}

// Unsign returns the value in token and the time of signing, if the token's age
// at the time at is at most maxAge. A negative maxAge accepts any timestamp,
// even one in the future. Otherwise the timestamp may be at most skew in the
// future, to tolerate a difference between the clocks of two machines.
//
// Times count in whole seconds. A time of signing after the year 9999 is
// reported as the end of that year.
//
// The errors are [ErrMalformed], [ErrBadSignature], [ErrMissingTimestamp],
// [ErrExpired] and [ErrFuture]. The signature is checked first, so the others
// mean that the token is authentic, except that ErrMalformed may also mean that
// there is no separator.
func (s *TimestampSigner) Unsign(token string, at time.Time, maxAge, skew time.Duration) (value string, signed time.Time, err error) {
	value, err = s.signer.Unsign(token)
	if err != nil {
		return "", time.Time{}, err
	}
	cut := strings.LastIndexByte(value, separator)
	if cut < 0 {
		return "", time.Time{}, ErrMissingTimestamp
	}
	value, text := value[:cut], value[cut+1:]
	seconds, ok := parseTimestamp(text)
	if !ok {
		return "", time.Time{}, ErrMalformed
	}
	if maxAge >= 0 {
		if err := checkAge(seconds, at.Unix(), maxAge, skew); err != nil {
			return "", time.Time{}, err
		}
	}
	return value, time.Unix(int64(min(seconds, lastSecond)), 0), nil
}

// lastSecond is the end of the year 9999, the last year that RFC 3339 and
// Python can represent.
const lastSecond = 253402300799

// checkAge compares without subtracting the timestamp, which can be as large as
// 2^64-1 and would overflow a signed age.
func checkAge(signed uint64, now int64, maxAge, skew time.Duration) error {
	newest := now + int64(max(skew, 0)/time.Second)
	if newest < 0 || signed > uint64(newest) {
		return ErrFuture
	}
	if oldest := now - int64(maxAge/time.Second); oldest > 0 && signed < uint64(oldest) {
		return ErrExpired
	}
	return nil
}

// timestampWidth is the length of the longest timestamp with its separator:
// eight bytes in base64.
const timestampWidth = 1 + 11

// appendTimestamp appends a separator and the big-endian seconds without
// leading zero bytes; zero has no bytes at all.
func appendTimestamp(dst []byte, at time.Time) []byte {
	var seconds [8]byte
	binary.BigEndian.PutUint64(seconds[:], uint64(max(at.Unix(), 0)))
	start := 0
	for start < len(seconds) && seconds[start] == 0 {
		start++
	}
	return base64.RawURLEncoding.AppendEncode(append(dst, separator), seconds[start:])
}

// parseTimestamp reads up to eight big-endian bytes, and allows leading zeros.
// It need not insist on one spelling, because the signature covers the text.
func parseTimestamp(text string) (seconds uint64, ok bool) {
	if len(text) >= timestampWidth {
		return 0, false
	}
	var source [timestampWidth]byte
	var decoded [timestampWidth]byte
	n, err := base64.RawURLEncoding.Decode(decoded[:], source[:copy(source[:], text)])
	if err != nil || n > 8 {
		return 0, false
	}
	for _, b := range decoded[:n] {
		seconds = seconds<<8 | uint64(b)
	}
	return seconds, true
}
