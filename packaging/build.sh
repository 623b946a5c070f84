#!/usr/bin/env bash
# Builds dist/buildos-box, the one executable (PyInstaller), in an environment of its own.
# It runs on machines of this kind of processor whose C library is as old as this one's or newer.
# usage: packaging/build.sh [FOLDER]     the folder that it goes to; dist if not said
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-dist}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet -c .ci/lock.txt '.[packaging]'
"$work/venv/bin/pyinstaller" --log-level WARN --noconfirm \
    --workpath "$work/build" --distpath "$out" packaging/buildos-box.spec
"$out/buildos-box" --version
