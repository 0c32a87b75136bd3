// Package redis keeps sessions in Redis: a single server, Sentinel or Cluster,
// through go-redis.
//
//	backend, err := redis.Open("redis://127.0.0.1:6379/0", nil)
//	mw, err := sessions.New(backend, nil)
//
// [Open] builds a client that is configured as sessions need it; [New] takes
// one that the program has already, and [sessions.New] says what is wrong with
// it.
//
// # What it costs
//
// A read is one GET, in one round trip with a PTTL where there is an idle
// timeout. A commit is one EVALSHA that compares what is stored with what was
// read; a new session is one SET, an idle timeout's refresh one PEXPIRE. A
// session that gets an owner costs one EVALSHA more, once, for the owner's
// index.
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
// An entry is made before the record that it stands for, and dropped only if
// there is no such record and the entry is ten minutes old, by the clock of the
// server that holds it. So a crash in between leaves an entry without a record,
// never a record without an entry. Nothing depends on keyspace notifications,
// and no command has keys in two slots of a cluster.
//
// # What the server must allow
//
// Redis 6.0 or later, or a server that speaks like it. A user who may run just
// what is needed:
//
//	ACL SETUSER sessions on >password resetkeys ~sessions:* ~subjects:sessions:*
//	    +get +set +del +exists +pexpire +pttl +getrange +evalsha +eval
//	    +time +zadd +zscore +zrange +zrem +zremrangebyscore +expireat
//
// Besides, +scan for [Backend.Walk], +select for a database other than 0,
// +hello and +client for what go-redis says when it connects (it does without
// +client), and +cluster +asking in a cluster. [Backend.Check] tries what is
// needed.
//
// The maxmemory-policy should be noeviction or volatile-ttl. Others may evict
// the index of an owner whose sessions live, and then "log out everywhere" misses
// them.
//
// # Sharing sessions with Python
//
// [FlaskSession] and [Starsessions] keep sessions where those Python packages
// keep theirs, in the same form.
//
// # What Redis does not promise
//
// Replication in Redis is asynchronous: when a primary dies, what it
// acknowledged last may be lost, and that may be a logout. Sentinel and Cluster
// shorten an outage; they do not make a write durable.
package redis
