package redis_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
)

// FuzzValues: any data of any owner can be stored, read and replaced, and a
// value that another program stored does no harm.
func FuzzValues(f *testing.F) {
	f.Add([]byte("x"), "", []byte("y"))
	f.Add([]byte{0xff}, "alice", []byte{0xff})
	f.Add([]byte{0xff, 0}, "", []byte{0xff, 0})
	f.Add([]byte("\xff\x01 a time and a tag of sixteen"), "alice", []byte("\xff\x01 a time and a tag of sixteen"))
	f.Add([]byte("\xff\x00x"), "bob", []byte(""))
	server := miniredis.RunT(f)
	b, err := redis.Open("redis://"+server.Addr(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = b.Close() })
	ctx := context.Background()
	f.Fuzz(func(t *testing.T, data []byte, subject string, planted []byte) {
		if len(data) == 0 {
			return
		}
		server.FlushAll()
		holds := func(want []byte) {
			t.Helper()
			if r, err := b.Read(ctx, "id"); err != nil || !bytes.Equal(r.Data, want) {
				t.Fatalf("Read: %q, %v; want %q", r.Data, err, want)
			}
		}
		r := backends.Record{Data: data, TTL: time.Hour, Subject: subject}
		if err := b.Swap(ctx, "id", nil, r); err != nil {
			t.Fatal(err)
		}
		holds(data)
		if err := b.Swap(ctx, "id", data, r); err != nil {
			t.Fatal(err)
		}
		holds(data)
		longer := append(data[:len(data):len(data)], 'x')
		if err := b.Swap(ctx, "id", longer, r); err != backends.ErrConflict {
			t.Fatalf("Swap from other data: %v, want ErrConflict", err)
		}
		if subject != "" {
			if n := count(t, b, subject); n != 1 {
				t.Fatalf("ListSubject: %d records", n)
			}
		}
		if err := b.Swap(ctx, "id", data, backends.Record{}); err != nil {
			t.Fatal(err)
		}

		if err := server.Set("sessions:id", string(planted)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Read(ctx, "id"); err != nil {
			t.Fatal(err)
		}
		if n, err := b.RevokeSubject(ctx, subject, ""); n != 0 || err != nil && len(planted) < 22 {
			t.Fatalf("RevokeSubject: %d, %v", n, err)
		}
	})
}

// FuzzOpen: no URL panics, and no error shows the password in it.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"", "127.0.0.1:6379/0", "h?addr=h2:1", "h?master_name=m", "h/0?pool_size=3", "[::1]:1/x", "h?read_only=true"} {
		f.Add("redis", "secret", seed)
	}
	f.Add("rediss+cluster", "a/b", "h")
	f.Add("unix", "a@b", "/s?db=1")
	f.Fuzz(func(t *testing.T, scheme, password, rest string) {
		b, err := redis.Open(scheme+"://user:hunter2"+password+"@"+rest, nil)
		if err == nil {
			_ = b.Close()
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	})
}
