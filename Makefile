# `make` alone prints this list. Everything works on a machine that has only
# Go and a package manager; what the tests need is found, started or installed.

.DEFAULT_GOAL := help
.PHONY: help check test lint fuzz bench cover docs explore reliability tidy

# Finds, starts or installs the servers that a command's tests need.
RUN := go run ./internal/services/run

# Time for each fuzz target, and what go test is told besides.
FUZZTIME ?= 20s
TESTFLAGS ?=

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: lint test ## what CI runs: lint, tests, both releases of Go, nested modules, the demo, a little fuzzing
	scripts/releases
	$(RUN) scripts/nested
	scripts/smoke
	scripts/fuzz 3s

test: ## all tests with the race detector, against real services
	$(RUN) go test -race -shuffle=on $(TESTFLAGS) ./...
	scripts/allocs

lint: ## gofmt, go vet, staticcheck, tidy modules, the house rules
	scripts/lint

tidy: ## go mod tidy in every module
	for module in $$(scripts/modules); do (cd $$module && go mod tidy) || exit 1; done

fuzz: ## every fuzz target for FUZZTIME (20s)
	scripts/fuzz $(FUZZTIME)

bench: ## our benchmarks, and the peers' beside them
	$(RUN) scripts/modules bench go test -run 'TestRatios|TestLoopback|TestPostgres' -v ./...
	$(RUN) go test -run='^$$' -bench=. -benchmem ./...
	TIMING=1 go test -run=TestS5 ./...

cover: ## statement coverage of all packages by all tests
	$(RUN) scripts/cover

docs: ## check the documents' links and print the packages' overviews
	scripts/docs

explore: ## every order of requests, with every fault: the whole that tests sample
	EXPLORE=all $(RUN) go test -v -count=1 -timeout=6h $(TESTFLAGS) ./internal/explore | grep -v '^=== '

reliability: ## slow tests: processes killed, frozen and cut off under load
	RELIABILITY=$(CURDIR)/docs/reliability.md $(RUN) scripts/modules faults go test -race -timeout=60m -count=1 $(TESTFLAGS) ./...
