package redis

import (
	"context"
	"runtime"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// few is how many calls do best by themselves: with two there is seldom something to
// share, and looking for it costs a little.
const few = 2

// A pipe with this many commands, or bytes in them, goes off without waiting for more.
const (
	fullPipe      = 64
	fullPipeBytes = 64 << 10
)

// pipeline sends the commands of concurrent calls together. A call spends most of its
// processor time on one write and one read, which cost hardly more for thirty commands
// than for one.
//
// No call waits for a clock. One that finds some others under way lets the goroutines
// run that are ready to, and then sends their commands together with its own. If the
// processor is idle, there are none. While all connections are busy, calls gather
// too.
//
// Every call keeps its own outcome and its own deadline. A command that must not be
// sent twice is sent once, whatever happens to its pipe. Another one is sent once
// more by its own call if the pipe fails.
type pipeline struct {
	client  goredis.UniversalClient
	cluster *goredis.ClusterClient // nil if there is one server
	gate    gate

	mu    sync.Mutex
	lines map[*goredis.Client]*line // for each server of a cluster
	only  *line                     // if there is one server
}

// newPipeline returns the pipeline of a client that [open] made.
func newPipeline(client goredis.UniversalClient) *pipeline {
	p := &pipeline{client: client, gate: newGate()}
	switch c := client.(type) {
	case *goredis.Client:
		p.only = p.newLine(c)
	case *goredis.ClusterClient:
		p.cluster, p.lines = c, make(map[*goredis.Client]*line)
	}
	return p
}

// close waits for the calls that are under way, refuses further ones and closes the
// client. Calls end with their context or the client's timeouts.
func (p *pipeline) close() error {
	p.gate.shut()
	return p.client.Close()
}

// do sends a command, and another one behind it if also is not nil, and waits for
// the replies, which are then in the commands with their errors. It returns an error
// if it did not wait. The commands must not be used then.
func (p *pipeline) do(ctx context.Context, cmd, also goredis.Cmder) error {
	calls, open := p.gate.enter()
	if !open {
		return goredis.ErrClosed
	}
	defer p.gate.leave()
	if calls > few {
		if l := p.lineFor(ctx, cmd); l != nil {
			return l.do(ctx, cmd, also)
		}
	}
	alone(ctx, p.client, cmd, also)
	return nil
}

// alone sends a call's commands by themselves.
func alone(ctx context.Context, client goredis.UniversalClient, cmd, also goredis.Cmder) {
	if also == nil {
		_ = client.Process(ctx, cmd) // the commands keep the errors
		return
	}
	both := client.Pipeline()
	_ = both.BatchProcess(ctx, cmd, also)
	exec(ctx, both)
}

// lineFor returns the line to the server that has the key of cmd, or nil if there is
// none.
func (p *pipeline) lineFor(ctx context.Context, cmd goredis.Cmder) *line {
	if p.cluster == nil {
		return p.only
	}
	key, ok := keyOf(cmd)
	if !ok {
		return nil
	}
	server, err := p.cluster.MasterForKey(ctx, key)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lines[server]
	if l == nil {
		if len(p.lines) == manyLines {
			clear(p.lines) // most lead to servers that are gone
		}
		l = p.newLine(server)
		p.lines[server] = l
	}
	return l
}

// manyLines bounds how many servers of a cluster are remembered.
const manyLines = 1024

// keyOf returns the only key of a command that this package sends.
func keyOf(cmd goredis.Cmder) (key string, ok bool) {
	args, place := cmd.Args(), 1
	if name := cmd.Name(); name == "evalsha" || name == "eval" {
		place = 3
	}
	if len(args) <= place {
		return "", false
	}
	key, ok = args[place].(string)
	return key, ok
}

// line is the pipeline to one server.
type line struct {
	*pipeline
	server *goredis.Client
	most   int // pipes under way while further calls need not wait

	mu     sync.Mutex
	flying int             // pipes under way
	next   *pipe           // gathers; nil if there is none
	spare  []goredis.Cmder // of a pipe that has come to its end
}

func (p *pipeline) newLine(server *goredis.Client) *line {
	return &line{pipeline: p, server: server, most: server.Options().PoolSize}
}

// pipe is what some calls send together. The line's mu guards it until it is taken.
type pipe struct {
	cmds    []goredis.Cmder
	calls   int
	bytes   int
	end     time.Time     // the last of the calls' deadlines
	endless bool          // one of them has none
	taken   bool          // off, or about to be
	stalled bool          // ready, but all connections are busy
	done    chan struct{} // nil while nobody waits
}

// do is like that of the pipeline.
func (l *line) do(ctx context.Context, cmd, also goredis.Cmder) error {
	p, first := l.join(ctx, cmd, also)
	if first {
		runtime.Gosched()
		if l.ready(p) {
			// Nobody joined.
			defer l.landed()
			alone(ctx, l.client, cmd, also)
			return nil
		}
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return l.abandon(ctx, p, cmd, also)
	}
	if l.again(ctx, cmd) || also != nil && l.again(ctx, also) {
		alone(ctx, l.client, cmd, also)
	}
	return nil
}

// join adds a call's commands to the next pipe. It reports whether they are the
// first. The pipe goes off if it is full.
func (l *line) join(ctx context.Context, cmd, also goredis.Cmder) (p *pipe, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p = l.next; p == nil {
		p, first = &pipe{cmds: l.spare[:0]}, true
		l.next, l.spare = p, nil
	} else if p.done == nil {
		p.done = make(chan struct{})
	}
	p.add(cmd)
	if also != nil {
		p.add(also)
	}
	p.calls++
	if end, ok := ctx.Deadline(); !ok {
		p.endless = true
	} else if end.After(p.end) {
		p.end = end
	}
	if len(p.cmds) >= fullPipe || p.bytes >= fullPipeBytes {
		if first {
			return p, first // it is big by itself and goes off in a moment
		}
		l.take(p)
		go l.send(p)
	}
	return p, first
}

// add adds a command. One that must not be sent twice goes to the front: by the
// error of the first one go-redis finds that a server has become a replica, and
// connects anew.
func (p *pipe) add(cmd goredis.Cmder) {
	p.cmds = append(p.cmds, cmd)
	if last := len(p.cmds) - 1; cmd.NoRetry() && !p.cmds[0].NoRetry() {
		p.cmds[0], p.cmds[last] = p.cmds[last], p.cmds[0]
	}
	for _, arg := range cmd.Args() {
		switch arg := arg.(type) {
		case []byte:
			p.bytes += len(arg)
		case string:
			p.bytes += len(arg)
		}
	}
}

// ready lets the first call of a pipe send it off, unless all connections are busy. It
// returns true if the call is the only one and has to send its commands itself.
func (l *line) ready(p *pipe) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case p.taken:
		return false
	case l.flying >= l.most:
		p.stalled = true
		if p.done == nil {
			p.done = make(chan struct{})
		}
		return false
	}
	l.take(p)
	if p.calls == 1 {
		l.keep(p)
		return true
	}
	go l.send(p)
	return false
}

