# Towpath's commands. `make demo` and `make test` set up what is missing first; nothing else is needed.
.DEFAULT_GOAL := help
.PHONY: help setup tools demo test faults e2e images lint format bench bench-monitoring lock proto compile render k8s clean
# Many containers set it; then each of the processes that a demo or the tests start compiles all it imports: seconds.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
CODE := pipelines services tests
PACKAGES := $(wildcard services/*/src) pipelines/src

help:  ## Show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## Make .venv what the lock says (the other commands do it when needed)
	@scripts/setup

tools:  ## Bring helm and what else checks the chart, and Label Studio for the tests, into .cache
	@scripts/tools
	@scripts/label-studio

demo: setup  ## Run the whole path on this machine: ARGS="--exit --report figures.json"
	@$(BIN)/towpath demo $(ARGS)

test: lint tools  ## Check style and types, run all tests: ARGS="-k gate"
	@$(BIN)/pytest -n auto $(ARGS)

faults: setup  ## Hit the stream worker with every fault, a hundred thousand documents, two minutes of joining and leaving
	@TOWPATH_TEST_DOCUMENTS=100000 TOWPATH_TEST_CHURN_S=120 TOWPATH_TEST_EACH_DEATH=1 $(BIN)/pytest tests/faults $(ARGS)

images:  ## Build the services' images: BUILD="buildah build"
	@BUILD="$(BUILD)" scripts/images

e2e: setup  ## Build the images, install the chart on a real cluster, test it there: ARGS="-k scaling"
	@scripts/e2e $(ARGS)

lint: setup  ## ruff and mypy --strict
	@$(BIN)/ruff check --force-exclude $(CODE)
	@$(BIN)/ruff format --check --force-exclude $(CODE)
	@$(BIN)/mypy $(PACKAGES)

format: setup  ## Let ruff write the style
	@$(BIN)/ruff format --force-exclude $(CODE)
	@$(BIN)/ruff check --force-exclude --fix $(CODE)

BENCH ?= delivery hostile_bodies
bench: setup  ## Time what users feel beside peers, in pairs; 20 minutes, alone on the machine: BENCH=delivery ARGS=--quick
	@for each in $(BENCH); do PYTHONPATH=tests $(BIN)/python -m benchmarks.$$each $(ARGS) || exit 1; done

bench-monitoring: setup  ## Measure what monitoring promises, beside peers; an hour: ARGS="--semeval FOLDER --only streams"
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.monitoring $(ARGS)

lock:  ## Resolve the dependencies again into requirements/
	@scripts/lock

proto: setup  ## Generate the messages' code from proto/
	@PYTHON="$(CURDIR)/$(BIN)/python" scripts/proto

render: tools  ## Render the chart's examples into tests/charts/rendered, to be reviewed
	@scripts/render tests/charts/rendered

compile: setup  ## Compile the Kubeflow pipeline into its committed IR
	@$(BIN)/python -m towpath.pipelines.kfp.compile

k8s: setup  ## Write Strimzi's topics and users from proto/topics
	@for each in topics users; do $(BIN)/python -m towpath.core.strimzi $$each > k8s/strimzi/$$each.yaml; done

clean:  ## Remove the environment and what runs left here (not your .towpath)
	@rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
