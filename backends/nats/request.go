package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
)

// patience is how long a call without a deadline may take.
const patience = 5 * time.Second

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}

// The codes of errors that the server returns instead of storing a message.
const (
	codeWrongSequence         = 10071
	codeWrongSequenceConstant = 10164
	codeTooLarge              = 10054
)

// errSequence reports that another message was the last one under the key.
var errSequence = errors.New("nats: wrong last sequence")

var errAck = errors.New("nats: the server's acknowledgment cannot be read")

// get returns what is stored under the ID's key. If nothing is, the entry has the
// sequence 0, which is also what the server expects then.
func (b *Backend) get(ctx context.Context, o *bucket, id string) (entry, error) {
	msg, err := o.stream.GetLastMsgForSubject(ctx, o.subject+keyOf(id))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return entry{}, nil
	case err != nil:
		b.forget(err)
		return entry{}, described(err)
	}
	return entryOf(msg.Sequence, msg.Header, msg.Data)
}

// send publishes m, once, and waits until the server has stored it. If expected is not
// nil, the server stores it only if that is the sequence of the last message under
// the key; otherwise send returns errSequence.
func (b *Backend) send(ctx context.Context, m *natsgo.Msg, expected *uint64) error {
	if expected != nil {
		m.Header.Set(headerExpect, fmt.Sprint(*expected))
	}
	reply, err := b.conn.RequestMsgWithContext(ctx, m)
	if err != nil {
		b.forget(err)
		if unsent(err) {
			return backends.NotApplied(described(err))
		}
		return described(err)
	}
	var ack struct {
		Stream string              `json:"stream"`
		Error  *jetstream.APIError `json:"error"`
	}
	switch err := json.Unmarshal(reply.Data, &ack); {
	case err != nil:
		return errAck
	case ack.Error == nil && ack.Stream == "":
		return errAck
	case ack.Error == nil:
		return nil
	case ack.Error.ErrorCode == codeWrongSequence, ack.Error.ErrorCode == codeWrongSequenceConstant:
		return errSequence
	case ack.Error.ErrorCode == codeTooLarge:
		return backends.NotApplied(fmt.Errorf("%w: the bucket's largest message is smaller", backends.ErrTooLarge))
	}
	return described(ack.Error)
}

// unsent reports whether err means that a message did not leave, or that no stream
// took it.
func unsent(err error) bool {
	return errors.Is(err, natsgo.ErrNoResponders) ||
		errors.Is(err, natsgo.ErrReconnectBufExceeded) ||
		errors.Is(err, natsgo.ErrConnectionDraining) ||
		errors.Is(err, natsgo.ErrMaxPayload)
}

// described adds to an error of nats.go what an operator needs to know, and the name
// of the package.
func described(err error) error {
	switch {
	case errors.Is(err, natsgo.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse):
		return fmt.Errorf("nats: the bucket does not exist, has no leader at the moment, or JetStream is off: %w", err)
	case errors.Is(err, natsgo.ErrReconnectBufExceeded):
		return disconnected{err}
	}
	return err
}

// disconnected says what the error of nats.go means if nothing is kept back.
type disconnected struct{ error }

func (disconnected) Error() string   { return "nats: not connected to a server" }
func (e disconnected) Unwrap() error { return e.error }
