package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/process"
)

// A Codec is a Python process that writes and reads tokens with the real
// libraries. It answers within a fraction of a millisecond. Its methods are
// safe for concurrent use.
type Codec struct {
	process *process.Process
	mu      sync.Mutex
	in      io.Writer
	out     *bufio.Reader
}

// A Request says what to do; its fields are those of a test vector. Which of
// them matter depends on the format.
type Request struct {
	// Format is one of flask, starlette-flask, starlette, signer,
	// starsessions1, starsessions2, jwt, flask-session and flask-session-id.
	Format    string   `json:"format,omitempty"`
	Secret    Secret   `json:"secret"`
	Fallbacks []Secret `json:"fallbacks,omitempty"` // older secrets, never used to sign
	Salt      string   `json:"salt,omitempty"`      // "": the format's own
	Now       *int64   `json:"now"`                 // unix seconds; nil: the real time
	MaxAge    *int64   `json:"max_age"`             // seconds; nil: no limit

	Token    string       `json:"token"`              // what is read; for Sign what is signed
	Payload  neutral.Form `json:"payload,omitempty"`  // what is written
	Metadata neutral.Form `json:"metadata,omitempty"` // starsessions2

	Alg        string         `json:"alg,omitempty"`        // jwt; default HS256
	Headers    map[string]any `json:"headers,omitempty"`    // jwt
	Serializer string         `json:"serializer,omitempty"` // flask-session: msgpack (default) or json

	// Sign and Unsign.
	Timestamp  bool   `json:"timestamp,omitempty"`  // TimestampSigner instead of Signer
	Sep        string `json:"sep,omitempty"`        // default "."
	Derivation string `json:"derivation,omitempty"` // django-concat (default), concat, hmac, none
	Digest     string `json:"digest,omitempty"`     // sha1 (default), sha256, sha512 …
}

// Secret is a signing key: text or bytes.
type Secret string

// MarshalJSON writes the secret in a form that holds any bytes.
func (s Secret) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]byte{"b64": []byte(s)})
}

// Seconds makes a field of a [Request].
func Seconds(n int64) *int64 { return &n }

// A Result is what became of a token.
type Result struct {
	Valid    bool         `json:"valid"`
	Payload  neutral.Form `json:"payload"`
	Metadata neutral.Form `json:"metadata"` // starsessions2; nil: there is none
	Token    string       `json:"token"`    // Unsign: what was signed

	// Why a token is not valid: the name that the sessions command uses, and
	// what Python raised. Itsdangerous looks at the time first, so a token
	// with several faults may have another reason than ours.
	Reason    string `json:"reason"`
	Exception string `json:"exception"`
	Error     string `json:"error"`
}

var shared struct {
	once  sync.Once
	codec *Codec
	err   error
}

// Python returns the codec of this test program.
func Python(t T) *Codec {
	t.Helper()
	python := need(t, "cryptography", "flask", "itsdangerous", "jwt", "msgpack")
	shared.once.Do(func() { shared.codec, shared.err = startCodec(python) })
	if shared.err != nil {
		t.Fatalf("peers: %v", shared.err)
	}
	return shared.codec
}

// startCodec starts a process that lives as long as the test program.
func startCodec(python string) (*Codec, error) {
	var codec *Codec
	var life process.Lasting
	err := life.Try(func(t process.T) {
		stdin, in, err := os.Pipe()
		if err != nil {
			t.Fatalf("%v", err)
		}
		out, stdout, err := os.Pipe()
		if err != nil {
			t.Fatalf("%v", err)
		}
		codec = &Codec{in: in, out: bufio.NewReaderSize(out, 1<<16)}
		codec.process = process.Start(t, python, process.Options{
			Name: "codec.py", Args: []string{filepath.Join(unpack(t), "codec.py")},
			Env: environment, Stdin: stdin, Stdout: stdout,
		})
		stdin.Close()
		stdout.Close()
	})
	if err != nil {
		life.Close()
		return nil, err
	}
	return codec, nil
}

// Encode writes a token.
func (c *Codec) Encode(r Request) (string, error) {
	var answer struct{ Token, Exception, Error string }
	err := c.ask("encode", r, &answer)
	if err == nil && answer.Exception != "" {
		err = fmt.Errorf("peers: Python raised %s: %s", answer.Exception, answer.Error)
	}
	return answer.Token, err
}

// Decode reads a token. It does not return an error for an invalid token.
func (c *Codec) Decode(r Request) (Result, error) { return c.result("decode", r) }

// Sign signs r.Token with any of itsdangerous' signers. Each character stands
// for the byte of that number.
func (c *Codec) Sign(r Request) (string, error) {
	result, err := c.result("sign", r)
	return result.Token, err
}

// Unsign checks what Sign has made.
func (c *Codec) Unsign(r Request) (Result, error) { return c.result("unsign", r) }

// Dumps writes a value as the JSON of a format.
func (c *Codec) Dumps(format string, v neutral.Form) (string, error) {
	result, err := c.result("dumps", Request{Format: format, Payload: v})
	return result.Token, err
}

// Loads reads the JSON of a format.
func (c *Codec) Loads(format, text string) (Result, error) {
	return c.result("loads", Request{Format: format, Token: text})
}

// Versions returns the versions of Python and of the libraries.
func (c *Codec) Versions() (map[string]string, error) {
	var answer struct{ Versions map[string]string }
	err := c.ask("versions", Request{}, &answer)
	return answer.Versions, err
}

// result asks, and takes an exception without a verdict for an error.
func (c *Codec) result(op string, r Request) (Result, error) {
	var result Result
	err := c.ask(op, r, &result)
	if err == nil && result.Exception != "" && result.Reason == "" {
		err = fmt.Errorf("peers: Python raised %s: %s", result.Exception, result.Error)
	}
	return result, err
}

func (c *Codec) ask(op string, r Request, answer any) error {
	question, err := json.Marshal(struct {
		Op string `json:"op"`
		Request
	}{op, r})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.in.Write(append(question, '\n')); err != nil {
		return fmt.Errorf("peers: Python is gone: %w", err)
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("peers: Python is gone: %w\n%s", err, c.process.Log())
	}
	return json.NewDecoder(bytes.NewReader(line)).Decode(answer)
}
