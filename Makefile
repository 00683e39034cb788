# make demo    the life of one service, from the order to the end. DIALECT names the product: make demo DIALECT=owncloud
# make stack   a bridge between the stand-ins, with services sold, to try the commands on; until Ctrl-C
# make test    the tests, three files at a time (TESTS_AT_ONCE)
# make roles   the tests that play a role from its first run to its last, which make test leaves out: ten minutes
# make lint    ruff, mypy, import-linter, ansible-lint, antsibull-changelog, antsibull-docs
# make cores   the collection, built and installed, with every supported ansible-core: ansible-test sanity, and its examples.
#              CORES names some of them: make cores CORES="2.17 2.19"
# make molecule    the roles' Molecule scenarios, away from this machine: check, converge, idempotence, verify.
#              ROLES names some of them: make molecule ROLES=cloud_for_sale. For nextcloud_server, on a Debian system made by
#              debootstrap, NEXTCLOUD_ARCHIVE names the release that is set up; without, it is a minimal one.
# make bench   what the bridge takes on this machine: a table, and build/bench.json. About two hours; OPERATIONS=1000 is
#              quicker. SUBJECTS and ENGINES name some: make bench SUBJECTS="intake executable" ENGINES=sqlite
#              SUBJECTS=way takes a real Nextcloud as make demo does, and PEER another module beside it, as does SUBJECTS=mixed: the
#              directory of ISPsystem's processing/bill-nextcloud, or a command.
# make docs    the collection's documentation as pages: build/docs/html/index.html
# make bundle  all that an installation without internet needs, for the version of PYTHON: build/bill-nextcloud-….tar.gz
# make install     the bridge on this BILLmanager host (root); in an unpacked bundle, too. ARGUMENTS go to ansible-playbook:
#              make install ARGUMENTS="--check --diff" (see playbooks/bridge.yml)
# make uninstall   takes it away; settings and records stay
#
# Everything is installed into .venv of this directory. PYTHON names another interpreter (3.11 or newer).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make … PYTHON=…")'
TESTS_AT_ONCE ?= 3
COLLECTION := collections/ansible_collections/bill/nextcloud
# What other work has installed into ~/.ansible would come before what is here.
WITH_PATH = PATH="$(CURDIR)/$(BIN):$$PATH" ANSIBLE_HOME="$(CURDIR)/build/ansible" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/collections"

# Handed on by the environment, never as arguments.
export CLOUD_URL CLOUD_USER CLOUD_PASSWORD CLOUD_CA_FILE DIALECT PEER NEXTCLOUD_ARCHIVE

.PHONY: demo stack test roles lint cores molecule bench docs bundle install uninstall format clean

$(VENV)/installed: pyproject.toml constraints.txt
	@$(NEW_ENOUGH)
	@$(PYTHON) -c 'import sqlite3, sys; sys.exit(sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42) and "This Python needs SQLite 3.42 or newer; Python 3.11 does with less: make PYTHON=…")'
	@echo "Installing the Python packages into $(VENV) …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/python tests/acceptance/demo.py

stack: $(VENV)/installed
	@$(BIN)/python tests/acceptance/stack.py

test: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses $(TESTS_AT_ONCE) --dist loadfile --no-loadscope-reorder -m "not whole_role"

roles: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m whole_role tests/collection tests/roles

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(WITH_PATH) ansible-lint --offline
	cd $(COLLECTION) && $(WITH_PATH) antsibull-changelog lint
	$(WITH_PATH) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self \
		--disallow-unknown-collection-refs --check-extra-docs-refs $(COLLECTION)

cores: $(VENV)/installed
	@$(BIN)/python tests/collection/cores.py $(CORES)

molecule: $(VENV)/installed
	@$(BIN)/python tests/collection/molecule.py $(ROLES)

bench: $(VENV)/installed
	@$(BIN)/python tests/bench/run.py $(if $(OPERATIONS),--operations $(OPERATIONS)) $(if $(SUBJECTS),--subjects $(SUBJECTS)) \
		$(if $(ENGINES),--engines $(ENGINES))

docs: $(VENV)/installed
	rm -rf build/docs && mkdir -p build/docs/rst
	$(WITH_PATH) antsibull-docs collection --use-current --squash-hierarchy --fail-on-error \
		--dest-dir build/docs/rst bill.nextcloud
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html -c docs/site build/docs/rst build/docs/html

bundle:
	@$(NEW_ENOUGH)
	@echo "Collecting the wheels …"
	@$(PYTHON) bridge/bundle.py build build

# PYTHON is for the bridge when it was given; else install.sh finds one.
install:
ifneq ($(wildcard bundle.json),)
	@$(if $(filter file,$(origin PYTHON)),,PYTHON='$(PYTHON)') sh bridge/install.sh $(ARGUMENTS)
else
	@$(NEW_ENOUGH)
	@echo "Collecting the wheels …"
	@rm -rf build/install && mkdir -p build/install/bundle
	@tar -xzf "$$($(PYTHON) bridge/bundle.py build build/install)" --strip-components=1 -C build/install/bundle
	@PYTHON='$(PYTHON)' sh build/install/bundle/bridge/install.sh $(ARGUMENTS)
endif

uninstall:
	@test -e /opt/bill-nextcloud/bridge/install.sh || { echo "Nothing is installed in /opt/bill-nextcloud" >&2; exit 1; }
	@sh /opt/bill-nextcloud/bridge/install.sh --tags uninstall $(ARGUMENTS)

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
