// Package itsdangerous signs values the way Python's itsdangerous does, so that
// Go and the frameworks built on it (Flask, Starlette and their relatives) read
// each other's tokens.
//
// A [Signer] appends a signature to a value; a [TimestampSigner] appends the
// time of signing too, so that the age of a token can be limited:
//
//	value "." signature
//	value "." timestamp "." signature
//
// Signed values are authentic but not secret: whoever holds a token can read
// it. [AppendPayload] and [DecodePayload] turn a document into the URL-safe,
// possibly compressed text that Flask signs.
//
// HMAC with SHA-1, the default, is what these frameworks use; it is not
// affected by the known collisions of SHA-1. New formats have no reason to use
// this package.
package itsdangerous
