#!/usr/bin/env bash
# Look up known vulnerabilities of everything that is locked (pip-audit, from PyPI's advisories).
set -euo pipefail
cd "$(dirname "$0")/.."
for locked in requirements/*.txt; do
  answer=$(.venv/bin/pip-audit --disable-pip --require-hashes --requirement "$locked" 2>&1) || true
  if grep -q '^Found [0-9]* known vulnerabilit' <<<"$answer"; then
    echo "$answer" >&2
    exit 1
  elif ! grep -q '^No known vulnerabilities found' <<<"$answer" ||
    grep -q 'could not be audited' <<<"$answer"; then
    echo "$locked and those after it are not audited: PyPI's advisories cannot be read from here."
    break
  fi
done
