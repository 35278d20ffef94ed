# One compile cache for everything: every target builds with the same settings.
export CGO_ENABLED := 0
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BUILD    := -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION)'
REAL     ?= $(CURDIR)/.cache/real
ASIDE    ?= $(CURDIR)/.cache/aside
KINSHIP  ?= $(CURDIR)/.cache/kinship
ACCURACY ?= $(CURDIR)/.cache/accuracy
FUZZTIME ?= 10s
TOOL     := go tool -modfile=$(CURDIR)/.tools/go.mod
CODE     := cmd sbom graph fixtures

.DEFAULT_GOAL := help
.PHONY: help build demo test house check lint reproducible golden fuzz accuracy bench bench-opening bench-pass bench-rules bench-kinship bench-family fixtures fixtures-check catalogue background real aside kinship kinship-peers size clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' Makefile

build: ## bin/kinbom: static, and the same bytes from the same source
	go build $(BUILD) -o bin/kinbom ./cmd/kinbom

demo: build ## audit the built-in fixture family and compare with its answer key
	@fixtures/demo.sh bin/kinbom

test: ## go vet and all tests
	go vet ./...
	go test ./...

house: ## only the rules of the house: import walls, docs, sizes (a second or two)
	go test cmd/kinbom/house*_test.go

check: test lint ## what a reviewer runs: test and lint

lint: ## gofmt, tidy modules, staticcheck
	@bad=$$($(TOOL) gofmt -l $(CODE)); test -z "$$bad" || { echo "not gofmt-ed: $$bad" >&2; exit 1; }
	go mod tidy -diff
	$(TOOL) staticcheck ./...

reproducible: build ## build again elsewhere with an empty cache (minutes), and compare the bytes
	@d=$$(mktemp -d) && trap 'rm -rf "$$d"' EXIT && cp -r go.mod go.sum cmd sbom graph fixtures "$$d" && \
		(cd "$$d" && GOCACHE="$$d/.cache" go build $(BUILD) -o again ./cmd/kinbom) && sha256sum bin/kinbom "$$d/again" && cmp bin/kinbom "$$d/again"

golden: ## rewrite the golden files of all tests that have some
	go test $$(grep -rlE 'flag\.Bool\("update"' --include='*_test.go' $(CODE) | xargs -rn1 dirname | sort -u | sed 's,^,./,') -update

fuzz: ## every fuzz target for FUZZTIME (10s) each
	@.ci/fuzz $(FUZZTIME)

bench: build ## CPU, wall time and memory beside sha256sum and syft, on the real set
	@test -d '$(REAL)/apps' || fixtures/real/build.sh '$(REAL)'
	@fixtures/bench/bench.sh bin/kinbom '$(REAL)/apps'
	@$(MAKE) --no-print-directory bench-opening
	@$(MAKE) --no-print-directory bench-rules

bench-rules: ## CPU of a scan with marks without rules, with those of kinbom and with ten times as many
	@test -d '$(REAL)/apps' || fixtures/real/build.sh '$(REAL)'
	@go run ./fixtures/cmd/rulespeed $(if $(RUNS),-rounds $(RUNS)) '$(REAL)/apps'

bench-opening: build ## CPU of opening beside 7zz, and memory on a disk image of BIG megabytes (0: none; 4200)
	@test -d '$(REAL)/apps' || fixtures/real/build.sh '$(REAL)'
	@mkdir -p '$(REAL)/../opening' && go build -o '$(REAL)/../opening/opening' ./fixtures/cmd/opening
	@python3 fixtures/bench/opening.py '$(REAL)/../opening/opening' bin/kinbom '$(REAL)/apps' '$(REAL)/../opening/made' $(or $(RUNS),5) $(or $(MEGABYTES),64) $(or $(BIG),0)

bench-pass: ## the pass over instructions beside sha256sum, on real code; KINBOM_BENCH_CODE names more files
	@test -d '$(REAL)/apps' || fixtures/real/build.sh '$(REAL)'
	@find '$(REAL)/.packages' -type f -size +4M ! -name '*.tgz' -print0 | xargs -0 go run ./fixtures/cmd/passspeed $(KINBOM_BENCH_CODE)

bench-kinship: ## discovery over the saved marks of 100 and 1,000 made products (400 MB in .cache)
	@mkdir -p .cache/scale && KINBOM_SCALE='$(CURDIR)/.cache/scale' go test -count=1 -timeout 60m -v -run TestDiscoverySpeed ./fixtures/kinship | grep -E 'products,|^(ok|FAIL|---)'

