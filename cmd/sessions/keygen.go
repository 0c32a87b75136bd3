package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

// keyBytes is as much as any of the codecs can use.
const keyBytes = 32

// keygenCommand prints a fresh key.
func (p *program) keygenCommand(args []string) error {
	if err := parse(newFlags("keygen"), args); err != nil {
		return err
	}
	var key [keyBytes]byte
	rand.Read(key[:])
	if _, err := fmt.Fprintln(p.out, base64.StdEncoding.EncodeToString(key[:])); err != nil {
		return errOutput
	}
	return nil
}
