package redis

import (
	"context"
	"errors"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

var (
	errTTL    = backends.NotApplied(errors.New("redis: the record's TTL must be more than 0"))
	errNoData = backends.NotApplied(errors.New("redis: the record has no data"))
	errReply  = errors.New("redis: unexpected reply from the server")
)

// store is plain values under keys with a prefix: one command for each method,
// and every error of the server or the network as it came,
// apart from a mark where a commit has certainly changed nothing.
type store struct {
	client goredis.UniversalClient
	prefix string
	script *script // that swaps

	// pipeline sends the commands of concurrent calls together. If it is nil the
	// client sends each by itself.
	pipeline *pipeline

	// withTTL makes get ask for the remaining TTL as well.
	withTTL bool

	// cached reports that the client may answer a GET from its cache. forget,
	// if not nil, removes a key from that cache.
	cached bool
	forget func(key string)
}

func (s *store) key(id string) string { return s.prefix + id }

// get returns the value under id and its remaining TTL, or 0 if that is unknown
// or unlimited.
func (s *store) get(ctx context.Context, id string) ([]byte, time.Duration, error) {
	get := goredis.NewStringCmd(ctx, "get", s.key(id))
	if !s.withTTL {
		if s.cached {
			_ = s.client.Process(ctx, get) // a pipeline would not be answered from the cache
		} else if err := s.do(ctx, get, nil); err != nil {
			return nil, 0, err
		}
		value, err := get.Bytes()
		return value, 0, found(err)
	}
	pttl := goredis.NewDurationCmd(ctx, time.Millisecond, "pttl", s.key(id))
	if err := s.do(ctx, get, pttl); err != nil {
		return nil, 0, err
	}
	return getReply(get, pttl)
}

// getReply joins the replies to a GET and a PTTL of the same key.
func getReply(get *goredis.StringCmd, pttl *goredis.DurationCmd) ([]byte, time.Duration, error) {
	value, err := get.Bytes()
	if err != nil {
		return nil, 0, found(err)
	}
	ttl, err := pttl.Result()
	switch {
	case err != nil:
		return nil, 0, err
	case ttl == -2:
		return nil, 0, backends.ErrNotFound // it expired between the two
	case ttl == -1:
		return value, 0, nil // another program removed its expiry
	}
	return value, max(ttl, 1), nil
}

func (s *store) set(ctx context.Context, id string, value []byte, ttl time.Duration) error {
	defer s.changed(s.key(id))
	return certain(s.once(ctx, "set", s.key(id), value, "px", milliseconds(ttl)).Err())
}

// create stores value if no value is stored under id.
func (s *store) create(ctx context.Context, id string, value []byte, ttl time.Duration) error {
	defer s.changed(s.key(id))
	err := s.once(ctx, "set", s.key(id), value, "px", milliseconds(ttl), "nx").Err()
	if err == goredis.Nil {
		return backends.ErrConflict
	}
	return certain(err)
}

func (s *store) remove(ctx context.Context, id string) error {
	defer s.changed(s.key(id))
	return s.send(ctx, goredis.NewCmd(ctx, "del", s.key(id))).Err()
}

func (s *store) exists(ctx context.Context, id string) (bool, error) {
	n, err := s.once(ctx, "exists", s.key(id)).Int64()
	return n > 0, err
}

func (s *store) touch(ctx context.Context, id string, ttl time.Duration) error {
	if ttl <= 0 {
		return errTTL
	}
	n, err := s.send(ctx, goredis.NewCmd(ctx, "pexpire", s.key(id), milliseconds(ttl))).Int64()
	switch {
	case err != nil:
		return err
	case n == 0:
		return backends.ErrNotFound
	}
	return nil
}

// exec sends a pipeline. Afterwards each command has its own error.
//
// If the server refuses a new connection with a reply, go-redis returns that error
// without giving it to the commands, which then look as if they had succeeded.
func exec(ctx context.Context, pipe goredis.Pipeliner) {
	cmds, err := pipe.Exec(ctx)
	if err == nil || slices.ContainsFunc(cmds, func(cmd goredis.Cmder) bool { return cmd.Err() != nil }) {
		return
	}
	for _, cmd := range cmds {
		cmd.SetErr(err)
	}
}

// once sends a command that must not be sent twice. If its reply is lost, it is
// unknown whether it was carried out, and the caller has to read the record to
// find out.
func (s *store) once(ctx context.Context, args ...any) *goredis.Cmd {
	cmd := goredis.NewCmd(ctx, args...)
	return s.result(ctx, cmd, s.do(ctx, once{cmd}, nil))
}

// send sends a command that may be sent twice.
func (s *store) send(ctx context.Context, cmd *goredis.Cmd) *goredis.Cmd {
	return s.result(ctx, cmd, s.do(ctx, cmd, nil))
}

// result returns cmd, which has its own error, or if err is not nil another command
// with err.
func (s *store) result(ctx context.Context, cmd *goredis.Cmd, err error) *goredis.Cmd {
	if err == nil {
		return cmd
	}
	failed := goredis.NewCmd(ctx)
	failed.SetErr(err)
	return failed
}

// do sends a command, and another one behind it if also is not nil. The commands
// keep their errors. If do itself returns one, they must not be used.
func (s *store) do(ctx context.Context, cmd, also goredis.Cmder) error {
	if s.pipeline != nil {
		return s.pipeline.do(ctx, cmd, also)
	}
	alone(ctx, s.client, cmd, also)
	return nil
}

// once is a command that go-redis neither retries nor answers from its cache.
type once struct{ *goredis.Cmd }

// NoRetry implements [goredis.Cmder].
func (once) NoRetry() bool { return true }

// checkRecord returns an error if a record cannot be stored.
func checkRecord(record backends.Record) error {
	switch {
	case len(record.Data) == 0:
		return errNoData
	case record.TTL <= 0:
		return errTTL
	}
	return nil
}

// found turns the error for an absent key into ErrNotFound.
func found(err error) error {
	if err == goredis.Nil {
		return backends.ErrNotFound
	}
	return err
}

// milliseconds rounds up, because a TTL must not become 0, which Redis refuses.
func milliseconds(ttl time.Duration) int64 {
	return int64((ttl + time.Millisecond - 1) / time.Millisecond)
}
