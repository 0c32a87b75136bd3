// Package scale measures what many millions of sessions cost in Redis and in
// Postgres. `make scale` loads up to ten million of them into servers of its own
// and writes the figures into docs/scale.md. A usual test run loads ten thousand.
package scale
