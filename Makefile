.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
WORKERS ?= 2
export PYTHONDONTWRITEBYTECODE :=

help:            ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv from the locked requirements (every other word does it by itself)
$(READY): pyproject.toml requirements/dev.txt requirements/uv.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)   ## the story, replayed: two reports and a verdict, in under 30 s
	@$(BIN)/python -m twyman demo

test: $(READY)   ## unit, oracle and contract tests on DuckDB and Sail, in some eight minutes on two cores
	$(BIN)/python -m pytest -q -n $(WORKERS) --ignore=tests/docs

check: $(READY) lint types imports test calibration docs ## all that CI checks

fmt: $(READY)    ## format and mend what can be mended
	$(BIN)/ruff format src tests tools bench calibration faultlab examples fuzz
	$(BIN)/ruff check --fix --quiet src tests tools bench calibration faultlab examples fuzz

lint: $(READY)   ## format and style, changing nothing
	$(BIN)/ruff format --check src tests tools bench calibration faultlab examples fuzz
	$(BIN)/ruff check src tests tools bench calibration faultlab examples fuzz

types: $(READY)  ## pyright, strict on src
	$(BIN)/pyright

imports: $(READY) ## the floors: every import points down
	$(BIN)/lint-imports

docs: $(READY)   ## run the README, the guides and the examples
	$(BIN)/python -m pytest -q tests/docs -m 'not slow or slow'

golden: $(READY) ## rewrite the golden files; then read the diff
	GOLDEN=rewrite $(BIN)/python -m pytest -q -n $(WORKERS) -k golden || true
	@git --no-pager diff --stat

calibration: $(READY) ## what methods promise, counted over some thousand simulated experiments
	$(BIN)/python -m calibration --quick --workers $(WORKERS)

calibrate: $(READY) ## the same over twenty thousand, which writes docs/explanation/calibration.md
	$(BIN)/python -m calibration --workers $(WORKERS)

faultlab: $(READY) ## experiments with known faults: what doubts catch, into docs/explanation/doubt.md; an hour on two cores
	$(BIN)/python -m faultlab --workers $(WORKERS)

faultlab-train: $(READY) ## what each fault looks like, from other experiments, into doubt/signatures.py; before the former
	$(BIN)/python -m faultlab --seeds train --workers $(WORKERS)

test-conformance: $(READY) ## the official OpenFeature providers, in Python, Node and Chromium, against our server
	tools/debian.sh chromium=chromium
	npm ci --prefix tests/conformance --silent --no-audit --no-fund
	TWYMAN_CONFORMANCE=required $(BIN)/python -m pytest -q tests/conformance -m 'slow or not slow'

ENGINES := .venv/engines
$(ENGINES): requirements/engines.txt $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/engines.txt
	@touch $@

test-engines: $(ENGINES) ## PostgreSQL, ClickHouse, Spark with two workers, each started for it; DuckDB 1.5 beside 2.0
	tools/debian.sh pg_ctlcluster=postgresql java=openjdk-17-jre-headless
	TWYMAN_ENGINES=required $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests -m engines
	$(BIN)/uv pip install --quiet --python $(BIN)/python --target build/duckdb-1.5 --require-hashes -r requirements/duckdb-1.5.txt
	PYTHONPATH=build/duckdb-1.5 $(BIN)/python -m pytest -q -n $(WORKERS) tests/warehouse tests/app

FUZZER := fuzz/.venv/ready
$(FUZZER): requirements/fuzz.txt $(READY)
	test -x fuzz/.venv/bin/python || $(PYTHON) -m venv fuzz/.venv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python fuzz/.venv/bin/python --require-hashes requirements/fuzz.txt
	@touch $@

fuzz: $(FUZZER)  ## hostile states, contexts, requests and folders, led by coverage: a minute for each
	PYTHONPATH=src:. fuzz/.venv/bin/python -m fuzz --seconds $(or $(FUZZ_SECONDS),60)

