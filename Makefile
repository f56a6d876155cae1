# Given on the command line only: ENV and PORT mean other things in some shells.
ENV = dev
PORT = 4566
CLIENT =
MODEL =
MESSAGE =
ID =
Q =
GROUP =
ORIGIN =
HOURS = 24
REQUESTS_PER_DAY = 1000
ACCOUNT_EVENTS =
PEOPLE =
AWS =
FOLLOW =
JSON =
PROMPTS =
VERIFY =
TOOL = lines
FAIL_UNDER = 0
REDTEAM = --tool $(TOOL) --fail-under $(FAIL_UNDER) $(if $(PROMPTS),--prompts '$(PROMPTS)')
PYTHON := .venv/bin/python
# `make down` takes all rehearsals down unless ENV names one.
ONLY = $(if $(findstring command line,$(origin ENV)),--env $(ENV))
WHICH = $(if $(AWS),--env,--rehearsal) $(ENV)
LOGS = $(PYTHON) scripts/logs.py $(WHICH) --hours $(HOURS)

# Containers often set it, and then each of our many processes compiles what it imports again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down ask key logs trace query web smoke proofs evidence redteam redteam-aws test test-fast test-long lint fmt build plan diff cost apply smoke-aws proofs-aws preflight mutants load bench docs terraform-tool rehearsal-tools dev-tools lint-tools

help: # Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: terraform-tool rehearsal-tools ## Apply an environment to a local AWS and talk to it (ENV=dev PORT=4566 MODEL=)
	@$(PYTHON) scripts/rehearse.py up --env $(ENV) --port $(PORT) --model '$(MODEL)'

down: rehearsal-tools ## Stop the local AWS and remove all that it left
	@$(PYTHON) scripts/rehearse.py down $(ONLY)

# Handed over by the environment, so that a message may hold any character.
ask: export QUESTION = $(value MESSAGE)
ask: rehearsal-tools ## Ask a rehearsal a question (MESSAGE='…' CLIENT=web ENV=dev)
	@$(PYTHON) scripts/rehearse.py ask --env $(ENV) --client '$(CLIENT)' -- "$$QUESTION"

key: rehearsal-tools # Print the API key of a client, and nothing else (CLIENT=web ENV=dev; AWS=1)
	@$(PYTHON) scripts/key.py $(WHICH) --client '$(CLIENT)'

logs: rehearsal-tools ## Show the newest events of each log (GROUP=api ID= FOLLOW=1 JSON=1; AWS=1 for AWS)
	@$(LOGS) show --log '$(GROUP)' --id '$(ID)' $(if $(FOLLOW),--follow) $(if $(JSON),--json)

trace: rehearsal-tools ## Show one request's way through the layers (ID=request_id; AWS=1)
	@$(LOGS) trace -- '$(ID)'

query: export QUERY = $(value Q)
query: rehearsal-tools ## Run a Logs Insights query (Q='stats count(*) by status' GROUP=api; AWS=1)
	@$(LOGS) query --log '$(GROUP)' -- "$$QUERY"

web: rehearsal-tools ## Serve the chat page at the allowed origin (ENV=dev ORIGIN=; AWS=1)
	@$(PYTHON) scripts/web.py $(WHICH) $(if $(ORIGIN),--origin '$(ORIGIN)')

smoke: rehearsal-tools ## Ask a rehearsal what each layer promises (ENV=dev)
	@$(PYTHON) scripts/smoke_test.py --rehearsal $(ENV)

proofs: rehearsal-tools ## Ask a rehearsal every proof, and read in its logs who stopped what (ENV=dev)
	@$(PYTHON) scripts/smoke_test.py --full --rehearsal $(ENV)

evidence: rehearsal-tools ## Ask every proof and keep what an auditor needs (AWS=1; VERIFY=folder)
	@$(PYTHON) scripts/evidence.py $(if $(VERIFY),--verify '$(VERIFY)',$(WHICH))

redteam: rehearsal-tools ## Let a red-team tool attack a rehearsal (TOOL=lines|promptfoo|garak PROMPTS= FAIL_UNDER=; redteam-aws)
	@$(PYTHON) scripts/redteam.py --rehearsal $(ENV) $(REDTEAM)

