package sql

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"time"
)

// statement is one SQL statement of a backend. It is prepared when it is first
// used, once on every connection.
type statement struct {
	db       *sql.DB
	text     string
	params   []string // the names of its arguments, in order
	prepared atomic.Pointer[sql.Stmt]
}

// prepare returns the prepared statement.
func (s *statement) prepare(ctx context.Context) (*sql.Stmt, error) {
	if p := s.prepared.Load(); p != nil {
		return p, nil
	}
	p, err := s.db.PrepareContext(ctx, s.text)
	if err != nil {
		return nil, err
	}
	if !s.prepared.CompareAndSwap(nil, p) {
		_ = p.Close() // another goroutine was faster
		p = s.prepared.Load()
	}
	return p, nil
}

// values are the arguments of a statement, by name.
type values struct {
	id, subject, data, old []byte
	filing                 []byte // the subject for which filed_at is kept
	ttl                    time.Duration
	filed                  int64 // 0: now
	limit                  int
	ids                    [][]byte // of a batch
}

// args returns the arguments in the order of the statement's placeholders.
func (s *statement) args(v values) []any {
	args := make([]any, len(s.params))
	n := 0
	for i, name := range s.params {
		switch name {
		case "id":
			args[i] = v.id
		case "subject":
			if v.subject != nil { // a nil slice in an interface is not NULL for every driver
				args[i] = v.subject
			}
		case "filing":
			if v.filing != nil {
				args[i] = v.filing
			}
		case "data":
			args[i] = v.data
		case "old":
			args[i] = v.old
		case "ttl":
			args[i] = micros(v.ttl)
		case "filed":
			if v.filed != 0 {
				args[i] = v.filed
			}
		case "limit":
			args[i] = v.limit
		case "now":
			args[i] = time.Now().UnixMicro()
		case "ids":
			args[i] = v.ids[min(n, len(v.ids)-1)] // the last one again and again
			n++
		}
	}
	return args
}

// micros returns d in microseconds, rounded up, so that nothing has a life of 0.
func micros(d time.Duration) int64 {
	n := int64(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		n++
	}
	return n
}

// sweepBatch is how many rows one statement of a sweep deletes at most.
const sweepBatch = 100

// statements are all SQL statements that a backend sends, for one table.
//
// In all of them an expired row counts as absent. Every UPDATE counts up
// revision, so that no row is updated to what it was: MySQL, unless the
// connection asks for something else, does not count such rows as affected.
// MySQL also assigns from left to right, so that filed_at, which depends on the
// old subject, comes first.
//
// filed_at is when the row got its subject: a row that has it already, and the
// one that a rotation puts in its place, keep it. Without a subject it means
// nothing.
type statements struct {
	read, readData, exists, list, count, walk, page *statement // only read

	create, write, swap, cut, remove, touch, clear *statement
	entomb, filed                                  *statement // of a rotation
	revoke, room, lock, surplus                    *statement // of a subject
	sweep                                          *statement

	all    []*statement
	inside []*statement // those that transactions use
}

// sql returns the statements of b. Those of the zero value are nil, and never sent.
func (b *Backend) sql() *statements {
	if b.stmts == nil {
		return &statements{}
	}
	return b.stmts
}

