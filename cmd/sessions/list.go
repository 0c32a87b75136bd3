package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

func (s *store) listFlags() *flag.FlagSet {
	f := newFlags("list")
	s.addSubject(f)
	s.addRedis(f)
	s.addPostgres(f, true)
	s.secrets.add(f)
	return f
}

// listCommand prints a line for each session of a subject.
func (p *program) listCommand(args []string) error {
	s := store{getenv: p.getenv}
	if err := parse(s.listFlags(), args); err != nil {
		return err
	}
	if !s.hasSubject {
		return errSubject
	}
	formats, err := s.formats()
	if err != nil {
		return usageError{err}
	}
	return s.with(func(ctx context.Context, b openStore) error {
		list, err := b.ListSubject(ctx, s.subject)
		if err != nil {
			return err
		}
		now := time.Now()
		for _, stored := range list {
			if err := p.printSession(stored, formats, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// formats returns what the records may be laid out as: native ones, encrypted if
// there is a key. A key from the environment that encrypts no records is for
// something else.
func (s *store) formats() (list []serializer.Format, _ error) {
	secret, older, err := s.secrets.keys(s.getenv)
	if err != nil {
		return nil, err
	}
	for _, values := range serializers {
		f := serializer.Native(values)
		if secret == "" {
			list = append(list, f)
			continue
		}
		either := serializer.EncryptedWith(serializer.Encryption{InsecureReadPlain: true}, f, secret, older...)
		switch _, err := serializer.Check(either); {
		case err == nil:
			f = either
		case !s.secrets.empty():
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// printSession prints what an operator may know of a session.
func (p *program) printSession(stored backends.Entry, formats []serializer.Format, now time.Time) error {
	line := struct {
		ID      string `json:"id"`
		Created string `json:"created,omitempty"`
		Expires string `json:"expires,omitempty"`
	}{ID: stored.PublicID()}
	for _, format := range formats {
		var content serializer.Content
		if serializer.UnpackFor(format, stored.ID, stored.Record.Data, &content) == nil && !content.Created.IsZero() {
			line.Created = content.Created.UTC().Format(time.RFC3339)
			break
		}
	}
	if stored.Record.TTL > 0 {
		line.Expires = now.Add(stored.Record.TTL).UTC().Format(time.RFC3339)
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.out, "%s\n", text); err != nil {
		return errOutput
	}
	return nil
}
