package nats_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		url     string
		options *nats.Options
		want    string
	}{
		{"", nil, "nats://"},
		{" ", nil, "nats://"},
		{"nats://user:hunter2%zz@127.0.0.1", nil, "percent-encoded"},
		{"nats://user:hun ter2@127.0.0.1", nil, "percent-encoded"},
		{"nats://127.0.0.1", &nats.Options{Bucket: "a.b"}, "Bucket"},
		{"nats://127.0.0.1", &nats.Options{Bucket: strings.Repeat("a", 129)}, "Bucket"},
		{"nats://127.0.0.1", &nats.Options{Domain: "a.b"}, "Domain"},
		{"nats://127.0.0.1", &nats.Options{Replicas: -1}, "Replicas"},
		{"nats://127.0.0.1", &nats.Options{Replicas: 6}, "Replicas"},
		{"nats://127.0.0.1", &nats.Options{SweepEvery: time.Millisecond}, "SweepEvery"},
	} {
		b, err := nats.Open(tt.url, tt.options)
		if err == nil {
			_ = b.Close()
			t.Errorf("Open(%q, %+v): no error", tt.url, tt.options)
			continue
		}
		if !strings.HasPrefix(err.Error(), "nats: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "ter2") {
			t.Errorf("Open(%q): %q, want %q and no password", tt.url, err, tt.want)
		}
	}
	for name, b := range map[string]*nats.Backend{
		"nil connection": nats.New(nil, nil),
		"wrong options":  nats.New(new(natsgo.Conn), &nats.Options{Bucket: "a b"}),
		"zero value":     new(nats.Backend),
	} {
		_, err := sessions.New(b, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "nats: ") {
			t.Errorf("%s: sessions.New: %v", name, err)
		}
		if _, got := b.Read(t.Context(), "id"); got != err {
			t.Errorf("%s: Read: %v, want %v", name, got, err)
		}
		if got := b.Migrate(t.Context()); got != err {
			t.Errorf("%s: Migrate: %v, want %v", name, got, err)
		}
	}
	if err := new(nats.Backend).Close(); err == nil {
		t.Error("Close of the zero value: no error")
	}
}

// TestWithoutServer: Open does not need the server. Without one every call fails at
// once, and a commit certainly did nothing.
func TestWithoutServer(t *testing.T) {
	b, err := nats.Open("nats://"+process.Address(process.Port(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if max := backends.Describe(b).MaxSize; max < 1<<19 || max > 1<<20 {
		t.Errorf("MaxSize without a server is %d, want a little less than 1 MiB", max)
	}
	began := time.Now()
	_, write := b.Write(t.Context(), "id", record("x"))
	_, touch := b.Touch(t.Context(), "id", time.Hour)
	for name, err := range map[string]error{
		"Write": write, "Touch": touch, "Remove": b.Remove(t.Context(), "id"),
		"Swap": b.Swap(t.Context(), "id", nil, record("x")),
	} {
		if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), "not connected") {
			t.Errorf("%s: %v, want an ErrNotApplied", name, err)
		}
	}
	if found, err := b.Exists(t.Context(), "id"); found || err == nil {
		t.Errorf("Exists: %v, %v, want an error", found, err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("five calls took %v", took)
	}
}

// TestNew: a connection of the program's own stays open.
func TestNew(t *testing.T) {
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	open(t, url, &nats.Options{Bucket: bucket})
	conn, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := nats.New(conn, &nats.Options{Bucket: bucket})
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := b.Close(); err != nil || conn.IsClosed() {
		t.Errorf("Close: %v, closed the connection: %v", err, conn.IsClosed())
	}
}
