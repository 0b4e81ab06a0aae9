#!/usr/bin/env bash
# Make .venv what a lock file says: `deploy/setup.sh local` (the demo) or `dev` (tests and linters).
# Does nothing, and needs no network, when .venv is up to date. Used by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."

extra=$1
needed_mb=4000
case $extra in
  local) lock=requirements-local.lock ;;
  dev) lock=requirements-dev.lock ;;
  *) echo "deploy/setup.sh: say local or dev." >&2; exit 2 ;;
esac

fail() {
  echo "earshot: $1" >&2
  exit 4
}

# The dev environment holds all the local one needs.
state() { cat "$1" pyproject.toml | sha256sum | cut -d' ' -f1; }
for stamp in ".venv/.earshot-$extra" .venv/.earshot-dev; do
  wanted=$lock
  [ "$stamp" = .venv/.earshot-dev ] && wanted=requirements-dev.lock
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(state "$wanted")" ]; then exit 0; fi
done

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "There is no $python. Install Python 3.11 or newer: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$python is $("$python" -V 2>&1 | cut -d' ' -f2). Install Python 3.11 or newer, or say PYTHON=/path/to/python3.11."
free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge "$needed_mb" ] || fail "Only $free_mb MB are free here, and the Python packages need $needed_mb. Make room."

if [ ! -x .venv/bin/python ]; then
  echo "Creating a virtual environment in .venv ..."
  "$python" -m venv .venv 2>/dev/null || fail "Cannot create .venv. Install venv: apt-get install python3-venv"
fi
echo "Installing the packages of $lock into .venv (a minute or two, once) ..."
pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --require-hashes --only-binary :all: -r "$lock" ||
  fail "Some packages could not be installed. Check the network, then run the same command again."
# Its chatter about editable installs is of no use; its errors are.
said=$("${pip[@]}" install --no-deps --editable . 2>&1) || {
  echo "$said" >&2
  fail "Earshot itself could not be installed into .venv. The lines above say why."
}
rm -f .venv/.earshot-*
state "$lock" >".venv/.earshot-$extra"