test: lint ## Run every check: lint, unit, module and emulator tests, a full rehearsal
	@$(PYTHON) -m pytest -n auto --no-loadscope-reorder

test-fast: terraform-tool dev-tools ## Check what changed: quick lint, unit and emulator tests
	@.venv/bin/pre-commit run --files $$(git diff --name-only HEAD --diff-filter=d; git ls-files --others --exclude-standard)
	@$(PYTHON) -m pytest -q -n auto --no-loadscope-reorder tests/unit tests/emulator

test-long: terraform-tool dev-tools ## Rehearse what takes long: interrupts, regions, life cycle, hand-over (30 minutes)
	@$(PYTHON) -m pytest -m long

lint: terraform-tool lint-tools ## Ruff, mypy, Terraform fmt and validate, checkov, shellcheck, actionlint, zizmor
	@.venv/bin/pre-commit run --all-files --hook-stage manual

fmt: dev-tools ## Format Python and Terraform
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --quiet --fix . ; terraform fmt -recursive

build: rehearsal-tools # Build the Lambda package (build/chatbot.zip)
	@$(PYTHON) scripts/build_lambda.py

plan: terraform-tool build ## Plan an environment against its AWS account and keep the plan (ENV=dev)
	@$(PYTHON) scripts/terraform.py plan --env $(ENV)

diff: terraform-tool ## Print what the kept plan makes weaker; exit with 1 if it does (ENV=dev)
	@$(PYTHON) scripts/diff.py --env $(ENV)

cost: terraform-tool build # Price what an environment would make, without an account (ENV=dev REQUESTS_PER_DAY=1000 ACCOUNT_EVENTS= PEOPLE=)
	@$(PYTHON) scripts/cost.py --env $(ENV) --requests-per-day '$(REQUESTS_PER_DAY)' $(if $(ACCOUNT_EVENTS),--account-events '$(ACCOUNT_EVENTS)') $(if $(PEOPLE),--people '$(PEOPLE)')

apply: terraform-tool rehearsal-tools ## Apply the kept plan (ENV=dev)
	@$(PYTHON) scripts/terraform.py apply --env $(ENV)

smoke-aws: rehearsal-tools ## Ask an applied environment what each layer promises (ENV=dev)
	@$(PYTHON) scripts/smoke_test.py --env $(ENV)

proofs-aws: rehearsal-tools ## Ask an applied environment every proof that AWS can be asked (ENV=dev, 20 minutes)
	@$(PYTHON) scripts/smoke_test.py --full --env $(ENV)

redteam-aws: rehearsal-tools # Let a red-team tool attack an applied environment (as redteam)
	@$(PYTHON) scripts/redteam.py --env $(ENV) $(REDTEAM)

preflight: terraform-tool build ## Look at an account, read-only, before the first apply (ENV=dev)
	@$(PYTHON) scripts/account_check.py --env $(ENV)

mutants: terraform-tool dev-tools ## Change the code in small ways, and see a test notice (25 minutes; ALL=1 SEED=)
	@$(PYTHON) scripts/mutants.py $(if $(ALL),--all) $(if $(SEED),--seed '$(SEED)')

load: terraform-tool rehearsal-tools # Load a rehearsal of its own with 16 clients for a minute, and measure it (ENV=dev)
	@$(PYTHON) benchmarks/rehearsal.py --env $(ENV)

bench: rehearsal-tools # Measure what sign-in, a budget and a conversation each cost a request (2 minutes)
	@$(PYTHON) -m benchmarks.options

docs: dev-tools ## Bring the generated pages and tables up to date
	@$(PYTHON) scripts/docs.py

# First of all that a target needs: what is missing is reported before anything takes minutes.
terraform-tool:
	@bash scripts/setup.sh terraform

rehearsal-tools:
	@bash scripts/setup.sh rehearsal

dev-tools:
	@bash scripts/setup.sh dev

lint-tools:
	@bash scripts/setup.sh dev checkov
