package redis

import (
	"context"
	"crypto/sha1"
	"encoding/hex"

	goredis "github.com/redis/go-redis/v9"
)

// script is a Lua script with one key. It is called by its hash; if the server
// does not know the hash, the source is sent.
type script struct{ source, hash string }

func newScript(source string) script {
	sum := sha1.Sum([]byte(source))
	return script{source, hex.EncodeToString(sum[:])}
}

// run runs the script once and returns its reply.
func (s *store) run(ctx context.Context, script *script, key string, args ...any) *goredis.Cmd {
	line := make([]any, 0, 4+len(args))
	line = append(append(line, "evalsha", script.hash, 1, key), args...)
	reply := s.once(ctx, line...)
	if !unknownScript(reply.Err()) {
		return reply
	}
	// The server was restarted or SCRIPT FLUSH was called. Nothing was run.
	line[0], line[1] = "eval", script.source
	return s.once(ctx, line...)
}

// runAll runs the script for each of keys, in one pipeline for each node, and
// returns for each key whether the reply was other than 0. Running the script
// twice must do no harm.
func (s *store) runAll(ctx context.Context, script *script, keys []string, args ...any) (done []bool, failed error) {
	done = make([]bool, len(keys))
	todo := make([]int, len(keys)) // indexes into keys
	for i := range keys {
		todo[i] = i
	}
	for by := "evalsha"; len(todo) > 0; by = "eval" {
		pipe := s.client.Pipeline()
		cmds := make([]*goredis.Cmd, len(todo))
		for i, place := range todo {
			if by == "eval" {
				cmds[i] = pipe.Eval(ctx, script.source, []string{keys[place]}, args...)
			} else {
				cmds[i] = pipe.EvalSha(ctx, script.hash, []string{keys[place]}, args...)
			}
		}
		exec(ctx, pipe)
		var again []int
		for i, place := range todo {
			n, err := cmds[i].Int64()
			switch {
			case err == nil:
				done[place] = n != 0
			case by == "evalsha" && unknownScript(err):
				again = append(again, place)
			case failed == nil:
				failed = err
			}
		}
		todo = again
	}
	return done, failed
}

func unknownScript(err error) bool {
	return err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT")
}
