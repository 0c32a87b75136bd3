package pyjson

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gosessions/sessions/internal/value"
)

// AppendDate appends t as an HTTP date, in UTC and whole seconds. It returns
// false if Python does not have the year of t.
func AppendDate(dst []byte, t time.Time) ([]byte, bool) {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return dst, false
	}
	return t.AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 GMT"), true
}

// dateOf is Werkzeug's parse_date(v). It returns None if v is not a date, and
// false if Werkzeug raises an exception.
func dateOf(v *value.Value) (value.Value, bool) {
	switch v.Kind {
	case value.Null, value.Bytes:
		return value.Value{}, true
	case value.String, value.Markup:
		at, found, ok := parseDate(v.Text)
		if !found {
			return value.Value{}, ok
		}
		return value.Value{Kind: value.Time, Time: at}, true
	case value.Bool, value.Int:
		return value.Value{}, v.Num == 0 && v.Text == ""
	case value.Float:
		return value.Value{}, v.Float64() == 0
	case value.List, value.Tuple, value.Dict:
		return value.Value{}, len(v.Items) == 0
	}
	return value.Value{}, false
}

// parseDate reads a date as leniently as Python's email package, which accepts
// the dates of every mail program. It ignores the weekday, day and month or
// year and time may be in either order, and years may have two digits. found is
// false if text is not a date, and ok is false if a number is so large that
// Python raises an exception.
func parseDate(text string) (at time.Time, found, ok bool) {
	p, found := splitDate(text)
	if !found {
		return time.Time{}, false, true
	}
	numbers := [...]string{p.year, p.day, p.hour, p.minute, p.second}
	var n [len(numbers)]int64
	huge := false
	for i, text := range numbers {
		var isNumber bool
		n[i], isNumber = pythonInt(text)
		if !isNumber {
			return time.Time{}, false, true
		}
		huge = huge || n[i] > math.MaxInt32 || n[i] < math.MinInt32
	}
	year, day, hour, minute, second := n[0], n[1], n[2], n[3], n[4]
	switch {
	case year < 69:
		year += 2000
	case year < 100:
		year += 1900
	}
	offset := zoneOffset(p.zone)
	// Python checks the size of the zone first.
	const day24 = 24 * 3600
	if offset >= 1e9*day24 || offset <= -1e9*day24 {
		return time.Time{}, false, false
	}
	if offset <= -day24 || offset >= day24 {
		return time.Time{}, false, true
	}
	if huge {
		return time.Time{}, false, false
	}
	if year < 1 || year > 9999 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false, true
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", int(offset))
	}
	at = time.Date(int(year), time.Month(p.month), int(day), int(hour), int(minute), int(second), 0, zone)
	if day < 1 || day > 31 || at.Day() != int(day) {
		return time.Time{}, false, true
	}
	return at, true, true
}

// parts are the words of a date.
type parts struct {
	year, day, hour, minute, second, zone string
	month                                 int
}

var (
	weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	months   = []string{
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
	}
)

func splitDate(text string) (p parts, found bool) {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
	})
	if len(words) == 0 {
		return p, false
	}
	if strings.HasSuffix(words[0], ",") || slices.Contains(weekdays, strings.ToLower(words[0])) {
		words = words[1:]
	} else {
		words[0] = words[0][strings.LastIndexByte(words[0], ',')+1:]
	}
	if len(words) == 3 { // 01-Jan-70 00:00:00 GMT
		if date := strings.Split(words[0], "-"); len(date) == 3 {
			words = append(date, words[1:]...)
		}
	}
	if len(words) == 4 {
		sign := strings.IndexByte(words[3], '+')
		if sign < 0 {
			sign = strings.IndexByte(words[3], '-')
		}
		if sign > 0 {
			words = append(words[:3:3], words[3][:sign], words[3][sign:])
		} else {
			words = append(words, "")
		}
	}
	if len(words) < 5 || words[0] == "" || words[1] == "" || words[2] == "" {
		return p, false
	}
	day, month, year, clock, zone := words[0], strings.ToLower(words[1]), words[2], words[3], words[4]
	p.month = slices.Index(months, month)
	if p.month < 0 {
		day, month = words[1], strings.ToLower(words[0])
		if p.month = slices.Index(months, month); p.month < 0 {
			return p, false
		}
	}
	p.month = p.month%12 + 1
	p.day = strings.TrimSuffix(day, ",")
	if strings.IndexByte(year, ':') > 0 {
		year, clock = clock, year
	}
	if year = strings.TrimSuffix(year, ","); year == "" {
		return p, false
	}
	if c, _ := utf8.DecodeRuneInString(year); !unicode.IsDigit(c) {
		year, zone = zone, year
	}
	p.year, p.zone = year, zone
	if clock == "" {
		return p, false
	}
	return p, p.setClock(strings.TrimSuffix(clock, ","))
}

// setClock splits hours, minutes and optional seconds at colons, or at dots,
// which some mail programs write.
func (p *parts) setClock(clock string) bool {
	fields := strings.Split(clock, ":")
	if len(fields) == 1 {
		fields = strings.Split(clock, ".")
	}
	switch len(fields) {
	case 2:
		p.hour, p.minute, p.second = fields[0], fields[1], "0"
	case 3:
		p.hour, p.minute, p.second = fields[0], fields[1], fields[2]
	default:
		return false
	}
	return true
}

var zones = map[string]int64{
	"UT": 0, "UTC": 0, "GMT": 0, "Z": 0,
	"AST": -400, "ADT": -300,
	"EST": -500, "EDT": -400,
	"CST": -600, "CDT": -500,
	"MST": -700, "MDT": -600,
	"PST": -800, "PDT": -700,
}

// zoneOffset returns the seconds east of UTC, or 0 if zone is not a zone.
func zoneOffset(zone string) int64 {
	n, known := zones[strings.ToUpper(zone)]
	if !known {
		n, known = pythonInt(zone)
		if !known {
			return 0
		}
	}
	// Hours and minutes are two decimal digits each, whatever the sign.
	sign := int64(1)
	if n < 0 {
		sign, n = -1, -n
	}
	if n > math.MaxInt64/3600 {
		return sign * math.MaxInt64
	}
	return sign * (n/100*3600 + n%100*60)
}

// pythonInt is Python's int(text). It allows a sign, and single underscores
// between digits. A number that does not fit an int64 is returned as the
// nearest one that does.
func pythonInt(text string) (n int64, ok bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 {
		return 0, false
	}
	if strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
		return 0, false
	}
	digits = strings.ReplaceAll(digits, "_", "")
	if digits == "" || len(digits) > MaxDigits || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	if text[0] == '-' {
		n = -n
	}
	return n, true
}
