// Package nats keeps sessions in a key-value bucket of NATS JetStream, server 2.9 or
// later.
//
//	backend, err := nats.Open("nats://127.0.0.1:4222", nil)
//	err = backend.Migrate(ctx) // creates the bucket
//	mw, err := sessions.New(backend, nil)
//
// A commit names the revision that it replaces, so of two requests that change the
// same session, one gets a conflict, and no request brings back an ended session.
//
// # What it costs
//
// A read is one request to the server. A new session is one publication. Every
// other commit is a request for the revision and a publication, and so is refreshing
// an idle timeout.
//
// # What it cannot do
//
// JetStream changes one key at a time. The sessions of an owner would need an index
// that changes together with them, so this backend has none: Middleware.List and
// RevokeAll return errors.ErrUnsupported, and New refuses Config.MaxPerSubject. A
// record is limited by the server's max_payload, which is 1 MiB by default;
// [backends.Facts].MaxSize reports it.
//
// # What is stored
//
// The key of a record is its ID, if that is 1 to 128 letters, digits, hyphens and
// underscores; otherwise, an equals sign and the SHA-256 of the ID in base64url. The
// value is the record's data. Headers of the message contain the rest:
//
//   - Sessions-Expires: when the record expires, in milliseconds since 1970.
//   - Sessions-Id: the ID, if the key is a digest.
//   - Nats-TTL: the same time for the server, if it deletes by itself (2.11 or later).
//
// A removed record leaves a marker, as in every bucket: a message with the header
// KV-Operation and without data. Programs such as "nats kv" show the bucket as usual.
//
// # Time
//
// The writer's clock decides when a record expires, so the clocks of the instances
// must agree. A server of 2.11 or later deletes expired records and markers itself.
// With older servers, one instance at a time deletes them in the background until
// [Backend.Close]; records are deleted a minute after they have expired. Reads
// treat an expired record as absent in any case.
package nats
