package backends_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// Intercept measures every operation of a backend, and keeps its abilities.
func ExampleIntercept() {
	took := make(map[backends.Op][]time.Duration) // with a mutex, if requests are concurrent
	store := memory.New(nil)
	measured := backends.Intercept(store, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		start := time.Now()
		err := next(ctx)
		took[op] = append(took[op], time.Since(start))
		return err
	})
	fmt.Println("as able:", len(backends.Abilities(measured)) == len(backends.Abilities(store)))

	ctx := context.Background()
	id, err := measured.Write(ctx, "id", backends.Record{Data: []byte("a"), TTL: time.Minute})
	if err == nil {
		_, err = measured.Read(ctx, id)
	}
	fmt.Println(err, len(took[backends.OpWrite]), "write,", len(took[backends.OpRead]), "read")
	// Output:
	// as able: true
	// <nil> 1 write, 1 read
}
