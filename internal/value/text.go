package value

import (
	"fmt"
	"strings"
	"time"
)

// AppendUUID appends the 16 bytes in raw as a UUID is usually written.
func AppendUUID(dst []byte, raw string) []byte {
	const digits = "0123456789abcdef"
	for i := range len(raw) {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[raw[i]>>4], digits[raw[i]&15])
	}
	return dst
}

// ParseHex returns the 16 bytes that 32 hexadecimal digits stand for.
func ParseHex(text string) (raw string, ok bool) {
	if len(text) != 32 {
		return "", false
	}
	var out [16]byte
	for i := range len(text) {
		c := text[i]
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return "", false
		}
		out[i/2] = out[i/2]<<4 | c
	}
	return string(out[:]), true
}

// ISO returns a Time as Python's datetime.isoformat writes it: microseconds
// only if there are any, an offset only if there is a zone.
func (v *Value) ISO() string {
	t := v.Time
	text := t.Format("2006-01-02T15:04:05")
	if micro := t.Nanosecond() / 1000; micro != 0 {
		text += fmt.Sprintf(".%06d", micro)
	}
	if v.Naive {
		return text
	}
	_, offset := t.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	text += fmt.Sprintf("%c%02d:%02d", sign, offset/3600, offset/60%60)
	if offset%60 != 0 {
		text += fmt.Sprintf(":%02d", offset%60)
	}
	return text
}

// ParseISO reads what [Value.ISO] writes, and a trailing Z for UTC.
func ParseISO(text string) (Value, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return Value{Kind: Time, Time: t, Naive: true}, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			_, offset := t.Zone()
			if offset == 0 {
				return Value{Kind: Time, Time: t.UTC()}, true
			}
			// Not the local zone of the same offset: that one has a name.
			return Value{Kind: Time, Time: t.In(time.FixedZone("", offset))}, true
		}
	}
	return Value{}, false
}
