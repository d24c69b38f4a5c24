# virtree: type "make" to see what can be made.

SHELL         := /bin/bash
GO            ?= go
LINT_VERSION  := v2.15.0
LINT          := bin/tools/golangci-lint
LINT_STAMP    := bin/tools/.golangci-lint-$(LINT_VERSION)
FUZZTIME      ?= 5s
TESTDATA      ?=
PACKAGES      ?= ./...

# A clone that belongs to somebody else has no version to stamp into a binary.
export GOFLAGS += -buildvcs=false

.DEFAULT_GOAL := help
.PHONY: help build install install-files deb run demo test race check lint generate fuzz-short golden bench diff-libvirt death tree cover-api

help: ## show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## put every binary into bin/
	@mkdir -p bin
	$(GO) build -o bin/ $$($(GO) list ./apps/... | grep -v /internal/)
	@$(GO) run ./apps/internal/sampleconf bin/conf

run: build ## run libvirtd in the foreground, in session mode, in tmp/run
	@test/demo/run

demo: ## install what is missing, then define, start and watch a machine with virsh
	@test/demo/packages
	@$(MAKE) --no-print-directory build
	@test/demo/demo

test: ## install what is missing and run every test
	@test/demo/packages
	@# The comparison with the real daemons has the machine to itself: theirs race on a busy one.
	@set -o pipefail; all=$$($(GO) list $(PACKAGES)) && for those in '!p' p; do \
	  sed -n "\\|/test/diff$$|$$those" <<<"$$all" | xargs -r $(GO) test -json; done | $(GO) run ./test/report

race: ## run every test under the race detector
	$(GO) test -race $(PACKAGES)

check: lint ## formatting, vet, linters, architecture, generated code up to date
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) test -count=1 ./test/arch
	@$(MAKE) --no-print-directory generate
	@git diff --exit-code -- '*_gen.go' || { echo "generated code is not up to date"; exit 1; }

lint: $(LINT_STAMP) ## golangci-lint, pinned, built on first use
	$(LINT) run ./...

$(LINT_STAMP):
	@mkdir -p bin/tools
	GOBIN=$(CURDIR)/bin/tools $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@touch $@

generate: ## write the generated code anew
	$(GO) generate ./...

fuzz-short: ## run every fuzz target for FUZZTIME (5s)
	@git grep -l '^func Fuzz' -- '*_test.go' | while read -r file; do \
	  sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file" | while read -r target; do \
	    echo "$$target in $$(dirname "$$file")"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" || exit 1; \
	  done || exit 1; \
	done

golden: ## score documents and arguments against expected ones: make golden [TESTDATA=DIR]
	@VIRTREE_TESTDATA="$(abspath $(TESTDATA))" $(GO) test -count=1 -v -run Golden ./test/golden | grep '^golden '

bench: ## run the Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem $(PACKAGES)

diff-libvirt: build ## compare answers with the real libvirtd, through virsh and frame by frame
	@test/demo/packages
	VIRTREE_REAL=1 $(GO) test -count=1 ./test/wire ./test/admin
	VIRTREE_REAL=1 $(GO) test -count=1 -v ./test/diff ./test/cli ./test/machine

KILLS ?= 100
death: ## kill virtlogd and virtlockd amid their work KILLS times (100), and count what is missing
	VIRTREE_KILLS=$(KILLS) $(GO) test -count=1 -timeout 30m -v ./test/death

tree: build ## show the process tree of the daemon that "make run" started
	@XDG_RUNTIME_DIR=$(CURDIR)/tmp/run/run bin/virt-observe

cover-api: ## count the procedures and functions of libvirt's API that are done
	@$(GO) run ./apps/internal/coverapi

# Where make install puts things; a package builder sets DESTDIR.
export DESTDIR     ?=
export SBINDIR     ?= /usr/sbin
export BINDIR      ?= /usr/bin
export LIBEXECDIR  ?= /usr/libexec
export UNITDIR     ?= /usr/lib/systemd/system
export PRESETDIR   ?= /usr/lib/systemd/system-preset
export SYSUSERS    ?= /usr/lib/sysusers.d
export POLKIT      ?= /usr/share/polkit-1
export MANDIR      ?= /usr/share/man
export COMPLETIONS ?= /usr/share/bash-completion/completions
export DEFAULTS    ?= /etc/default
export CONFDIR     ?= /etc/libvirt
export BIN         ?= bin

install: build install-files ## install everything: make install [DESTDIR=DIR] [SBINDIR=...]

install-files: ## put what was built in BIN in place, without building: what packages call
	@packaging/install

DEBVERSION ?=
deb: build ## build a Debian package into bin/deb: make deb [DEBVERSION=1.2-3]
	@packaging/deb/build bin/deb $(DEBVERSION)
