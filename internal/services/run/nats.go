package main

import "github.com/gosessions/sessions/internal/services"

// natsPart is what the tests of backends/nats need.
var natsPart = part{"NATS", []string{"nats-server"}, program("nats-server", services.NATSFolders...)}
