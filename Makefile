# Hearth (职工之家). `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO    ?= go
TOOL  := $(GO) tool -modfile=tools/go.mod
LISTEN ?= 127.0.0.1:8020
STATE  ?= state/demo
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: ## install what running needs (PostgreSQL), when it is missing
	@scripts/setup.sh run

.PHONY: setup-test
setup-test: ## install what the tests need as well (headless Chromium, Chinese fonts, axe-core)
	@scripts/setup.sh test

.PHONY: build
build: ## build bin/hearth
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/hearth ./cmd/hearth

.PHONY: demo
demo: setup build ## start with demo cases and demo accounts (STATE=…, LISTEN=…)
	@exec bin/hearth serve --demo --state $(STATE) --listen $(LISTEN)

.PHONY: run
run: setup build ## start with an empty register under state/live
	@exec bin/hearth serve --state state/live --listen $(LISTEN)

.PHONY: test
test: setup-test ## run every test; none skips
	@# what takes longest begins first
	@$(GO) vet ./... && $(GO) test -count=1 -timeout 15m ./cmd/... ./adapters/web/... ./...

.PHONY: e2e
e2e: setup-test ## run the browser tests alone
	@$(GO) test -count=1 -timeout 15m ./cmd/hearth/e2e/...

.PHONY: race
race: ## run the tests of everything concurrent under the race detector
	@$(GO) test -race -count=1 -timeout 20m ./eventstore/... ./projections ./adapters/... ./cmd/...

.PHONY: check
check: ## format, vet, staticcheck, sum types, architecture
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofumpt -w these:"; echo "$$out"; exit 1; }
	@$(GO) vet ./...
	@$(TOOL) staticcheck ./...
	@$(TOOL) go-check-sumtype ./...
	@$(GO) test -count=1 .

.PHONY: format
format: ## format all Go files
	@$(TOOL) gofumpt -w $$(git ls-files '*.go')

.PHONY: bench
bench: ## run the benchmarks beside their raw limits (ITERATIONS=1 only shows that they run)
	@$(GO) test -run '^$$' -bench . -benchtime $(if $(ITERATIONS),$(ITERATIONS)x,2s) -timeout 40m $$(git ls-files '*_test.go' | xargs grep -l 'func Benchmark' | xargs -n1 dirname | sort -u | sed 's|^|./|')

.PHONY: scoreboard
scoreboard: setup ## power cuts, kills, damage, bad links: writes docs/reliability.md (LONG=1: many rounds; ONLY=a,b: these lines)
	@$(GO) build -o bin/scoreboard ./bench/scoreboard && exec bin/scoreboard $(if $(LONG),-long) $(if $(ONLY),-only $(ONLY))

.PHONY: glossary
glossary: ## write docs/glossary.md anew from the code
	@$(GO) test -count=1 -run TestGlossary . -update

.PHONY: clean
clean: ## remove what was built; state folders stay
	@rm -rf bin
