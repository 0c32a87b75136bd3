package main

import (
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// secretVariable is the environment variable that holds the secret if no flag
// names one.
const secretVariable = "SESSIONS_SECRET"

// secretFlag is a flag whose value is never printed, although the flag package
// quotes values in its messages.
type secretFlag struct{ values *[]string }

// String hides the value.
func (secretFlag) String() string { return "" }

// Set takes whatever it is given; what is wrong with it turns out later.
func (f secretFlag) Set(text string) error {
	*f.values = append(*f.values, text)
	return nil
}

// secretFlags are the flags that say which keys to use.
type secretFlags struct {
	plain, encoded, file                         []string
	fallback, encodedFallback, fallbackFromFiles []string
}

// add defines the flags.
func (f *secretFlags) add(set *flag.FlagSet) {
	set.Var(secretFlag{&f.plain}, "secret", "the `key`; other users of this machine can see it while the command runs")
	set.Var(secretFlag{&f.encoded}, "secret-base64", "the key in `base64`, for a key that is not text")
	set.Var(secretFlag{&f.file}, "secret-file", "`file` with the key; one line break at its end is ignored")
	set.Var(secretFlag{&f.fallback}, "fallback", "a previous `key`, which only verifies or decrypts; may be repeated")
	set.Var(secretFlag{&f.encodedFallback}, "fallback-base64", "a previous key in `base64`; may be repeated")
	set.Var(secretFlag{&f.fallbackFromFiles}, "fallback-file", "`file` with a previous key; may be repeated")
}

// empty reports whether no flag gives a key.
func (f *secretFlags) empty() bool {
	return len(f.plain)+len(f.encoded)+len(f.file)+len(f.fallback)+len(f.encodedFallback)+len(f.fallbackFromFiles) == 0
}

// encodedTexts returns the keys in base64 as they were given.
func (f *secretFlags) encodedTexts() []string {
	return append(f.encoded[:len(f.encoded):len(f.encoded)], f.encodedFallback...)
}

// keys returns the secret and its fallbacks. The environment counts if no flag
// gives a secret.
func (f *secretFlags) keys(getenv func(string) string) (secret string, fallbacks []string, err error) {
	primary, err := read(f.plain, f.encoded, f.file)
	if err != nil {
		return "", nil, err
	}
	switch len(primary) {
	case 0:
		secret = getenv(secretVariable)
	case 1:
		if secret = primary[0]; secret == "" {
			return "", nil, errors.New("sessions: the secret is empty: give the key of the application")
		}
	default:
		return "", nil, errors.New("sessions: more than one secret is given: give previous keys as fallbacks")
	}
	fallbacks, err = read(f.fallback, f.encodedFallback, f.fallbackFromFiles)
	return secret, fallbacks, err
}

// read returns secrets that are given as they are, in base64 and in files.
func read(plain, encoded, files []string) ([]string, error) {
	secrets := append([]string(nil), plain...)
	for _, text := range encoded {
		data, err := decodeKey(text)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, data)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("sessions: cannot read a secret: %w", err)
		}
		secrets = append(secrets, string(withoutEnd(data)))
	}
	return secrets, nil
}

// decodeKey accepts both alphabets of base64, with and without padding.
func decodeKey(text string) (string, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("sessions: a secret given in base64 is not valid base64")
	}
	return string(data), nil
}
