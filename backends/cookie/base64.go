package cookie

import "encoding/base64"

// maxToken is the length of the longest token that is looked at. Browsers keep
// 4096 bytes; servers take 8 to 16 KiB of header line.
const maxToken = 16 << 10

// strict refuses set bits after the last byte.
var strict = base64.RawURLEncoding.Strict()

// decodeCanonical appends to dst what text stands for in URL-safe base64
// without padding. Each sequence of bytes has exactly one such text: anything
// else is refused, line ends too, which the decoder itself skips.
func decodeCanonical(dst []byte, text string) ([]byte, bool) {
	// A length of 1 more than a multiple of 4 stands for nothing, and with
	// that ruled out a skipped character always shortens the result.
	if len(text)%4 == 1 {
		return nil, false
	}
	before, want := len(dst), strict.DecodedLen(len(text))
	dst, err := strict.AppendDecode(dst, []byte(text))
	return dst, err == nil && len(dst)-before == want
}
