"""Packs the program's folder and the launcher into the one executable.

    python packaging/pack.py LAUNCHER FOLDER FILE

packaging/launcher.c says what the file holds. The same launcher and folder give the same bytes.
"""

import hashlib
import lzma
import sys
from pathlib import Path

MARK = b"BuildOSBox-pack1"
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 64 << 20}]


def packed(launcher: bytes, folder: Path) -> bytes:
    """The one executable."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines, parts = [], []
    for file in files:
        content = file.read_bytes()
        mode = 0o700 if file.stat().st_mode & 0o100 else 0o600
        lines.append(f"{mode:o} {len(content)} {file.relative_to(folder).as_posix()}\n")
        parts.append(content)
    index = "".join(lines).encode()
    content = lzma.compress(b"".join(parts), check=lzma.CHECK_CRC64, filters=FILTERS)
    key = hashlib.sha256(index + content).hexdigest()
    trailer = f"{key}{len(index):016x}{len(content):016x}".encode() + MARK
    return launcher + index + content + trailer


def main() -> None:
    """Write the file."""
    launcher, folder, target = map(Path, sys.argv[1:])
    target.write_bytes(packed(launcher.read_bytes(), folder))
    target.chmod(0o755)


if __name__ == "__main__":
    main()
