// This program counts the visits of a client of connect.
package main

import (
	"context"
	"log"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const visits sessions.Key[int] = "visits"

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	const procedure = "/visits.v1.Visits/Count" // usually generated
	router := http.NewServeMux()
	router.Handle(procedure, connect.NewUnaryHandler(procedure, count))
	log.Fatal(http.ListenAndServe("localhost:8080", mw.Handler(router)))
}

func count(ctx context.Context, _ *connect.Request[emptypb.Empty]) (*connect.Response[wrapperspb.Int64Value], error) {
	session, err := sessions.Load(ctx)
	if err != nil {
		return nil, connect.NewError(connect.CodeUnavailable, err)
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		return nil, connect.NewError(connect.CodeInternal, err)
	}
	return connect.NewResponse(wrapperspb.Int64(int64(n))), nil
}
