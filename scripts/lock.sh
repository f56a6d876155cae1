#!/usr/bin/env bash
# Lock the Python requirements: exact versions and hashes, and the name of no package index.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh lock
for input in requirements/*.in; do
  echo "Locking $input" >&2
  .cache/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
    --no-emit-find-links --no-emit-index-url --no-emit-trusted-host \
    --output-file "${input%.in}.txt" "$input"
done
