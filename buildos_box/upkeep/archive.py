"""The backup file: a gzipped tar of the database, its keys and a manifest.

Nothing in an archive is trusted: names come from a fixed list, only regular files are accepted, and
each member must have the size and hash of the manifest. However much the bytes expand to, no more
than that is kept in memory or on disk.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO, Self

import msgspec

from buildos_box.errors import BoxError
from buildos_box.untrusted_json import read_json

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "box.sqlite3"
KEY_NAME = re.compile(r"secret\.key|admin-token|vapid[A-Za-z0-9._-]{0,40}")
"""Files of the data folder that the database needs."""
MAX_MANIFEST = 1024 * 1024
MAX_KEY = 64 * 1024
MAX_EXTENSION = 64 * 1024
"""The size of an extended header, as files of more than 8 GiB have."""
CHUNK = 1024 * 1024
_SLACK = 256 * 1024
"""For what tar adds: its headers, and zeros up to the end of a record."""
_NOT_AN_ARCHIVE = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    UnicodeError,
    ValueError,
    RecursionError,
)


class BadBackup(BoxError):
    """The file is not a backup, or not a complete one."""

    code = "bad_backup"


class Member(msgspec.Struct, frozen=True):
    """One file of a backup, as it must be unpacked."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A backup's description of itself. `counts` is the number of rows of every table."""

    format: int
    made_at: str
    version: str
    schema: int
    counts: dict[str, int]
    members: list[Member]


def key_files(folder: Path) -> list[Path]:
    """The key files in a data folder."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if KEY_NAME.fullmatch(p.name) and p.is_file())


def fingerprint(key: bytes) -> str:
    """A short name for a key, which distinguishes keys and reveals nothing of them."""
    return hashlib.sha256(b"buildos-box fingerprint\0" + key).hexdigest()[:16]


class _Header(tarfile.TarInfo):
    """A tar header that refuses a member before its content is read into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        plain = header.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
        extension = header.type == tarfile.XHDTYPE and header.size <= MAX_EXTENSION
        if not plain and not extension:
            raise BadBackup(f"{header.name!r} in it is not a regular file")
        return header


class _Limited(io.RawIOBase):
    """A stream that is refused once it unpacks to more than the archive declares."""

    def __init__(self, plain: gzip.GzipFile) -> None:
        self._plain = plain
        self._left = MAX_MANIFEST + _SLACK

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes. Raises BadBackup."""
        content = self._plain.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise BadBackup("it unpacks to more than it declares")
        return content

    def declare(self, manifest: Manifest) -> None:
        """From now on so much more may come: the members, and a header for each."""
        headers = len(manifest.members) * (MAX_EXTENSION + 4 * tarfile.BLOCKSIZE)
        self._left += sum(member.size for member in manifest.members) + headers


def unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack into an empty folder and check everything. Raises BadBackup, OSError."""
    try:
        with gzip.open(archive) as plain:
            limited = _Limited(plain)
            with tarfile.open(fileobj=limited, mode="r|", tarinfo=_Header) as tar:
                manifest = _unpack(tar, limited, folder)
            _to_the_end(plain)
            return manifest
    except _NOT_AN_ARCHIVE as error:
        raise BadBackup(f"{archive} is not a complete backup: {error}") from None
    except BadBackup as error:
        raise BadBackup(f"{archive}: {error.message}") from None


def _to_the_end(plain: gzip.GzipFile) -> None:
    """Read to the end, where the checksum is; after the last member there are only a few zeros."""
    rest = plain.read(CHUNK)
    if rest.strip(b"\0") or plain.read(1):
        raise BadBackup("it has data after its end")


def _unpack(tar: tarfile.TarFile, limited: _Limited, folder: Path) -> Manifest:
    manifest: Manifest | None = None
    waited: dict[str, Member] = {}
    for entry in tar:
        if entry.issparse():
            raise BadBackup(f"{entry.name!r} in it is not a regular file")
        content = tar.extractfile(entry)
        assert content is not None
        if manifest is None:
            manifest = _manifest(entry, content)
            limited.declare(manifest)
            waited = {member.name: member for member in manifest.members}
            continue
        member = waited.pop(entry.name, None)
        if member is None or member.size != entry.size:
            raise BadBackup(f"{entry.name!r} in it does not match its manifest")
        _lay(content, folder / member.name, member)
    if manifest is None or waited:
        raise BadBackup(f"it lacks {', '.join(waited) or MANIFEST}")
    return manifest


def _manifest(entry: tarfile.TarInfo, content: IO[bytes]) -> Manifest:
    if entry.name != MANIFEST or entry.size > MAX_MANIFEST:
        raise BadBackup("it does not begin with its manifest")
    try:
        manifest: Manifest = read_json(content.read(), Manifest)
    except msgspec.DecodeError as error:
        raise BadBackup(f"its manifest cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise BadBackup(f"its format {manifest.format} is not one that this program knows")
    names = [member.name for member in manifest.members]
    for member in manifest.members:
        small = member.size <= MAX_KEY and KEY_NAME.fullmatch(member.name)
        if member.size < 0 or not (small or member.name == DATABASE):
            raise BadBackup(f"{member.name!r} does not belong in a backup")
    if names.count(DATABASE) != 1 or len(set(names)) != len(names):
        raise BadBackup("it must hold one database, and every file once")
    return manifest


def _lay(content: IO[bytes], path: Path, member: Member) -> None:
    free = shutil.disk_usage(path.parent).free
    if member.size > free:
        raise BadBackup(f"{member.name} needs {member.size} bytes of disk, {free} are free")
    digest, left = hashlib.sha256(), member.size
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        while left and (chunk := content.read(min(CHUNK, left))):
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if left or digest.hexdigest() != member.sha256:
        raise BadBackup(f"{member.name} in it is damaged")
