# One-word targets. make demo|run|venue|bench|soak|test take arguments: make demo ARGS="--port 8081 --speed 600"
.DEFAULT_GOAL := demo
.PHONY: demo run venue test check fmt bench soak results lock docs clean

PYTHON_ENV := .venv/bin/python
UV ?= uv
ARGS ?=
# Without byte code every start of a process would compile some thousand modules again.
unexport PYTHONDONTWRITEBYTECODE

demo run venue:
	@.ci/venv runtime
	@$(PYTHON_ENV) -m bot $@ $(ARGS)

# The core's own tests must cover it whole; measuring that costs the others half their speed.
# The others mostly wait, for a chat that takes a message a second for instance: four at once keep two cores busy.
CORE_TESTS := tests/unit/core tests/unit/strategies tests/unit/test_codec.py tests/properties/test_codec.py tests/properties/test_quiet.py

test: check
	rm -f .coverage .coverage.*
	$(PYTHON_ENV) -m pytest -n 2 --cov --cov-report= $(CORE_TESTS)
	$(PYTHON_ENV) -m coverage report --fail-under=100
	$(PYTHON_ENV) -m pytest -n 4 --dist loadfile $(addprefix --ignore=,$(CORE_TESTS)) $(ARGS)

check:
	@.ci/venv dev
	$(PYTHON_ENV) -m ruff check .
	$(PYTHON_ENV) -m ruff format --check .
	$(PYTHON_ENV) -m mypy
	.venv/bin/lint-imports

fmt:
	@.ci/venv dev
	$(PYTHON_ENV) -m ruff check --fix .
	$(PYTHON_ENV) -m ruff format .

bench:
	@.ci/venv dev
	$(PYTHON_ENV) -m tests.benchmarks $(ARGS)

soak:
	@.ci/venv dev
	HYPOTHESIS_PROFILE=soak SIM_SEEDS=20000 $(PYTHON_ENV) -m pytest -n 2 --dist loadfile --timeout 7200 tests/properties tests/scenarios tests/simulation $(ARGS)

results:
	@.ci/venv dev
	$(PYTHON_ENV) -m tests.benchmarks.results $(ARGS)

docs:
	@.ci/venv runtime
	$(PYTHON_ENV) -m config
	$(PYTHON_ENV) -m engine.strategy_reference
	$(PYTHON_ENV) -m tests.failures

lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or name it with UV=/path/to/uv" >&2; exit 1; }
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --python-version 3.12 --generate-hashes \
		--no-emit-index-url --no-annotate pyproject.toml -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --python-version 3.12 --generate-hashes \
		--no-emit-index-url --no-annotate --extra postgres -c requirements.lock pyproject.toml -o requirements-postgres.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --python-version 3.12 --generate-hashes \
		--no-emit-index-url --no-annotate --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv build dist *.egg-info .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
