package keyring

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MinSecret is the minimum length of a key for this module's own formats: the
// size of the hash that derives the working key.
const MinSecret = 32

const makeOne = "make one with `sessions keygen` or `openssl rand -base64 48`, and keep it out of the source code"

// CheckSecret returns an error if others may know secret. It does not measure
// randomness: it finds the values that people use by mistake.
func CheckSecret(secret string, least int) error {
	switch {
	case secret == "":
		return errors.New("is empty: " + makeOne)
	case len(secret) < least:
		return fmt.Errorf("has %d bytes and must have at least %d: %s", len(secret), least, makeOne)
	case strings.TrimSpace(secret) != secret && isASCII(secret):
		return errors.New("begins or ends with white space: trim the line end")
	case varied(secret) < 8:
		return errors.New("repeats itself: " + makeOne)
	case slices.Contains(published, secret):
		return errors.New("is an example from documentation, which everyone can read: " + makeOne)
	}
	return nil
}

// weakSecret returns an error if secret, which CheckSecret has accepted, looks
// as if a person made it up. Demonstrations and tests use such keys, so it is
// only a warning.
func weakSecret(secret string) error {
	switch {
	case isASCII(secret) && strings.ContainsAny(secret, " \t\r\n"):
		return errors.New("is a pass phrase: " + makeOne)
	case periodic(secret):
		return errors.New("repeats itself: " + makeOne)
	case isExample(secret):
		return errors.New("looks like an example from documentation: " + makeOne)
	}
	return nil
}

// CheckForeignSecret returns an error if secret cannot be the key of another
// framework. Those frameworks accept any key that is not empty.
func CheckForeignSecret(secret string) error {
	if secret == "" {
		return errors.New("is empty: set it to the secret key of the application that shares the sessions")
	}
	return nil
}

// AppendWeak appends a warning if the key with index i of a ring may be guessed.
// The warning begins with prefix, which names the constructor.
func AppendWeak(list []string, prefix string, i int, secret string) []string {
	err := CheckSecret(secret, MinSecret)
	if err == nil {
		err = weakSecret(secret)
	}
	if err == nil {
		return list
	}
	return append(list, fmt.Sprintf("%s: %s %v", prefix, Name(i), err))
}

// isASCII reports whether secret is printable ASCII and white space.
func isASCII(secret string) bool {
	for _, c := range []byte(secret) {
		if c > '~' || c < ' ' && (c < '\t' || c > '\r') {
			return false
		}
	}
	return true
}

// varied counts the different bytes of secret. 32 random hexadecimal digits
// have fewer than 8 different ones once in 28 million times.
func varied(secret string) (different int) {
	var seen [256]bool
	for _, c := range []byte(secret) {
		if !seen[c] {
			seen[c] = true
			different++
		}
	}
	return different
}

// periodic reports whether secret repeats a short text.
func periodic(secret string) bool {
	for period := 1; period < min(17, len(secret)); period++ {
		if secret[period:] == secret[:len(secret)-period] {
			return true
		}
	}
	return false
}

// published are keys that appear in tutorials.
var published = []string{
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's
	"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", // Flask's
}

// examples are parts of keys that are not secret, in lower case and with only
// letters and digits. They are too long to occur in a random key.
var examples = []string{
	"changeme", "changethis", "replaceme", "yoursecret", "mysecret", "supersecret", "topsecret", "secretkey",
	"devsecret", "keyboardcat", "password", "passphrase", "djangoinsecure", "notsosecret", "256bit", "32byte",
	"32char", "0123456789", "1234567890", "9876543210", "abcdefghij", "qwertyuiop", "asdfghjkl", "00112233",
	"loremipsum",
}

// isExample reports whether secret contains one of the examples, ignoring
// everything but letters and digits.
func isExample(secret string) bool {
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, secret)
	for _, example := range examples {
		if strings.Contains(plain, example) {
			return true
		}
	}
	return false
}
