package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions/backends/cookie"
)

// decodeCommand prints what is in tokens: its arguments, or the lines of
// standard input.
func (p *program) decodeCommand(args []string) error {
	var o options
	if err := o.parse(args, false, p.getenv); err != nil {
		return usageError{err}
	}
	if o.lines {
		switch {
		case len(o.rest) > 0:
			return usageError{errors.New("sessions: -requests reads tokens from standard input: give no arguments")}
		case o.plain:
			return usageError{errors.New("sessions: -requests is for programs: give no -plain")}
		}
		return serve(p.in, p.out, decodeRequest(&o.request, time.Now))
	}
	base := o.request
	if base.now.IsZero() {
		base.now = time.Now()
	}
	if err := base.usable(); err != nil {
		return usageError{err}
	}
	d := decoder{request: base, plain: o.plain, notes: p.err, encoded: o.secrets.encodedTexts()}
	if len(o.rest) == 0 {
		if err := serve(p.in, p.out, d.answer); err != nil {
			return err
		}
	}
	for _, token := range o.rest {
		if _, err := p.out.Write(append(d.answer(nil, []byte(token), nil), '\n')); err != nil {
			return errOutput
		}
	}
	if d.refused > 0 {
		return errInvalid
	}
	return nil
}

// A decoder answers one token after the other.
type decoder struct {
	request
	plain   bool
	notes   io.Writer // gets hints
	encoded []string  // the keys that were given in base64

	number, refused int // tokens so far
}

// answer appends what is printed for a token.
func (d *decoder) answer(dst, token []byte, err error) []byte {
	d.number++
	r := d.request
	var found result
	if err == nil {
		r.token = string(token)
		found, err = r.decode()
	} else {
		err = cookie.TooLarge
	}
	if err != nil {
		d.refused++
		if d.refused <= maxHints {
			if hint := r.hint(err, d.encoded); hint != "" {
				fmt.Fprintf(d.notes, "sessions decode: token %d: %s\n", d.number, hint)
			}
		}
	}
	if !d.plain {
		return appendResult(dst, found, err)
	}
	if d.number > 1 {
		dst = append(dst, '\n')
	}
	return appendPlain(dst, found, err)
}

// errInvalid ends the command when a token was refused; the output has said so
// already.
var errInvalid = errors.New("sessions: a token is not valid")

// usable returns an error if the keys or options of a request are invalid,
// whatever its token or payload.
func (r *request) usable() error {
	if err := r.check(); err != nil {
		return err
	}
	if r.kind.codec == nil {
		_, err := r.signer()
		return err
	}
	_, err := r.ready()
	return err
}

// encodeCommand prints the token for the payload on standard input.
func (p *program) encodeCommand(args []string) error {
	var o options
	if err := o.parse(args, true, p.getenv); err != nil {
		return usageError{err}
	}
	if len(o.rest) > 0 {
		return usageError{errors.New("sessions: the payload is read from standard input: give no arguments")}
	}
	if o.lines {
		return serve(p.in, p.out, encodeRequest(&o.request, time.Now))
	}
	r := &o.request
	if r.now.IsZero() {
		r.now = time.Now()
	}
	if err := r.usable(); err != nil {
		return usageError{err}
	}
	data, err := io.ReadAll(io.LimitReader(bufio.NewReader(p.in), maxPayload+1))
	if err != nil {
		return errInput
	}
	if r.payload, err = form(data); err != nil {
		return fmt.Errorf("sessions: standard input: %w", err)
	}
	token, err := r.encode()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p.out, token); err != nil {
		return errOutput
	}
	return nil
}