slow: $(READY)   ## the story over 100 seeds, the largest public data set, real stores, long random runs
	tools/debian.sh pg_ctlcluster=postgresql redis-server=redis-server
	$(BIN)/python -m pytest -q -n $(WORKERS) -m 'slow and not engines' --ignore=tests/conformance -o faulthandler_timeout=3600

sizes: $(READY)  ## the ten largest files and functions
	@$(BIN)/python tools/sizes.py

PEERS := bench/.venv/ready
$(PEERS): requirements/bench.txt $(READY)
	test -x bench/.venv/bin/python || $(PYTHON) -m venv bench/.venv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python bench/.venv/bin/python --require-hashes requirements/bench.txt
	@touch $@

FLAG_PEERS := bench/.venv-flags/ready
$(FLAG_PEERS): requirements/bench-flags.txt $(READY)
	test -x bench/.venv-flags/bin/python || $(PYTHON) -m venv bench/.venv-flags
	$(BIN)/uv pip sync --quiet --compile-bytecode --python bench/.venv-flags/bin/python --require-hashes requirements/bench-flags.txt
	@touch $@

# tea-tasting 2 wants Python 3.12; where none is at hand, the last of its versions for ours stands in
NEWER = $(shell pyenv prefix 3.12 2>/dev/null | sed 's|$$|/bin/python|' | grep . || python3.12 -c 'import sys; print(sys.executable)' 2>/dev/null)
MARKET_PEERS := bench/.venv-market/ready
$(MARKET_PEERS): requirements/bench-market.txt $(READY)
	test -x bench/.venv-market/bin/python || $(or $(NEWER),$(PYTHON)) -m venv bench/.venv-market
	$(BIN)/uv pip sync --quiet --compile-bytecode --python bench/.venv-market/bin/python --require-hashes requirements/bench-market.txt
	@touch $@

bench: bench-statistics bench-flags bench-cohorts bench-gate bench-ofrep bench-warehouse ## ratios in one run: against other packages, numpy's floor, hand-written SQL

bench-warehouse: $(MARKET_PEERS) ## moments from the warehouse: BENCH_SCALE=0.02 tries whether it runs
	tools/debian.sh java=openjdk-17-jre-headless
	$(BIN)/python bench/warehouse.py
	$(BIN)/python bench/spark.py
	MARKET_PYTHON=bench/.venv-market/bin/python $(BIN)/python bench/market.py
	$(BIN)/python bench/refresh.py
	$(BIN)/python bench/growth.py
	@$(BIN)/python bench/aims.py

bench-flags: $(FLAG_PEERS)
	PYTHONPATH=src bench/.venv-flags/bin/python bench/flags.py

bench-cohorts: $(READY)
	$(BIN)/python bench/cohorts.py

bench-gate: $(READY)
	$(BIN)/python bench/gate.py

bench-doubt: $(READY) ## co-exposure of all pairs beside plain scans; when twins and leaks are flagged; false alarms
	$(BIN)/python bench/coexposure.py

bench-ofrep: $(READY)
	tools/debian.sh wrk=wrk
	$(BIN)/python bench/ofrep.py

bench-statistics: $(PEERS)
	PYTHONPATH=src bench/.venv/bin/python bench/statistics_engine.py

lock:            ## renew the locked requirements
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade pyproject.toml --all-extras --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade requirements/bench.in -o requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade requirements/bench-flags.in -o requirements/bench-flags.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade -c requirements/dev.txt requirements/bench-market.in -o requirements/bench-market.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade -c requirements/dev.txt requirements/fuzz.in -o requirements/fuzz.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade -c requirements/dev.txt requirements/engines.in -o requirements/engines.txt

.PHONY: help setup demo test check fmt lint types imports docs golden calibration calibrate faultlab faultlab-train test-conformance test-engines fuzz slow sizes bench bench-statistics bench-flags \
  bench-cohorts bench-gate bench-ofrep bench-warehouse lock
