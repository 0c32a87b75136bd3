package faults_test

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// network stands between a client and a server, and can be made bad.
type network struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newNetwork(t *testing.T, upstream string) *network {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &network{t, toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", upstream)}
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	return n
}

// before returns the address of a server as it is reached through a new network.
func before(t *testing.T, server string) (*network, string) {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	host := u.Host
	if _, _, err := net.SplitHostPort(host); err != nil {
		t.Fatalf("%s: %v", host, err)
	}
	n := newNetwork(t, host)
	u.Host = n.proxy.Listen
	return n, u.String()
}

// spoil makes the network bad, in toxiproxy's terms. stream is "upstream" (what
// the client sends) or "downstream".
func (n *network) spoil(kind, stream string, attributes map[string]any) {
	n.t.Helper()
	text, err := json.Marshal(map[string]any{
		"name": kind + stream, "type": kind, "stream": stream, "toxicity": 1, "attributes": attributes,
	})
	if err == nil {
		_, err = n.proxy.Toxics.AddToxicJson(strings.NewReader(string(text)))
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// mend makes it good again.
func (n *network) mend() { n.proxy.Toxics.ResetToxics(context.Background()) }
