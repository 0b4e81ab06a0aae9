#!/usr/bin/env bash
# Install Debian packages that the tests use: `deploy/debian.sh PROGRAM=PACKAGE ...`.
# Does nothing where the programs are there. Only root may install; others are told the command, and
# the tests that need a program are skipped, or fail where EARSHOT_CI is set.
set -euo pipefail

missing=()
for pair in "$@"; do
  command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Some tests will be skipped. To run them too: sudo apt-get install ${missing[*]}"
  exit 0
fi
echo "Installing ${missing[*]} from Debian ..."
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install --no-install-recommends -y "${missing[@]}"; } >/tmp/earshot-apt.log 2>&1; then
  tail -3 /tmp/earshot-apt.log
  echo "Debian's packages could not be installed; the tests that need them are skipped, or fail in CI."
fi
