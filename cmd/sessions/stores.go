package main

import (
	"context"
	"errors"

	"github.com/gosessions/sessions/backends"
)

// stores are several stores between which sessions move (Config.Sources).
type stores []openStore

// ListSubject lists the sessions in all stores.
func (list stores) ListSubject(ctx context.Context, subject string) (all []backends.Entry, _ error) {
	for _, s := range list {
		entries, err := s.ListSubject(ctx, subject)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// RevokeSubject revokes in each store, and in the first one again: a session that
// moves meanwhile, in either direction, is found in one of them.
func (list stores) RevokeSubject(ctx context.Context, subject, except string) (total int, _ error) {
	order := list
	if len(list) > 1 {
		order = append(list[:len(list):len(list)], list[0])
	}
	for _, s := range order {
		n, err := s.RevokeSubject(ctx, subject, except)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Close closes all stores.
func (list stores) Close() error {
	var failed error
	for _, s := range list {
		failed = errors.Join(failed, s.Close())
	}
	return failed
}
