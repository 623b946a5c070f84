#!/usr/bin/env bash
# Builds dist/buildos-box, the one executable, in an environment of its own: PyInstaller makes the
# program's folder, packaging/pack.py puts it behind the launcher. Beside it: the list of what is
# inside, buildos-box.cdx.json (CycloneDX), and SHA256SUMS.
# Hash seed, dates and order are fixed, for the same bytes from the same commit, Python, compiler and C
# library.
# It runs on machines of this kind of processor whose C library is as old as this one's or newer.
# usage: packaging/build.sh [FOLDER]     the folder that it goes to; dist if not said
# Needs Python 3.11 or newer, a C compiler, and liblzma with its header (Debian: gcc liblzma-dev).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-dist}
mkdir -p "$out"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C TZ=UTC
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
export SOURCE_DATE_EPOCH
# The modules are compressed once, by pack.py over all of them together, and not each before that: 23 MB
# instead of 32 without the extras, 27 with them.
export PYINSTALLER_ZLIB_COMPRESSION_LEVEL=0

"${CC:-cc}" -O2 -Wall -Wextra -Werror -s -Wl,--build-id=none \
    -o "$work/launcher" packaging/launcher.c -l:liblzma.a
python3 -m venv "$work/venv"
# Nothing but files whose hashes are known; then the program itself, built from what is there.
"$work/venv/bin/pip" install --quiet --require-hashes -r .ci/locked/packaging.txt
"$work/venv/bin/pip" install --quiet --require-hashes -r .ci/locked/build.txt
"$work/venv/bin/pip" install --quiet --no-build-isolation --no-deps --no-index .
"$work/venv/bin/pyinstaller" --log-level ERROR --noconfirm \
    --workpath "$work/build" --distpath "$work/dist" packaging/buildos-box.spec
"$work/venv/bin/python" packaging/pack.py "$work/launcher" "$work/dist/buildos-box" "$out/buildos-box"
"$work/venv/bin/python" packaging/sbom.py >"$out/buildos-box.cdx.json"
(cd "$out" && sha256sum buildos-box buildos-box.cdx.json >SHA256SUMS)
BUILDOS_BOX_CACHE=$work "$out/buildos-box" --version --json
