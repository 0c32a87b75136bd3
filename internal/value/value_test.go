package value_test

import (
	"fmt"
	"testing"

	"github.com/gosessions/sessions/internal/value"
)

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "007": "7", "-9223372036854775808": "-9223372036854775808", "9223372036854775808": "9223372036854775808",
		"000000000000000000000000012": "12", "-00012345678901234567890": "-12345678901234567890",
	} {
		v := value.OfDecimal(text)
		if got := v.Decimal(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
		if _, small := v.Int64(); small != (len(want) < 20 && want != "9223372036854775808" || want == "-9223372036854775808") {
			t.Errorf("%s: small %v", text, small)
		}
	}
}

// TestCollapse: the last value of a key wins, in the place of the first,
// however many keys there are.
func TestCollapse(t *testing.T) {
	for _, n := range []int{1, 2, 5, 16, 17, 100} {
		var items []value.Value
		for round := range 2 {
			for i := range n {
				key := value.OfString(fmt.Sprintf("key %d", n-i))
				if i%2 == 0 {
					key = value.OfInt(int64(i))
				}
				items = append(items, key, value.OfInt(int64(1000*round+i)))
			}
		}
		got := value.Collapse(items)
		if len(got) != 2*n {
			t.Errorf("%d keys twice: %d left", n, len(got)/2)
			continue
		}
		for i := range n {
			if v, _ := got[2*i+1].Int64(); v != int64(1000+i) {
				t.Errorf("%d keys twice: value %d is %d, want %d", n, i, v, 1000+i)
			}
		}
	}
}

func TestISO(t *testing.T) {
	for _, text := range []string{
		"2024-02-29T12:34:56", "2024-02-29T12:34:56.000001", "2024-02-29T12:34:56.500000", "0001-01-01T00:00:00",
		"2024-02-29T12:34:56+00:00", "2024-02-29T12:34:56.789012+02:00", "2024-02-29T12:34:56-05:30", "9999-12-31T23:59:59+00:00",
		"2024-02-29T12:34:56+00:00:30",
	} {
		v, ok := value.ParseISO(text)
		if !ok || v.ISO() != text {
			t.Errorf("%s comes back as %s, %v", text, v.ISO(), ok)
		}
	}
	if v, ok := value.ParseISO("2024-02-29T12:34:56Z"); !ok || v.ISO() != "2024-02-29T12:34:56+00:00" {
		t.Errorf("Z is %s, %v", v.ISO(), ok)
	}
	for _, text := range []string{"", "2024", "2024-02-30T00:00:00", "2024-02-29 12:34:56", "x"} {
		if v, ok := value.ParseISO(text); ok {
			t.Errorf("%q is %s", text, v.ISO())
		}
	}
}

func TestUUID(t *testing.T) {
	const digits, text = "123456789abc4DEF8123456789abcdef", "12345678-9abc-4def-8123-456789abcdef"
	raw, ok := value.ParseHex(digits)
	if got := string(value.AppendUUID(nil, raw)); !ok || got != text {
		t.Errorf("%s, %v, want %s", got, ok, text)
	}
	for _, text := range []string{"", digits[1:], digits + "0", "g" + digits[1:]} {
		if _, ok := value.ParseHex(text); ok {
			t.Errorf("%q is accepted", text)
		}
	}
}
