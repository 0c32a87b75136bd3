package redis

import (
	"context"
	"crypto/sha1"
	"encoding/hex"

	goredis "github.com/redis/go-redis/v9"
)

// script is a Lua script that has one key. The server finds it by its hash, and
// is sent the source where it does not know it.
type script struct{ source, hash string }

func newScript(source string) script {
	sum := sha1.Sum([]byte(source))
	return script{source, hex.EncodeToString(sum[:])}
}

// run runs the script once and returns its integer reply.
func (s *store) run(ctx context.Context, script *script, key string, args ...any) (int64, error) {
	line := make([]any, 0, 4+len(args))
	line = append(append(line, "evalsha", script.hash, 1, key), args...)
	reply, err := s.once(ctx, line...).Int64()
	if !unknownScript(err) {
		return reply, err
	}
	// A restart or SCRIPT FLUSH: nothing was run.
	line[0], line[1] = "eval", script.source
	return s.once(ctx, line...).Int64()
}

// runAll runs the script for each of keys in one pipeline for each node, and
// returns the sum of the replies. The script must bear being run twice.
func (s *store) runAll(ctx context.Context, script *script, keys []string, args ...any) (int, error) {
	sum, by := int64(0), "evalsha"
	var failed error
	for len(keys) > 0 {
		pipe := s.client.Pipeline()
		cmds := make([]*goredis.Cmd, len(keys))
		for i, key := range keys {
			if by == "eval" {
				cmds[i] = pipe.Eval(ctx, script.source, []string{key}, args...)
			} else {
				cmds[i] = pipe.EvalSha(ctx, script.hash, []string{key}, args...)
			}
		}
		_, _ = pipe.Exec(ctx) // each command has its own error
		var again []string
		for i, cmd := range cmds {
			n, err := cmd.Int64()
			switch {
			case err == nil:
				sum += n
			case by == "evalsha" && unknownScript(err):
				again = append(again, keys[i])
			case failed == nil:
				failed = err
			}
		}
		keys, by = again, "eval"
	}
	return int(sum), failed
}

func unknownScript(err error) bool {
	return err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT")
}
