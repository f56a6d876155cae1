#!/usr/bin/env bash
# Lock the Python requirements: exact versions and hashes, and the name of no package index.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.cache/lock-tools
[[ -x $tools/bin/pip-compile ]] || {
  .venv/bin/python -m venv "$tools"
  "$tools/bin/python" -m pip install --quiet pip-tools
}
for input in requirements/rehearsal.in requirements/dev.in requirements/awscli.in; do
  echo "Locking $input" >&2
  "$tools/bin/pip-compile" --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
    --no-emit-find-links --no-emit-index-url --no-emit-trusted-host \
    --output-file "${input%.in}.txt" "$input"
done
