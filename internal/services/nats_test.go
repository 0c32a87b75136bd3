package services_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/services"
)

// greeting returns the first line that a NATS server sends.
func greeting(address string) (string, error) {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	return bufio.NewReader(conn).ReadString('\n')
}

func TestNATSIsShared(t *testing.T) {
	first, second := services.NATS(t), services.NATS(t)
	if first != second || !strings.HasPrefix(first, "nats://") {
		t.Errorf("got %q and %q, want the same address twice", first, second)
	}
}

// TestNATSServer: a private server has the configuration that was asked for, and
// comes back on its port.
func TestNATSServer(t *testing.T) {
	t.Parallel()
	server := services.NATSServer(t, services.NATSOptions{Config: []string{"max_payload: 12345"}})
	for range 2 {
		got, err := greeting(server.Addr())
		if err != nil || !strings.Contains(got, `"max_payload":12345`) || !strings.Contains(got, `"jetstream":true`) {
			t.Errorf("the server greets with %q, %v", got, err)
		}
		server.Kill()
		if _, err := greeting(server.Addr()); err == nil {
			t.Error("the server answers after Kill")
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}
