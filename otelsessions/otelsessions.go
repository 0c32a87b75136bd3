// Package otelsessions measures sessions with OpenTelemetry. Call [New] in place of
// sessions.New:
//
//	mw, err := otelsessions.New(backend, config, nil)
//
// # Spans
//
// Each load, commit, touch and logout is a span named sessions.load,
// sessions.commit, sessions.touch or sessions.destroy, a child of the request's span.
// Below it, each call of the backend is a span named after its operation, such as
// "sessions.backend read". A span that fails has the attribute error.type.
//
// # Metrics
//
//	sessions.load.duration      s       time of loading a session, by error.type
//	sessions.commit.duration    s       time of committing a session, by error.type
//	sessions.backend.duration   s       time of a call of the backend, by sessions.operation and error.type
//	sessions.record.size        By      size of the records that were loaded and stored
//	sessions.events             {event} what happened, by sessions.event and error.type
//
// No span and no metric contains a token, a key, a value, a subject or the text of an
// error.
package otelsessions

import (
	"context"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/gosessions/sessions/otelsessions"

// Options say where telemetry goes. The zero value means the global providers.
type Options struct {
	TracerProvider trace.TracerProvider // nil: otel.GetTracerProvider()
	MeterProvider  metric.MeterProvider // nil: otel.GetMeterProvider()
}

// New is sessions.New with telemetry. It calls config's Observe and Trace as well. A
// nil config and nil options mean the defaults. It also returns an error if a
// provider refuses an instrument.
func New(backend sessions.Backend, config *sessions.Config, options *Options) (*sessions.Middleware, error) {
	t, err := newTelemetry(options)
	if err != nil {
		return nil, err
	}
	var c sessions.Config
	if config != nil {
		c = *config
	}
	c.Observe, c.Trace = t.observe(c.Observe), t.trace(c.Trace)
	if backend != nil {
		backend = backends.Intercept(backend, t.call)
	}
	return sessions.New(backend, &c)
}

// telemetry holds the instruments. It is safe for concurrent use.
type telemetry struct {
	tracer                trace.Tracer
	load, commit, backend metric.Float64Histogram
	size                  metric.Int64Histogram
	events                metric.Int64Counter
}

// seconds are the bounds of the histograms: from what memory takes to the default
// timeout and beyond.
var seconds = metric.WithExplicitBucketBoundaries(0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

func newTelemetry(options *Options) (*telemetry, error) {
	var o Options
	if options != nil {
		o = *options
	}
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	meter := o.MeterProvider.Meter(scope)
	t := &telemetry{tracer: o.TracerProvider.Tracer(scope)}
	var errs [5]error
	t.load, errs[0] = meter.Float64Histogram("sessions.load.duration", metric.WithUnit("s"), seconds,
		metric.WithDescription("Time of loading a session."))
	t.commit, errs[1] = meter.Float64Histogram("sessions.commit.duration", metric.WithUnit("s"), seconds,
		metric.WithDescription("Time of committing a session."))
	t.backend, errs[2] = meter.Float64Histogram("sessions.backend.duration", metric.WithUnit("s"), seconds,
		metric.WithDescription("Time of a call of the backend."))
	t.size, errs[3] = meter.Int64Histogram("sessions.record.size", metric.WithUnit("By"),
		metric.WithExplicitBucketBoundaries(64, 128, 256, 512, 1<<10, 2<<10, 4<<10, 16<<10, 64<<10, 256<<10, 1<<20),
		metric.WithDescription("Size of the records that were loaded and stored."))
	t.events, errs[4] = meter.Int64Counter("sessions.events", metric.WithUnit("{event}"),
		metric.WithDescription("What happened to sessions."))
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// trace returns a Config.Trace that makes spans and measures their time. It calls
// next, too.
func (t *telemetry) trace(next func(context.Context, string) (context.Context, func(error))) func(context.Context, string) (context.Context, func(error)) {
	return func(ctx context.Context, name string) (context.Context, func(error)) {
		ctx, end := t.begin(ctx, "sessions."+name, trace.SpanKindInternal)
		var duration metric.Float64Histogram
		switch name {
		case "load":
			duration = t.load
		case "commit":
			duration = t.commit
		}
		nextEnd := func(error) {}
		if next != nil {
			ctx, nextEnd = next(ctx, name)
		}
		return ctx, func(err error) {
			nextEnd(err)
			end(err, duration)
		}
	}
}

// call is the interceptor of the backend.
func (t *telemetry) call(ctx context.Context, op backends.Op, next func(context.Context) error) error {
	operation := attribute.String("sessions.operation", string(op))
	ctx, end := t.begin(ctx, "sessions.backend "+string(op), trace.SpanKindClient, operation)
	err := next(ctx)
	if isAnswer(err) {
		end(nil, t.backend, operation)
	} else {
		end(err, t.backend, operation)
	}
	return err
}

// begin starts a span. The function that it returns ends the span and records its
// time in duration, unless that is nil.
func (t *telemetry) begin(ctx context.Context, name string, kind trace.SpanKind, attrs ...attribute.KeyValue) (context.Context, func(error, metric.Float64Histogram, ...attribute.KeyValue)) {
	started := time.Now()
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	return ctx, func(err error, duration metric.Float64Histogram, attrs ...attribute.KeyValue) {
		if err != nil {
			kind := errorType(err)
			attrs = append(attrs, kind)
			span.SetAttributes(kind)
			span.SetStatus(codes.Error, kind.Value.AsString())
		}
		if duration != nil {
			duration.Record(ctx, time.Since(started).Seconds(), metric.WithAttributeSet(attribute.NewSet(attrs...)))
		}
		span.End()
	}
}

// observe returns a Config.Observe that counts events. It calls next, too.
func (t *telemetry) observe(next func(context.Context, sessions.Event)) func(context.Context, sessions.Event) {
	return func(ctx context.Context, e sessions.Event) {
		attrs := []attribute.KeyValue{attribute.String("sessions.event", string(e.Kind))}
		if e.Err != nil {
			attrs = append(attrs, errorType(e.Err))
		}
		t.events.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(attrs...)))
		if e.Size > 0 {
			t.size.Record(ctx, int64(e.Size))
		}
		if next != nil {
			next(ctx, e)
		}
	}
}
