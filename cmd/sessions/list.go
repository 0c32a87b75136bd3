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
	return s.with(func(ctx context.Context, b openStore) error {
		list, err := b.ListSubject(ctx, s.subject)
		if err != nil {
			return err
		}
		now := time.Now()
		for _, stored := range list {
			if err := p.printSession(stored, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// printSession prints what an operator may know of a session.
func (p *program) printSession(stored backends.Entry, now time.Time) error {
	line := struct {
		ID      string `json:"id"`
		Created string `json:"created,omitempty"`
		Expires string `json:"expires,omitempty"`
	}{ID: stored.PublicID()}
	for _, values := range serializers {
		var content serializer.Content
		if serializer.Native(values).Unpack(stored.Record.Data, &content) == nil && !content.Created.IsZero() {
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
