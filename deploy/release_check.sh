#!/bin/sh
# The wheel as its user gets it: installed by the hashed lock into a clean environment outside the checkout, which then runs
# the demo. Run it after `make wheel`; pip takes what it has in its cache.
set -eu
cd "$(dirname "$0")/.."

wheel=$(ls "$(pwd -P)"/dist/countersign-*.whl)
case $wheel in *'
'*) echo "release-check: dist/ holds several wheels; remove the old ones: $wheel" >&2; exit 1 ;; esac
lock="$(pwd -P)/requirements.lock"
base=$(.venv/bin/python -c 'import sys; print(sys._base_executable)')

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM
chmod 711 "$place" # the servers' own users pass through
cd "$place"
"$base" -m venv venv
pip='venv/bin/python -m pip --quiet --disable-pip-version-check --no-input'
$pip install --require-hashes -r "$lock"
$pip install --no-deps --no-index "$wheel"
venv/bin/python -P -c "
import daemon, handlers, mockbank, sandbox, schema, sys
strangers = [m.__file__ for m in (daemon, handlers, mockbank, sandbox, schema) if not m.__file__.startswith(sys.prefix)]
sys.exit(f'release-check: not from the wheel: {strangers}' if strangers else 0)"
mkdir run
cd run
env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$place" LC_ALL=C.UTF-8 ../venv/bin/python -P -m sandbox demo --no-stay </dev/null
