package nats

import (
	"context"
	"errors"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
)

// batch is how many messages are fetched at once.
const batch = 256

// Walk implements [backends.Walker]. It makes a consumer in the server's memory, and
// deletes it at the end. If the bucket has replicas, it asks the leader for one record
// after another instead, because a consumer may be on a replica that is behind.
func (b *Backend) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	return b.scan(ctx, false, func(key string, e entry) error {
		id := e.id
		if id == "" {
			id = key
		}
		record, ok := e.live(id, time.Now())
		if !ok || id == sweepClaim {
			return nil
		}
		return visit(backends.Entry{ID: id, Record: record})
	})
}

// scan calls visit for every message that is in the bucket when it begins, and still
// there when its turn comes. If headersOnly is set, entries have no data.
func (b *Backend) scan(ctx context.Context, headersOnly bool, visit func(key string, e entry) error) (err error) {
	opening, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(opening)
	if err != nil {
		return err
	}
	info, err := o.stream.Info(opening)
	if err != nil {
		return described(err)
	}
	last := info.State.LastSeq
	if info.Config.Replicas > 1 {
		return b.page(ctx, o, last, visit)
	}
	consumer, err := o.stream.CreateConsumer(opening, jetstream.ConsumerConfig{
		AckPolicy:         jetstream.AckNonePolicy,
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		FilterSubject:     o.subject + ">",
		HeadersOnly:       headersOnly,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: time.Minute,
	})
	if err != nil {
		return described(err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_ = o.stream.DeleteConsumer(closing, consumer.CachedInfo().Name) // it ends by itself otherwise
	}()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		messages, err := consumer.FetchNoWait(batch)
		if err != nil {
			return described(err)
		}
		count, done := 0, false
		for m := range messages.Messages() {
			count++
			if done || err != nil {
				continue // the channel must be emptied
			}
			var meta *jetstream.MsgMetadata
			if meta, err = m.Metadata(); err != nil {
				continue
			}
			if meta.Sequence.Stream <= last {
				err = o.visit(m.Subject(), meta.Sequence.Stream, m.Headers(), m.Data(), visit)
			}
			done = meta.NumPending == 0 || meta.Sequence.Stream >= last
		}
		switch {
		case err != nil:
			return err
		case done:
			return nil
		case messages.Error() != nil:
			return described(messages.Error())
		case count > 0:
			continue
		}
		// Either all has been delivered or is gone, or the server was slow.
		switch info, err := consumer.Info(ctx); {
		case err != nil:
			return described(err)
		case info.NumPending == 0:
			return nil
		}
	}
}

// page is scan with one request for each message, up to the sequence last.
func (b *Backend) page(ctx context.Context, o *bucket, last uint64, visit func(key string, e entry) error) error {
	for seq := uint64(1); seq <= last; seq++ {
		once, cancel := withDeadline(ctx)
		m, err := o.stream.GetMsg(once, seq, jetstream.WithGetMsgSubject(o.subject+">")) // this one, or the next
		cancel()
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return nil
		case err != nil:
			return described(err)
		case m.Sequence > last:
			return nil
		}
		if err := o.visit(m.Subject, m.Sequence, m.Header, m.Data, visit); err != nil {
			return err
		}
		seq = m.Sequence
	}
	return nil
}

// visit calls visit with the entry of a message.
func (o *bucket) visit(subject string, seq uint64, header natsgo.Header, data []byte, visit func(key string, e entry) error) error {
	key, ok := strings.CutPrefix(subject, o.subject)
	if !ok {
		return nil
	}
	e, err := entryOf(seq, header, data)
	if err != nil {
		return err
	}
	return visit(key, e)
}
