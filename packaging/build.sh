#!/usr/bin/env bash
# Builds dist/buildos-box, the one executable (PyInstaller), in an environment of its own, and beside
# it the list of what is inside, buildos-box.cdx.json (CycloneDX).
# It runs on machines of this kind of processor whose C library is as old as this one's or newer.
# usage: packaging/build.sh [FOLDER]     the folder that it goes to; dist if not said
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-dist}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
# Nothing but files whose hashes are known; then the program itself, built from what is there.
"$work/venv/bin/pip" install --quiet --require-hashes -r .ci/locked/packaging.txt
"$work/venv/bin/pip" install --quiet --require-hashes -r .ci/locked/build.txt
"$work/venv/bin/pip" install --quiet --no-build-isolation --no-deps --no-index .
"$work/venv/bin/pyinstaller" --log-level WARN --noconfirm \
    --workpath "$work/build" --distpath "$out" packaging/buildos-box.spec
"$work/venv/bin/python" packaging/sbom.py >"$out/buildos-box.cdx.json"
"$out/buildos-box" --version