func (b *Backend) newStatements(database, table string) *statements {
	s := &statements{}
	on := func(db *sql.DB, text string) *statement {
		st := b.newStatement(db, text, database, table)
		s.all = append(s.all, st)
		return st
	}
	reading := func(text string) *statement { return on(b.readers, text) }
	writing := func(text string) *statement { return on(b.db, text) }

	const live = ` AND expires_at > {now}`
	s.read = reading(`SELECT data, subject, expires_at - {now} FROM {table} WHERE id = {id}` + live)
	s.readData = reading(`SELECT data FROM {table} WHERE id = {id}` + live)
	s.exists = reading(`SELECT COUNT(*) FROM {table} WHERE id = {id}` + live)
	s.list = reading(`SELECT id, data, expires_at - {now} FROM {table} WHERE subject = {subject}` + live)
	s.count = reading(`SELECT COUNT(*) FROM {table} WHERE subject = {subject}` + live)
	s.walk = reading(`SELECT id, data, subject, expires_at - {now} FROM {table} WHERE id > {id}` + live + ` ORDER BY id LIMIT {limit}`)
	// A page is read without a lock, expired rows or not, so that each takes the
	// same time.
	s.page = reading(`SELECT id, expires_at <= {now} FROM {table} WHERE id > {id} ORDER BY id LIMIT {limit}`)

	s.create = writing(`INSERT INTO {table} (id, subject, filed_at, expires_at, revision, data) VALUES ({id}, {subject}, COALESCE({filed}, {now}), {now} + {ttl}, 0, {data}) {keep}`)
	s.write = writing(`UPDATE {table} SET filed_at = CASE WHEN subject = {subject}` + live + ` THEN filed_at ELSE {now} END,
	subject = {subject}, expires_at = {now} + {ttl}, revision = revision + 1, data = {data} WHERE id = {id}`)
	// A tombstone keeps filed_at for the record that comes in its place.
	const change = `UPDATE {table} SET filed_at = CASE WHEN subject = {filing} THEN filed_at ELSE {now} END,
	subject = {subject}, expires_at = {now} + {ttl}, revision = revision + 1, data = {data} WHERE id = {id} AND data = {old}` + live
	s.swap = writing(strings.ReplaceAll(change, "{filing}", "{subject}"))
	s.cut = writing(`DELETE FROM {table} WHERE id = {id} AND data = {old}` + live)
	s.remove = writing(`DELETE FROM {table} WHERE id = {id}`)
	s.touch = writing(`UPDATE {table} SET expires_at = {now} + {ttl}, revision = revision + 1 WHERE id = {id}` + live)
	s.clear = writing(`DELETE FROM {table} WHERE id = {id} AND expires_at <= {now}`)

	s.entomb = writing(change)
	s.filed = writing(`SELECT filed_at FROM {table} WHERE id = {id}`)

	s.revoke = writing(`DELETE FROM {table} WHERE subject = {subject} AND id <> {id}` + live)
	// The row of a lock is not a session and never expires.
	s.lock = writing(`UPDATE {table} SET revision = revision + 1 WHERE id = {id}`)
	s.room = writing(`SELECT COUNT(CASE WHEN id <> {id} THEN 1 END), COUNT(CASE WHEN id = {id} THEN 1 END) FROM {table} WHERE subject = {subject}` + live)
	s.surplus = writing(`SELECT id FROM {table} WHERE subject = {subject}` + live + ` ORDER BY CASE WHEN id = {id} THEN 0 ELSE 1 END, filed_at DESC, id {for update}`)

	s.sweep = writing(`DELETE FROM {table} WHERE id IN (` + strings.TrimSuffix(strings.Repeat("{ids}, ", sweepBatch), ", ") + `) AND expires_at <= {now}`)
	s.inside = []*statement{s.create, s.write, s.swap, s.remove, s.clear, s.entomb, s.filed, s.revoke, s.room, s.lock, s.surplus}
	return s
}

// newStatement puts names, clauses and placeholders into text.
func (b *Backend) newStatement(db *sql.DB, text, database, table string) *statement {
	text = strings.NewReplacer("{keep}", b.dialect.Keep, "{for update}", b.dialect.ForUpdate).Replace(text)
	text = b.dialect.names(text, database, table)
	if b.dialect.Now != "" {
		text = strings.ReplaceAll(text, "{now}", b.dialect.Now)
	}
	s := &statement{db: db}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		s.params = append(s.params, name)
		out.WriteString(b.dialect.placeholder(len(s.params)))
		text = after
	}
	s.text = strings.TrimSpace(out.String())
	return s
}