bench-family: build ## audit, libs and who over saved SBOMs of 100 and 1,000 made products (500 MB in .cache)
	@mkdir -p .cache/scale && KINBOM_SCALE='$(CURDIR)/.cache/scale' KINBOM_BIN='$(CURDIR)/bin/kinbom' go test -count=1 -timeout 60m -v -run TestFamilySpeed ./fixtures/kinship | grep -E 'products,|^(ok|FAIL|---)'

kinship: ## measure the finding of shared static code on labelled code, or on VARIANTS alone (Debian sources, clang; long)
	fixtures/kinship/build.sh '$(KINSHIP)' $(VARIANTS)
	KINBOM_KINSHIP='$(KINSHIP)' go test -count=1 -timeout 60m -v -run 'TestKinship|TestCorpus|TestCalibration|TestVersions' ./fixtures/kinship

kinship-peers: ## run ssdeep and TLSH on the corpus that make kinship built (python3-ssdeep, python3-tlsh; minutes)
	KINBOM_PEERS=1 KINBOM_KINSHIP='$(KINSHIP)' go test -count=1 -timeout 60m -run TestPeers ./fixtures/kinship
	/usr/bin/python3 fixtures/kinship/peers.py '$(KINSHIP)'

catalogue: ## make the rule file of browser stores from fixtures/cmd/catalogue/browsers.yaml
	go run ./fixtures/cmd/catalogue fixtures/cmd/catalogue/browsers.yaml > sbom/capability/rules/catalogue.new
	mv sbom/capability/rules/catalogue.new sbom/capability/rules/catalogue.yaml

accuracy: build ## precision and recall of capabilities on labelled samples (clang-19, lld-19, python3-yaml, and rustc-web with rust-web-src for those in Rust; minutes); fails when it got worse, with STRICT=1 below the targets; UPDATE=1 writes tables and counts
	fixtures/accuracy/build.sh '$(ACCURACY)'
	KINBOM_ACCURACY='$(ACCURACY)' KINBOM_BIN='$(CURDIR)/bin/kinbom' KINBOM_ACCURACY_UPDATE='$(UPDATE)' KINBOM_ACCURACY_STRICT='$(STRICT)' go test -count=1 -v -run 'TestAccuracy|TestDevelopers' ./fixtures/accuracy

fixtures: ## rebuild the fixture family (needs the compilers that fixtures/family/toolchain.txt names)
	fixtures/family/build.sh

background: build ## make the built-in background model anew (needs npm, clang-19, lld-19, musl-dev; minutes)
	fixtures/background/build.sh bin/kinbom '$(CURDIR)/.cache/background' graph/library/builtin.kbg

fixtures-check: ## rebuild the fixture family and compare byte for byte with the committed one
	@.ci/fixtures-check

real: build ## audit real programs from pinned public packages (needs npm and python3)
	fixtures/real/build.sh '$(REAL)'
	KINBOM_REAL='$(REAL)' KINBOM_BIN='$(CURDIR)/bin/kinbom' go test -count=1 -v ./fixtures/real
	KINBOM_EVIDENCE='$(REAL)/apps' go test -count=1 -v -run TestEveryEvidenceIsWhereItSays ./cmd/kinbom
	KINBOM_REAL='$(REAL)/apps' KINBOM_ASAR='$(REAL)/.tools/node_modules/.bin/asar' go test -count=1 -v -run 'Genuine|Real|Electron|7zz' ./sbom/container/...

aside: build ## measure on real packages that are kept aside (needs npm and python3; 1 GB to fetch, minutes)
	@mkdir -p '$(ASIDE)' && python3 fixtures/real/aside.py fixtures/real/aside.toml '$(ASIDE)'
	KINBOM_ASIDE='$(ASIDE)' KINBOM_BIN='$(CURDIR)/bin/kinbom' go test -count=1 -timeout 30m -v -run TestAside ./fixtures/real

size: build ## bytes of the program, and its largest modules
	@stat -c '%s bytes %n' bin/kinbom
	@go version -m bin/kinbom | awk '$$1 == "dep"' | wc -l | sed 's/$$/ modules/'

clean: ## remove what was built; .cache (downloads) stays
	rm -rf bin