// take closes a pipe for further calls. l.mu is held.
func (l *line) take(p *pipe) {
	p.taken = true
	l.next = nil
	l.flying++
	l.gate.hold()
}

// keep keeps the memory of a pipe whose commands nobody looks at any more. l.mu is held.
func (l *line) keep(p *pipe) {
	if cap(p.cmds) <= fullPipe {
		clear(p.cmds)
		l.spare = p.cmds[:0]
	}
	p.cmds = nil
}

// landed sends off the pipe that had to wait, if there is one, when another one
// has come to its end.
func (l *line) landed() {
	defer l.gate.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying--
	if p := l.next; p != nil && p.stalled && l.flying < l.most {
		l.take(p)
		go l.send(p)
	}
}

// send sends a pipe and takes its replies. It lasts as long as the most patient call:
// the others leave.
func (l *line) send(p *pipe) {
	defer l.landed()
	defer close(p.done)
	if len(p.cmds) == 0 {
		return // all have left
	}
	ctx := context.Background()
	if !p.endless {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, p.end)
		defer cancel()
	}
	p.cmds[0] = onlyOnce{p.cmds[0]}
	all := l.server.Pipeline()
	_ = all.BatchProcess(ctx, p.cmds...)
	exec(ctx, all)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(p)
}

// onlyOnce is a command that keeps go-redis from sending its pipe again.
type onlyOnce struct{ goredis.Cmder }

// NoRetry implements [goredis.Cmder].
func (onlyOnce) NoRetry() bool { return true }

// abandon ends a call whose context has ended. If its commands have not left, they
// never will.
func (l *line) abandon(ctx context.Context, p *pipe, cmd, also goredis.Cmder) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.taken {
		return ctx.Err()
	}
	kept := p.cmds[:0]
	for _, c := range p.cmds {
		if c != cmd && c != also {
			kept = append(kept, c)
		}
	}
	clear(p.cmds[len(kept):])
	p.cmds = kept
	p.calls--
	return backends.NotApplied(ctx.Err())
}

// again reports whether a command that was sent in a pipe is to be sent once more by
// itself: because another server has the key, or because it failed and may be sent
// twice.
func (l *line) again(ctx context.Context, cmd goredis.Cmder) bool {
	err := cmd.Err()
	switch {
	case err == nil, err == goredis.Nil, ctx.Err() != nil:
		return false
	case l.cluster != nil && redirected(err):
		return true
	}
	return !cmd.NoRetry() && !unsent(err)
}

// redirected reports whether err names another server of a cluster. Nothing was done
// then.
func redirected(err error) bool {
	_, moved := goredis.IsMovedError(err)
	_, ask := goredis.IsAskError(err)
	return moved || ask
}
