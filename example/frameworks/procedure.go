package frameworks

import (
	"context"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/frameworks/shop"
)

// cartProcedure is a procedure of connect. It needs no generated code, because its
// messages are well-known types.
const cartProcedure = "/shop.v1.Shop/AddToCart"

// connectCart adds a good to the cart.
func connectCart(ctx context.Context, _ *connect.Request[emptypb.Empty]) (*connect.Response[structpb.Struct], error) {
	session, err := sessions.Load(ctx)
	if err != nil {
		return nil, connect.NewError(connect.CodeUnavailable, err)
	}
	items, err := shop.Add(session, "call")
	if err != nil {
		return nil, connect.NewError(connect.CodeUnavailable, err)
	}
	counts := map[string]any{}
	for item, n := range items {
		counts[item] = n
	}
	answer, err := structpb.NewStruct(counts)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}
