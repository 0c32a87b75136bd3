package main

import (
	"errors"

	"github.com/gosessions/sessions/internal/value"
)

var errPayload = errors.New("sessions: the payload is missing")

// encode makes a token of the request's payload.
func (r *request) encode() (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	if r.payload == nil {
		return "", errPayload
	}
	if r.kind.codec == nil {
		return r.sign()
	}
	codec, err := r.ready()
	if err != nil {
		return "", err
	}
	record, err := r.kind.layout.write(r)
	if err != nil {
		return "", err
	}
	token, err := codec.Seal(record, r.terms(r.cookieNames()[0]))
	if err == nil && r.kind.name == "jwt" && r.headers != nil && len(r.headers.Items) > 0 {
		return r.withHeaders(token)
	}
	return token, err
}

// sign signs an ID as Flask-Session does.
func (r *request) sign() (string, error) {
	if r.payload.Kind != value.String || r.payload.Text == "" {
		return "", errors.New("sessions: the payload is not a session ID: it must be text")
	}
	signer, err := r.signer()
	if err != nil {
		return "", err
	}
	return signer.Sign(r.payload.Text), nil
}
