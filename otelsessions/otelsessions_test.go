package otelsessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/otelsessions"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// recorded is telemetry that stays in this process.
type recorded struct {
	spans   *tracetest.InMemoryExporter
	tracer  *trace.TracerProvider
	reader  *metric.ManualReader
	options *otelsessions.Options
}

func record() recorded {
	r := recorded{spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
	r.tracer = trace.NewTracerProvider(trace.WithSyncer(r.spans))
	r.options = &otelsessions.Options{TracerProvider: r.tracer, MeterProvider: metric.NewMeterProvider(metric.WithReader(r.reader))}
	return r
}

// metrics returns each series by its name and attributes, with how often it was
// measured.
func (r recorded) metrics(t *testing.T) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	series := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			name := func(set attribute.Set) string { return m.Name + " " + set.Encoded(attribute.DefaultEncoder()) }
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					series[name(p.Attributes)] += p.Value
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					series[name(p.Attributes)] += int64(p.Count)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					series[name(p.Attributes)] += int64(p.Count)
				}
			}
		}
	}
	return series
}

// visitor keeps cookies like a browser on https.
type visitor struct {
	handler http.Handler
	cookies map[string]string
}

func (v *visitor) visit(ctx context.Context) int {
	r := httptest.NewRequest(http.MethodGet, "https://example.com/", nil).WithContext(ctx)
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookies[c.Name] = c.Value
	}
	return w.Code
}

// application answers each request with what f does to the session.
func application(t *testing.T, mw *sessions.Middleware, f func(*http.Request, *sessions.Session) error) *visitor {
	return &visitor{cookies: map[string]string{}, handler: mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err == nil {
			err = f(r, s)
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	}))}
}

// TestSpans: a request's loads and commits are children of its span, and the calls of
// the backend are children of these.
func TestSpans(t *testing.T) {
	telemetry := record()
	mw, err := otelsessions.New(memory.New(nil), nil, telemetry.options)
	if err != nil {
		t.Fatal(err)
	}
	const visits sessions.Key[int] = "visits"
	v := application(t, mw, func(_ *http.Request, s *sessions.Session) error {
		_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
		return err
	})
	v.visit(t.Context())
	telemetry.spans.Reset()
	ctx, request := telemetry.tracer.Tracer("test").Start(t.Context(), "GET /")
	v.visit(ctx)
	request.End()

	spans := telemetry.spans.GetSpans()
	names := map[string]string{}
	for _, s := range spans {
		names[s.SpanContext.SpanID().String()] = s.Name
	}
	var got []string
	for _, s := range spans {
		got = append(got, names[s.Parent.SpanID().String()]+" > "+s.Name)
	}
	slices.Sort(got)
	want := []string{" > GET /", "GET / > sessions.commit", "GET / > sessions.load", "sessions.commit > sessions.backend swap", "sessions.load > sessions.backend read"}
	if !slices.Equal(got, want) {
		t.Errorf("got the spans %q, want %q", got, want)
	}
	series := telemetry.metrics(t)
	for name, want := range map[string]int64{
		"sessions.load.duration ":                           2,
		"sessions.commit.duration ":                         2,
		"sessions.backend.duration sessions.operation=read": 1,
		"sessions.backend.duration sessions.operation=swap": 2,
		"sessions.record.size ":                             3,
		"sessions.events sessions.event=created":            1,
		"sessions.events sessions.event=loaded":             1,
		"sessions.events sessions.event=saved":              1,
	} {
		if series[name] != want {
			t.Errorf("%q: got %d, want %d; there are %v", name, series[name], want, series)
		}
	}
}

