# `make` alone prints a list of the commands. They work on a machine that has only
# Go and a package manager: they find, start or install what the tests need.

.DEFAULT_GOAL := help
.PHONY: help check test lint fuzz bench cover docs explore reliability scale tidy

# Finds, starts or installs the servers that a command's tests need.
RUN := go run ./internal/services/run

# The time for each fuzz target, and additional flags for go test.
FUZZTIME ?= 20s
TESTFLAGS ?=

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: lint test ## runs what CI runs: lint, tests, both releases of Go, nested modules, the demo, the API, vulnerabilities, a little fuzzing
	scripts/releases
	$(RUN) scripts/nested
	$(RUN) scripts/benchmarks
	scripts/smoke
	scripts/api
	scripts/vulncheck
	scripts/fuzz 3s

test: ## runs all tests with the race detector, against real services
	$(RUN) go test -race -shuffle=on $(TESTFLAGS) ./...
	scripts/allocs

lint: ## runs gofmt, go vet and staticcheck, checks that modules are tidy, and checks the house rules
	scripts/lint

tidy: ## runs go mod tidy in every module
	for module in $$(scripts/modules); do (cd $$module && go mod tidy) || exit 1; done

fuzz: ## runs every fuzz target for FUZZTIME (20s)
	scripts/fuzz $(FUZZTIME)

bench: ## compares with other libraries, writes docs/performance.md and its pictures, and runs the benchmarks
	PERFORMANCE=$(CURDIR)/docs/performance.md $(RUN) scripts/modules bench go test -count=1 -timeout=1h -run=TestFigures -v .
	$(RUN) go test -run='^$$' -bench=. -benchmem -benchtime=200ms ./...
	TIMING=1 go test -run=TestS5 ./...

cover: ## measures the statement coverage of all packages by all tests
	$(RUN) scripts/cover

docs: ## checks the links in the documents and prints the documentation of the packages
	scripts/docs

explore: ## runs every order of requests with every fault, of which the tests run a sample
	EXPLORE=all $(RUN) go test -v -count=1 -timeout=6h $(TESTFLAGS) ./internal/explore | grep -v '^=== '
	EXPLORE=all $(RUN) scripts/modules backends/sql/drivers go test -v -count=1 -timeout=1h -run=TestSchedules . | grep -v '^=== '

scale: ## measures ten million sessions in Redis and in Postgres, and writes docs/scale.md
	SCALE=$(CURDIR)/docs/scale.md scripts/modules bench go test -v -count=1 -timeout=60m ./scale

reliability: ## runs the slow tests: servers are killed, frozen and cut off under load
	scripts/modules backends/sqlite go test -count=1 -run='TestKilled|TestLocked' -v .
	RELIABILITY=$(CURDIR)/docs/reliability.md $(RUN) scripts/modules faults go test -race -timeout=60m -count=1 $(TESTFLAGS) ./...
