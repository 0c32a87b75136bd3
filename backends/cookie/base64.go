package cookie

import "encoding/base64"

// maxToken is the length of the longest token that Read parses. Browsers keep
// 4096 bytes; servers accept header lines of 8 to 16 KiB.
const maxToken = 16 << 10

// strict refuses text with nonzero bits after the last byte.
var strict = base64.RawURLEncoding.Strict()

// decodeCanonical appends to dst the bytes that text encodes in URL-safe base64
// without padding. It accepts exactly one text for each sequence of bytes, and
// refuses even the line ends that the decoder skips.
func decodeCanonical(dst []byte, text string) ([]byte, bool) {
	// No encoding has a length of 4n+1. Once that is ruled out, every character
	// that the decoder skips shortens the result.
	if len(text)%4 == 1 {
		return nil, false
	}
	before, want := len(dst), strict.DecodedLen(len(text))
	dst, err := strict.AppendDecode(dst, []byte(text))
	return dst, err == nil && len(dst)-before == want
}
