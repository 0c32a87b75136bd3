package redis

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// The replies of swapScript.
const (
	swapAbsent   = 0 // nothing is stored
	swapConflict = 1 // other data is stored
	swapUnfiled  = 2 // the record does not belong to the owner yet: nothing was done
	swapDone     = 3
	swapLapsing  = 4 // the entry in the owner's index ends too early: nothing was done
)

// swapScript replaces the data of the value in KEYS[1] if it is ARGV[1].
//
//	old                                remove it
//	old, value, ms                     store value to live for ms
//	old, data, ms, tag, seconds        store data with the head that is there already,
//	                                   if that names the owner with the tag, whose
//	                                   index knows of the record for seconds more
//	old, data, ms, tag, seconds, ends  the same, and the index knows of it until ends,
//	                                   which is 4 bytes of the head
//
// The head is the part in front of the data; see envelope.go.
var swapScript = newScript(`local stored = redis.call('GET', KEYS[1])
if not stored then return 0 end
local mark, kind, a, b, c, d = string.byte(stored, 1, 6)
local head, data = '', stored
if mark == 255 then
  local n = kind == 1 and 30 or 2
  head, data = string.sub(stored, 1, n), string.sub(stored, n + 1)
end
if data ~= ARGV[1] then return 1 end
if #ARGV == 1 then
  redis.call('DEL', KEYS[1])
  return 3
end
local value = ARGV[2]
if #ARGV > 3 then
  if string.sub(head, 15) ~= ARGV[4] then return 2 end
  if ARGV[6] then
    head = string.sub(head, 1, 2) .. ARGV[6] .. string.sub(head, 7)
  else
    local filed = ((a * 256 + b) * 256 + c) * 256 + d
    if filed < redis.call('TIME')[1] + ARGV[5] then return 4 end
  end
  value = head .. value
end
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
return 3`)

// exactScript is swapScript for a store whose values have no heads.
var exactScript = newScript(`local stored = redis.call('GET', KEYS[1])
if not stored then return 0 end
if stored ~= ARGV[1] then return 1 end
if #ARGV == 1 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 3`)

// swap replaces the value under id if its data is old. Without an error the
// reply is swapUnfiled, swapLapsing or swapDone.
func (s *store) swap(ctx context.Context, id string, old, value []byte, ttl time.Duration, owner ...any) (reply int64, err error) {
	defer s.changed(s.key(id))
	args := make([]any, 0, 6)
	args = append(append(args, old, value, milliseconds(ttl)), owner...)
	return swapped(s.run(ctx, s.script, s.key(id), args...).Int64())
}

// swapOut removes the value under id if its data is old.
func (s *store) swapOut(ctx context.Context, id string, old []byte) error {
	defer s.changed(s.key(id))
	_, err := swapped(s.run(ctx, s.script, s.key(id), old).Int64())
	return err
}

func swapped(reply int64, err error) (int64, error) {
	switch {
	case err != nil:
		return 0, certain(err)
	case reply == swapAbsent:
		return 0, backends.ErrNotFound
	case reply == swapConflict:
		return 0, backends.ErrConflict
	case reply == swapDone, reply == swapUnfiled, reply == swapLapsing:
		return reply, nil
	}
	return 0, errReply
}
