// Package itsdangerous signs values as Python's itsdangerous does, so that Go
// and the frameworks built on that package (Flask, Starlette and others) can
// read each other's tokens.
//
// A [Signer] appends a signature to a value. A [TimestampSigner] also appends
// the time of signing, so that the age of a token can be limited:
//
//	value "." signature
//	value "." timestamp "." signature
//
// Signed values are authentic but not secret: anyone who holds a token can read
// it. [AppendPayload] and [DecodePayload] turn a document into the URL-safe,
// possibly compressed text that Flask signs.
//
// These frameworks use the default, HMAC with SHA-1, which is not affected by
// the known collisions of SHA-1. There is no reason to use this package for a
// new format.
package itsdangerous
