package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// Benchmark: each operation, and beside it the same statement sent by hand with
// pgx: in turns of a hundred, so that both meet the same noise. It reports the
// time of the fastest turn of each and their ratio, which B7 wants below 1.15.
func Benchmark(b *testing.B) {
	for _, durable := range []bool{true, false} {
		b.Run(fmt.Sprintf("durable=%v", durable), func(b *testing.B) {
			d := open(b)
			if !durable {
				hasty := services.With(b, d.url, "synchronous_commit=off")
				d = openURL(b, hasty, hasty)
			}
			for _, size := range []int{200, 16 << 10} {
				b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) { benchmark(b, d, size) })
			}
		})
	}
}

func benchmark(b *testing.B, d *database, size int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	sql := postgres.SQL()
	update := strings.TrimSuffix(sql.Swap, " RETURNING 0") // the number of rows says as much by hand
	const records = 100
	ids, keys, data := make([]string, records), make([][]byte, records), make([][]byte, records)
	for i := range records {
		ids[i], data[i] = id(i), make([]byte, size)
		keys[i] = []byte(ids[i])
		for j := range data[i] {
			data[i][j] = byte(j*j) ^ byte(i)
		}
		d.write(ids[i], string(data[i]), "alice")
	}
	next := func(i int) []byte {
		new := slices.Clone(data[i])
		binary.LittleEndian.PutUint32(new, binary.LittleEndian.Uint32(new)+1)
		return new
	}
	alice := []byte("alice")
	for _, op := range []struct {
		name        string
		ours, floor func(i int) error
	}{
		{"Read", func(i int) error { _, err := d.Read(ctx, ids[i]); return err }, func(i int) error {
			var data, subject []byte
			var ttl time.Duration
			return d.pool.QueryRow(ctx, sql.Read, keys[i]).Scan(&data, &subject, &ttl)
		}},
		{"Commit", func(i int) error {
			new := next(i)
			err := d.Swap(ctx, ids[i], data[i], backends.Record{Data: new, Subject: "alice", TTL: time.Hour})
			data[i] = new
			return err
		}, func(i int) error {
			new := next(i)
			tag, err := d.pool.Exec(ctx, update, keys[i], alice, time.Hour, new, data[i], alice)
			if err == nil && tag.RowsAffected() != 1 {
				err = pgx.ErrNoRows
			}
			data[i] = new
			return err
		}},
		{"Touch", func(i int) error { _, err := d.Touch(ctx, ids[i], time.Hour); return err }, func(i int) error {
			_, err := d.pool.Exec(ctx, sql.Touch, keys[i], time.Hour)
			return err
		}},
	} {
		b.Run(op.name, func(b *testing.B) {
			least := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				for which, f := range []func(int) error{op.ours, op.floor} {
					began := time.Now()
					for i := range records {
						if err := f(i); err != nil {
							b.Fatal(err)
						}
					}
					least[which] = min(least[which], time.Since(began)/records)
				}
			}
			b.ReportMetric(float64(least[0].Nanoseconds())/1000, "µs")
			b.ReportMetric(float64(least[1].Nanoseconds())/1000, "floor-µs")
			b.ReportMetric(float64(least[0])/float64(least[1]), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
