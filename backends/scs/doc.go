// Package scs connects this module with the stores of
// github.com/alexedwards/scs, in both directions. It does not import scs.
//
// [New] makes a backend of a store that was written for scs. So sessions can be
// kept in everything that scs has a store for: MongoDB, Firestore, CockroachDB,
// Badger, Consul, etcd, SQL Server and others.
//
//	mw, err := sessions.New(scs.New(mongodbstore.New(database), nil), nil)
//
// [StoreOf] makes a store for scs of a backend of this module, for a program
// that cannot change its handlers yet:
//
//	manager := scs.New() // of github.com/alexedwards/scs/v2
//	manager.Store, err = scsbackend.StoreOf(backend)
//
// # What such a store cannot promise
//
// A store of scs has three methods, which find, store and delete. This module's
// promises need more. The middleware logs this when it is made:
//
//   - A store of scs cannot compare and swap. Of two requests that change a
//     session at the same time, one may lose its change, and a request that is
//     under way may bring back a session that was logged out.
//   - It does not know owners. Middleware.List and RevokeAll return
//     errors.ErrUnsupported, and New refuses Config.MaxPerSubject.
//   - If its methods take no context, a call that hangs goes on after its request
//     has given up, and a write may arrive late.
//
// To refuse a store without these promises, set Config.Require.
//
// # What is stored
//
// A record is stored under its ID, which has 43 characters of unpadded base64url
// like a token of scs, so the columns and keys that the store's documentation
// asks for are large enough. An ID of another form is stored under its SHA-256.
//
// The value is the record with 10 bytes in front of it. They contain the time at
// which the record expires, because some stores delete late, and none says how
// long a record has left. That time comes from this program's clock, so the clocks
// of several instances should agree. The store is told a time that is up to two
// seconds later.
//
// A value without these 10 bytes was stored by scs itself. It can be read and
// removed, which a [github.com/gosessions/sessions.Source] needs.
package scs
