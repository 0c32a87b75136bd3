package value

import (
	"math"
	"strconv"
	"strings"
)

// Rounded reports whether v is a Float whose text is another number than the
// one that Python reads and writes back.
func (v *Value) Rounded() bool {
	if v.Kind != Float || v.Text == "" {
		return false
	}
	f := v.Float64()
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return true
	}
	digits, exponent, ok := decimal(v.Text)
	wantDigits, wantExponent, _ := decimal(strconv.FormatFloat(f, 'e', -1, 64))
	return !ok || digits != wantDigits || exponent != wantExponent
}

// decimal takes a JSON number apart into its digits, with a sign and without
// zeros at either end, and the power of ten of a point before the first of them.
// It returns false for exponents beyond any use.
func decimal(text string) (digits string, exponent int, ok bool) {
	mantissa, power, hasPower := strings.Cut(strings.ToLower(text), "e")
	if hasPower {
		n, err := strconv.ParseInt(power, 10, 32)
		if err != nil {
			return "", 0, false
		}
		exponent = int(n)
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	significant := strings.TrimLeft(all, "0")
	exponent += len(whole) - (len(all) - len(significant))
	digits = strings.TrimRight(significant, "0")
	if digits == "" {
		exponent = 0
	}
	if negative {
		digits = "-" + digits
	}
	return digits, exponent, true
}
