// Package keyring holds the keys with which this module encrypts: one that seals,
// and older ones that only open. It also says what is wrong with a key.
package keyring

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Ring holds keys for one purpose. The first one seals.
type Ring []Key

// Key is a key for XChaCha20-Poly1305 and the ID by which ciphertexts name it.
type Key struct {
	ID   [IDSize]byte
	AEAD cipher.AEAD
}

// IDSize is the length of a key's ID.
const IDSize = 4

// New derives a ring from secrets. Label names the purpose: the same secret gives
// different keys, and different IDs, under different labels. Errors and the
// sentences about weak secrets begin with prefix, which names the constructor.
func New(prefix, label, primary string, older []string) (ring Ring, weak []string, err error) {
	for i, secret := range append([]string{primary}, older...) {
		key, err := derive(label, secret)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %s %w", prefix, Name(i), err)
		}
		if ring.Find(key.ID) != nil {
			return nil, nil, fmt.Errorf("%s: %s is given twice: remove it", prefix, Name(i))
		}
		ring = append(ring, key)
		weak = AppendWeak(weak, prefix, i, secret)
	}
	return ring, weak, nil
}

func derive(label, secret string) (key Key, err error) {
	if err := CheckSecret(secret, MinSecret); err != nil {
		return key, err
	}
	master, err := hkdf.Extract(sha256.New, []byte(secret), nil)
	if err != nil {
		return key, err
	}
	id, err := hkdf.Expand(sha256.New, master, label+"key ID", IDSize)
	if err != nil {
		return key, err
	}
	subkey, err := hkdf.Expand(sha256.New, master, label+"encryption", chacha20poly1305.KeySize)
	if err != nil {
		return key, err
	}
	key.ID = [IDSize]byte(id)
	key.AEAD, err = chacha20poly1305.NewX(subkey)
	return key, err
}

// Find returns the key with an ID, nil if there is none. Only this one may be
// tried on a ciphertext: the cipher does not commit to its key.
func (r Ring) Find(id [IDSize]byte) *Key {
	for i := range r {
		if r[i].ID == id {
			return &r[i]
		}
	}
	return nil
}

// Name says in an error which key of a ring is meant.
func Name(i int) string {
	if i == 0 {
		return "the primary key"
	}
	return fmt.Sprintf("older key %d", i)
}
