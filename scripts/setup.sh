#!/usr/bin/env bash
# Install locked requirements for Python 3.12: setup.sh rehearsal | dev (in .venv)
#   or awscli | checkov | lock (each in an environment of its own below .cache); several at once
# Or see that Terraform is here, and recent enough: setup.sh terraform
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# > 1)); then
  running=()
  for wanted in "$@"; do
    bash scripts/setup.sh "$wanted" &
    running+=($!)
  done
  for job in "${running[@]}"; do
    wait "$job"
  done
  exit 0
fi
wanted=$1

if [[ $wanted == terraform ]]; then
  IFS=. read -r major minor _ <.terraform-version
  here=$(terraform version 2>/dev/null | sed -n '1s/^Terraform v//p' || true)
  IFS=. read -r here_major here_minor _ <<<"${here:-0.0.0}"
  if ((here_major != major || here_minor < minor)); then
    echo "Terraform $major.$minor or a later $major.x is needed, and ${here:-none} is on PATH." >&2
    exit 1
  fi
  exit 0
fi

case $wanted in
  rehearsal | dev) home=.venv ;;
  *) home=.cache/$wanted ;;
esac
stamp=$home/.$wanted
requirements=requirements/$wanted.txt

if [[ -f $stamp && $stamp -nt $requirements ]]; then
  exit 0
fi

is_312() {
  "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null
}

find_312() {
  local candidate
  for candidate in python3.12 python3 python "$(pyenv root 2>/dev/null)"/versions/3.12*/bin/python \
    "$(uv python find 3.12 2>/dev/null)"; do
    if [[ -n $candidate ]] && is_312 "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "Python 3.12 is needed, the version the Lambda function runs on, and none was found." >&2
  echo "Install it, for example: pyenv install 3.12, brew install python@3.12, uv python install 3.12" >&2
  return 1
}

if ! is_312 "$home/bin/python"; then
  python=$(find_312)
  echo "Making $home with $("$python" --version)" >&2
  rm -rf "$home"
  if ! "$python" -m venv "$home"; then
    echo "$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3.12-venv" >&2
    exit 1
  fi
fi

echo "Installing $requirements (about a minute the first time)" >&2
"$home/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check \
  --require-hashes -r "$requirements" 2> >(grep -v 'is ignored: it is neither' >&2)
if [[ $home == .venv ]]; then
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  printf '%s\n' "$PWD" "$PWD/lambda/src" >"$site/project.pth"
  touch .venv/.rehearsal
fi
touch "$stamp"
