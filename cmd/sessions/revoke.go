package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

func (s *store) revokeFlags() *flag.FlagSet {
	f := newFlags("revoke")
	s.addSubject(f)
	s.addExcept(f)
	s.addRedis(f)
	s.addPostgres(f, true)
	return f
}

var errExcept = errors.New("sessions: the user has no session with the ID given as -except: nothing was revoked")

// revokeCommand ends the sessions of a subject.
func (p *program) revokeCommand(args []string) error {
	s := store{getenv: p.getenv}
	if err := parse(s.revokeFlags(), args); err != nil {
		return err
	}
	if !s.hasSubject {
		return errSubject
	}
	return s.with(func(ctx context.Context, b openStore) error {
		except := ""
		if s.hasExcept {
			var err error
			if except, err = s.find(ctx, b); err != nil {
				return err
			}
		}
		n, err := b.RevokeSubject(ctx, s.subject, except)
		if err != nil {
			return fmt.Errorf("sessions: revoked %d sessions before an error: %w", n, err)
		}
		if _, err := fmt.Fprintf(p.out, "{\"revoked\":%d}\n", n); err != nil {
			return errOutput
		}
		return nil
	})
}

// find returns the stored ID of the session that is to stay.
func (s *store) find(ctx context.Context, b openStore) (string, error) {
	list, err := b.ListSubject(ctx, s.subject)
	if err != nil {
		return "", err
	}
	for _, stored := range list {
		if stored.PublicID() == s.except {
			return stored.ID, nil
		}
	}
	return "", errExcept
}
