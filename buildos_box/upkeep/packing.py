"""Writing the backup file that `archive` describes."""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from buildos_box.upkeep.archive import CHUNK, MANIFEST, Manifest, Member

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PACKING = 2
"""How many chunks are packed at a time."""
_GZIP = 31
"""As zlib calls the format of a gzip stream with the largest window."""
Describe = Callable[[list[Member]], Manifest]
"""Makes the manifest, once every file was read."""


def pack(
    target: Path, files: Mapping[str, Path], longest: Manifest, describe: Describe
) -> Manifest:
    """Write the archive, readable by its owner only, synced to disk; returns its manifest.

    Each file is read once, to be hashed and packed. The manifest stands before them and is known
    after them: room is left for `longest`, which must be no shorter. Raises OSError, and what
    `describe` raises.
    """
    size = len(_json(longest))
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as raw:
        raw.seek(len(_packed_manifest(longest, size)))
        members = _pack_members(raw, files)
        manifest = describe(members)
        raw.seek(0)
        raw.write(_packed_manifest(manifest, size))
        raw.flush()
        os.fsync(raw.fileno())
    return manifest


def _json(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest))


def _packed_manifest(manifest: Manifest, size: int) -> bytes:
    """Filled up with spaces and not compressed, so that its length depends on `size` alone."""
    content = _json(manifest).ljust(size)
    if len(content) > size:
        raise ValueError(f"the manifest is longer than the {size} bytes left for it")
    header = _entry(MANIFEST, size).tobuf()
    return gzip.compress(header + content + b"\0" * (-size % tarfile.BLOCKSIZE), 0)


def _pack_members(raw: IO[bytes], files: Mapping[str, Path]) -> list[Member]:
    """Write what comes after the manifest: more gzip streams, with which the first one's tar goes
    on.
    """
    members = []
    with (
        closing(_Packed(raw)) as packed,
        tarfile.TarFile(fileobj=packed, mode="w", copybufsize=CHUNK) as tar,
    ):
        for name, path in files.items():
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                hashed = _Hashed(file)
                tar.addfile(_entry(name, size), hashed)
            members.append(Member(name, size, hashed.digest.hexdigest()))
    return members


class _Packed(io.RawIOBase):
    """Packs what is written, by chunks on two threads: to pack takes longer than all else.

    Each chunk is a gzip stream of its own; whoever unpacks them joins them.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._gathered = bytearray()
        self._written = 0
        self._threads = ThreadPoolExecutor(_PACKING, "backup-pack")
        self._packing: deque[Future[bytes]] = deque()

    def tell(self) -> int:
        """How much was written."""
        return self._written

    def write(self, content: "ReadableBuffer") -> int:
        """Take it all. Raises OSError."""
        size = memoryview(content).nbytes
        self._gathered += content
        self._written += size
        while len(self._gathered) >= CHUNK:
            self._pack(bytes(self._gathered[:CHUNK]))
            del self._gathered[:CHUNK]
        return size

    def _pack(self, chunk: bytes) -> None:
        self._packing.append(self._threads.submit(zlib.compress, chunk, 1, _GZIP))
        if len(self._packing) > 2 * _PACKING:
            self._raw.write(self._packing.popleft().result())

    def close(self) -> None:
        """Write what is left. Raises OSError."""
        try:
            if self._gathered and not self.closed:
                self._pack(bytes(self._gathered))
                self._gathered.clear()
            while self._packing:
                self._raw.write(self._packing.popleft().result())
        finally:
            self._threads.shutdown()
            super().close()


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        content = self._file.read(size)
        self.digest.update(content)
        return content


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry
