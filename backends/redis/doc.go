// Package redis keeps sessions in Redis: a single server, Sentinel or Cluster,
// through go-redis.
//
//	backend, err := redis.Open("redis://127.0.0.1:6379/0", nil)
//	mw, err := sessions.New(backend, nil)
//
// [Open] builds a client with the configuration that sessions need. [New] takes
// an existing client, and the middleware's constructor reports what is wrong
// with its configuration.
//
// # What it costs
//
// A read is one GET; with an idle timeout there is also a PTTL, in the same
// round trip. A commit is one EVALSHA that compares the stored value with the
// one that was read. A new session is one SET, and refreshing an idle timeout
// is one PEXPIRE. Giving a session an owner takes one more EVALSHA, once, for
// the owner's index.
//
// A backend that [Open] made sends the commands of concurrent calls together, in
// one write, which costs the program and the server much less than a write for
// each. No call waits for others: one that finds others under way lets the
// goroutines run that are ready to, and takes their commands along. Each call
// keeps its own outcome and its own deadline. Commits are sent once, as always.
//
// # What is stored
//
//   - Prefix + ID: a string that expires with the session. It is the record as
//     its format lays it out. In front of the record of a session that has an
//     owner there are 30 bytes: FF 01, until when the owner's index knows of it
//     (Unix seconds, 4 bytes), when it was filed there (microseconds, 8 bytes) and
//     the first 16 bytes of the SHA-256 of the owner's name. A record that begins with FF itself gets FF 00 in front.
//   - "subjects:" + Prefix + hash: the index of one owner, a sorted set of IDs.
//     The hash is the SHA-256 of the owner's name in base64url. Scores are
//     until when the session can live, in Unix seconds; their fraction tells
//     in which minute the entry was made. Members that begin with 00 or 01
//     hold for a minute: a session is about to be stored within a limit, or to
//     be evicted.
//
// An entry is written before its record, and removed only if there is no such
// record and the entry is ten minutes old, by the clock of the server that
// holds it. So a crash between the two writes leaves an entry without a record,
// never a record without an entry. Nothing depends on keyspace notifications,
// and no command has keys in two slots of a cluster.
//
// # What the server must allow
//
// The server is Redis 6.0 or later, or a compatible one. These are the rights
// that a user needs:
//
//	redis-cli ACL SETUSER sessions reset on '>password' '~sessions:*' '~subjects:sessions:*' \
//	    +get +set +del +exists +pexpire +pttl +getrange +evalsha +eval \
//	    +time +zadd +zscore +zrange +zrem +zremrangebyscore +expireat
//
// Add +scan for [Backend.Walk], +select for a database other than 0, +hello and
// +client for the commands that go-redis sends when it connects (it works
// without +client), and +cluster +asking in a cluster. [Backend.Check] tries
// the commands that are needed.
//
// The maxmemory-policy should be noeviction or volatile-ttl. With other
// policies the server may evict the index of an owner while the owner's
// sessions are still stored, and then "log out everywhere" misses them.
//
// # Sharing sessions with Python
//
// [FlaskSession] and [Starsessions] share sessions with these Python packages:
// they use the same keys and the same format.
//
// # What Redis does not promise
//
// Replication in Redis is asynchronous. When a primary fails, the writes that
// it acknowledged last may be lost, and one of them may be a logout. Sentinel
// and Cluster shorten an outage, but they do not make a write durable.
package redis
