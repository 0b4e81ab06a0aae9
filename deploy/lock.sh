#!/usr/bin/env bash
# Write the lock files from pyproject.toml: each for one extra, and each a part of the next.
set -euo pipefail
cd "$(dirname "$0")/.."

before=
for pair in worker=requirements.lock local=requirements-local.lock dev=requirements-dev.lock; do
  out=${pair#*=}
  echo "Resolving $out ..."
  .venv/bin/pip-compile --quiet --upgrade --strip-extras --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --unsafe-package earshot \
    ${before:+--constraint "$before"} --extra "${pair%%=*}" --output-file "$out" pyproject.toml 2>/dev/null
  # pip-compile warns that earshot itself has no hash; it is installed from this folder.
  sed -i '/^# WARNING/,$d' "$out"
  sed -i '1i # Made by `make lock` from pyproject.toml; every file carries its hash. Do not edit.' "$out"
  before=$out
done
