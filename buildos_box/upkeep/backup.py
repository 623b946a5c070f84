"""Making, checking and deleting backups (docs/spec.md#backup)."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from buildos_box.clock import Clock, Instant, to_text
from buildos_box.db import Holder
from buildos_box.db.file_identity import FileIdentity
from buildos_box.db.schema import foreign_objects
from buildos_box.db.snapshot import (
    Inspection,
    Progress,
    copy_database,
    inspect,
    sync_file,
    table_names,
)
from buildos_box.errors import BoxError, Conflict
from buildos_box.plural import plural
from buildos_box.upkeep import archive
from buildos_box.upkeep.archive import BadBackup, Manifest, Member
from buildos_box.upkeep.packing import pack
from buildos_box.version import VERSION

PREFIX, SUFFIX = "box-", ".backup.tar.gz"
_PARTIAL = ".box-backup-"
_LOCK = "backup.lock"
_MOST = 2**63 - 1
"""As many rows or bytes as SQLite can count."""


class Copy(Protocol):
    """Copies the database into a file, which need not be synced to disk."""

    def __call__(self, target: Path, progress: Progress | None = None) -> None:
        """Raises OSError, sqlite3.Error."""


class DamagedSource(BoxError):
    """The database is damaged; a backup of it would displace good ones."""

    code = "damaged"


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    path: Path
    bytes: int
    manifest: Manifest


def name_for(now: Instant) -> str:
    """The name of a backup made at that time; names sort by time."""
    return f"{PREFIX}{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z{SUFFIX}"


def make_backup(
    data: Path,
    target: Path,
    clock: Clock,
    *,
    progress: Progress | None = None,
    copy: Copy | None = None,
) -> Made:
    """Back up a data folder into the file `target`, or into a new file in the folder `target`.

    The server may run meanwhile. `copy` is the running server's own: it has its database open even
    if that is no longer in the folder. The file gets its name only when it is complete. Raises
    Conflict if a backup is being made or the file exists, DamagedSource, FileNotFoundError,
    OSError.
    """
    now = clock.now()
    database = data / archive.DATABASE
    if copy is None:
        if not database.is_file():
            raise FileNotFoundError(f"there is no database in {data}")
        _refuse_other_file(data)
        copy = partial(copy_database, database, sync=False)
    if target.is_dir() or target.suffix == "":
        target = target / name_for(now)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if target.exists():
        raise Conflict(f"{target} exists already", code="exists")
    with _only_one(data if data.is_dir() else target.parent):
        for unfinished in target.parent.glob(f"{_PARTIAL}*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=target.parent) as folder:
            made = _make(data, Path(folder), target, now, partial(copy, progress=progress))
    return made


def _refuse_other_file(data: Path) -> None:
    """Refuse if the folder's database is not the one that the serving process has open."""
    holder = Holder.of(data)
    if holder is None or holder.file is None:
        return
    if FileIdentity.of(data / archive.DATABASE) != holder.file:
        raise Conflict(
            f"process {holder.process} serves {data} with another file than the one that is there "
            "now; save what it has open with `buildos-box backup --from-server`",
            code="database_gone",
        )


def _make(
    data: Path, folder: Path, target: Path, now: Instant, copy: Callable[[Path], None]
) -> Made:
    database = data / archive.DATABASE
    _require_room(database, folder)
    copied, whole = folder / archive.DATABASE, folder / "whole"
    copy(copied)
    files = {archive.DATABASE: copied, **{path.name: path for path in archive.key_files(data)}}

    def manifest_of(found: Inspection, members: list[Member]) -> Manifest:
        return Manifest(
            format=archive.FORMAT,
            made_at=to_text(now),
            version=VERSION,
            schema=found.schema,
            counts=found.counts,
            members=members,
        )

    # It is checked while it is packed, since each keeps one processor busy.
    with ThreadPoolExecutor(1, "backup-check") as beside:
        checking = beside.submit(inspect, copied)

        def describe(members: list[Member]) -> Manifest:
            found = checking.result()
            if found.faults:
                fault = f"{database} is damaged: {found.faults[0]}"
                raise DamagedSource(f"{fault}; nothing was backed up")
            return manifest_of(found, members)

        longest = Inspection([], _MOST, dict.fromkeys(table_names(copied), _MOST))
        members = [Member(name, _MOST, "0" * 64) for name in files]
        manifest = pack(whole, files, manifest_of(longest, members), describe)
    size = whole.stat().st_size
    # A link, unlike a rename, never replaces a file that was created meanwhile.
    os.link(whole, target)
    sync_file(target.parent)
    return Made(target, size, manifest)


def _require_room(database: Path, partial: Path) -> None:
    """The copy and the archive exist side by side for a while."""
    wanted = sum(
        path.stat().st_size
        for path in (database, database.with_name(database.name + "-wal"))
        if path.exists()
    )
    free = shutil.disk_usage(partial).free
    if free < 2 * wanted:
        raise OSError(f"a backup needs about {2 * wanted} bytes in {partial.parent}, {free} free")


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Allow one backup at a time; the kernel releases the lock when the process ends."""
    fd = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("another backup is being made", code="already_running") from None
        yield
    finally:
        os.close(fd)


def backups_in(folder: Path) -> list[Path]:
    """The backups in a folder, newest first."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), reverse=True)


def forget_old(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups; returns the deleted ones."""
    gone = backups_in(folder)[keep:]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


class Verification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The content of a backup; it is reliable if `faults` is empty."""

    path: str
    ok: bool
    made_at: str | None
    version: str | None
    schema: int
    counts: dict[str, int]
    keys: dict[str, str]
    """Fingerprints, by file."""
    faults: list[str]


def verify(path: Path, staging: Path) -> Verification:
    """Unpack a backup into an empty folder and check everything. Raises BadBackup, OSError."""
    manifest = open_backup(path, staging)
    database = staging / archive.DATABASE
    if foreign := foreign_objects(database):
        # Before anything else is read: a view runs what it says when it is counted.
        raise BadBackup(f"{path}: no version of this program made its {', '.join(foreign[:5])}")
    found = inspect(database)
    faults = list(found.faults)
    if manifest is not None:
        if found.schema != manifest.schema:
            faults.append(f"its schema is {found.schema}, not {manifest.schema} as it says")
        faults += [
            f"{name} has {plural(found.counts.get(name, 0), 'row')}, not {count} as it says"
            for name, count in manifest.counts.items()
            if found.counts.get(name) != count
        ]
    keys = {p.name: archive.fingerprint(p.read_bytes()) for p in archive.key_files(staging)}
    return Verification(
        path=str(path),
        ok=not faults,
        made_at=manifest.made_at if manifest else None,
        version=manifest.version if manifest else None,
        schema=found.schema,
        counts=found.counts,
        keys=keys,
        faults=faults,
    )


def open_backup(path: Path, staging: Path) -> Manifest | None:
    """Unpack a backup into an empty folder; None for a bare database, which has no manifest.

    Raises BadBackup, OSError.
    """
    with path.open("rb") as file:
        bare = file.read(16) == b"SQLite format 3\0"
    if not bare:
        return archive.unpack(path, staging)
    copy_database(path, staging / archive.DATABASE)
    (staging / archive.DATABASE).chmod(0o600)
    return None