// TestFailures: a failure is seen in the spans and metrics by its kind, and a refused
// token by its reason.
func TestFailures(t *testing.T) {
	telemetry := record()
	down := false
	backend := backends.Intercept(memory.New(nil), func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
		if down {
			return context.DeadlineExceeded
		}
		return next(ctx)
	})
	mw, err := otelsessions.New(backend, &sessions.Config{DisableBreaker: true, ErrorHandler: quiet}, telemetry.options)
	if err != nil {
		t.Fatal(err)
	}
	v := application(t, mw, func(_ *http.Request, s *sessions.Session) error { return s.Set("n", s.Len()+1) })
	v.visit(t.Context())
	down = true
	v.visit(t.Context())
	found := false
	for _, s := range telemetry.spans.GetSpans() {
		found = found || s.Name == "sessions.load" && s.Status.Code == codes.Error && s.Status.Description == "timeout"
	}
	if !found {
		t.Error("no span of a load has failed with timeout")
	}
	series := telemetry.metrics(t)
	for _, name := range []string{
		"sessions.load.duration error.type=timeout",
		"sessions.backend.duration error.type=timeout,sessions.operation=read",
		"sessions.events error.type=timeout,sessions.event=failed",
	} {
		if series[name] != 1 {
			t.Errorf("%q: got %d, want 1; there are %v", name, series[name], series)
		}
	}

	telemetry = record()
	if mw, err = otelsessions.New(cookie.New(cookie.Encrypted("Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o")), nil, telemetry.options); err != nil {
		t.Fatal(err)
	}
	v = application(t, mw, func(*http.Request, *sessions.Session) error { return nil })
	v.cookies["__Host-session"] = "forged"
	v.visit(t.Context())
	refused := int64(0)
	for name, n := range telemetry.metrics(t) {
		if strings.Contains(name, "sessions.event=refused") && strings.Contains(name, "error.type=") {
			refused += n
		}
	}
	if refused != 1 {
		t.Errorf("a forged token: got %d refusals with a reason, want 1", refused)
	}
}

// TestConfigIsKept: the application's own Observe and Trace are called as well.
func TestConfigIsKept(t *testing.T) {
	var seen []string
	config := &sessions.Config{
		Observe: func(_ context.Context, e sessions.Event) { seen = append(seen, string(e.Kind)) },
		Trace: func(ctx context.Context, name string) (context.Context, func(error)) {
			seen = append(seen, name)
			return ctx, func(error) { seen = append(seen, "end") }
		},
	}
	mw, err := otelsessions.New(memory.New(nil), config, record().options)
	if err != nil {
		t.Fatal(err)
	}
	application(t, mw, func(_ *http.Request, s *sessions.Session) error { return s.Set("n", 1) }).visit(t.Context())
	if want := []string{"load", "end", "commit", "end", "created"}; !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
	if _, err := otelsessions.New(nil, nil, nil); err == nil || !strings.Contains(err.Error(), "the backend is nil") {
		t.Errorf("without a backend: got %v, want an error", err)
	}
}

// TestID3_TelemetryShowsNoSecret: neither spans nor metrics contain a token, a key, a
// value, an owner or the text of an error.
func TestID3_TelemetryShowsNoSecret(t *testing.T) {
	telemetry := record()
	secret := errors.New("5ecret-error")
	var fail error
	backend := backends.Intercept(memory.New(nil), func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
		if fail != nil {
			return fail
		}
		return next(ctx)
	})
	mw, err := otelsessions.New(backend, &sessions.Config{DisableBreaker: true, ErrorHandler: quiet}, telemetry.options)
	if err != nil {
		t.Fatal(err)
	}
	hidden := []string{"5ecret"}
	v := application(t, mw, func(r *http.Request, s *sessions.Session) error {
		return errors.Join(s.RegenerateID(), s.SetSubject("5ecret-owner"), s.SetLabel("5ecret-label"), s.Set("5ecret-key", "5ecret-value"))
	})
	for range 3 {
		v.visit(t.Context())
		for _, token := range v.cookies {
			hidden = append(hidden, token)
		}
	}
	if _, err := mw.RevokeAll(t.Context(), "5ecret-owner"); err != nil {
		t.Fatal(err)
	}
	v.visit(t.Context())
	fail = secret
	v.visit(t.Context())
	shown := fmt.Sprintf("%+v %v", telemetry.spans.GetSpans(), telemetry.metrics(t))
	if len(hidden) != 4 || !strings.Contains(shown, "*errors.errorString") {
		t.Fatalf("too little happened: %d secrets, %s", len(hidden), shown)
	}
	for _, text := range hidden {
		if i := strings.Index(shown, text); i >= 0 {
			t.Errorf("a secret is shown: %q", shown[max(0, i-150):i+len(text)])
		}
	}
}

// quiet answers without a line in the log.
func quiet(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(sessions.Status(err)) }
