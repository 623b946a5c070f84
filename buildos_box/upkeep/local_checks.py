"""The checks of `doctor` on this machine: folder, disk, clock, database, backups."""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from buildos_box.clock import Instant, from_text, is_zone
from buildos_box.db import Holder
from buildos_box.db.file_identity import FileIdentity
from buildos_box.db.migrate import known_migrations
from buildos_box.db.mounts import FROM_HOST, MOUNTS, file_system, is_network
from buildos_box.db.schema import differences
from buildos_box.db.snapshot import inspect, newest_moment
from buildos_box.jobs.job_query_store import MOMENTS
from buildos_box.plural import plural
from buildos_box.settings import Settings
from buildos_box.upkeep.archive import DATABASE, key_files
from buildos_box.upkeep.backup import backups_in
from buildos_box.upkeep.backup_age import OLDEST_BACKUP
from buildos_box.upkeep.cron import backup_folder
from buildos_box.upkeep.findings import Finding, fault, note, ok, warning
from buildos_box.version import VERSION

LEAST_FREE = 100 * 1024 * 1024
LITTLE_FREE = 1024 * 1024 * 1024
WAL_RESET_FIXED = (3, 51, 3)
SLACK = timedelta(minutes=5)


def program() -> Iterator[Finding]:
    """Versions and time zone data."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield ok("program", f"BuildOS Box {VERSION}, Python {python}")
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < WAL_RESET_FIXED:
        yield note(
            "sqlite",
            f"SQLite {version} can damage a log that several connections write (before 3.51.3); "
            "this program writes through one only",
            "let no other program write to the database file",
        )
    else:
        yield ok("sqlite", f"SQLite {version}")
    if is_zone("Europe/Berlin"):
        yield ok("zones", "time zones are known")
    else:
        yield fault("zones", "no time zones are known", "pip install tzdata")


def folder(settings: Settings, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """The data folder: present, owned, private, on a local disk with space."""
    data = Path(settings.data.dir).absolute()
    name = "data folder"
    if not data.exists():
        yield note(name, f"{data} is not there yet", "the first `buildos-box serve` makes it")
        parent = next(path for path in data.parents if path.exists())
        if not os.access(parent, os.W_OK | os.X_OK):
            yield fault(name, f"{parent} cannot be written", f"chown $(id -u) {parent}")
        yield from _local(data, mounts)
        return
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield fault(
            name, f"{data} cannot be read and written by user {os.getuid()}",
            f"chown -R {os.getuid()} {data}",
        )  # fmt: skip
        return
    yield ok(name, str(data))
    yield from _private(data)
    yield from _local(data, mounts)
    yield _room(data)


def _local(data: Path, mounts: Path) -> Iterator[Finding]:
    system = file_system(data, mounts)
    if is_network(system):
        yield fault(
            "file system", f"{data} lies on {system}: SQLite's locks do not hold over a network",
            "move the folder to a disk of this machine and set data.dir to it",
        )  # fmt: skip
    elif system in FROM_HOST:
        yield warning(
            "file system", f"{data} lies on {system}, lent by the machine below this one",
            "use a disk of this machine (in Docker, a named volume) unless you know its locks hold",
        )  # fmt: skip


def _private(data: Path) -> Iterator[Finding]:
    shared = stat.S_IRWXG | stat.S_IRWXO
    open_keys = [path for path in key_files(data) if path.stat().st_mode & shared]
    if open_keys:
        names = " ".join(str(path) for path in open_keys)
        yield fault("keys", f"others can read {names}", f"chmod 600 {names}")
    elif data.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        yield warning(
            "permissions", f"others can look into {data}, where users' data is",
            f"chmod 700 {data}",
        )  # fmt: skip
    else:
        yield ok("permissions", "the folder and its keys are readable by the owner only")


def _room(data: Path) -> Finding:
    free = shutil.disk_usage(data).free
    said = f"{free / 1024**3:.1f} GB free"
    if free < LEAST_FREE:
        return fault(
            "disk", said, f"make room on the disk of {data}: the server reports itself unhealthy"
        )
    if free < LITTLE_FREE:
        return warning("disk", said, f"make room on the disk of {data}; old backups, perhaps")
    return ok("disk", said)


def running(settings: Settings) -> Iterator[Finding]:
    """Whether a process serves the folder."""
    data = Path(settings.data.dir)
    if not data.is_dir() or not os.access(data, os.W_OK):
        return
    holder = Holder.of(data)
    if holder is None:
        yield note("process", "no process serves this folder now", "buildos-box serve")
    else:
        yield ok("process", f"process {holder.process} serves {data}")


def open_file(settings: Settings) -> Iterator[Finding]:
    """Whether the database at its path is the one that the serving process has open."""
    data = Path(settings.data.dir)
    holder = Holder.of(data) if data.is_dir() and os.access(data, os.W_OK) else None
    if holder is None or holder.file is None:
        return
    path = data / DATABASE
    there = FileIdentity.of(path)
    if there != holder.file:
        happened = "was deleted or moved" if there is None else "was replaced by another file"
        yield fault(
            "database", f"{path} {happened} while process {holder.process} had it open: it "
            "writes nothing more, and what is open is lost when it ends",
            "put that same file back; or buildos-box backup --from-server, stop the process, "
            "then buildos-box restore FILE",
        )  # fmt: skip


def database(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Pages, indexes and references of the database, its schema, and whether the
    clock went back.
    """
    path = Path(settings.data.dir) / DATABASE
    name = "database"
    if not path.exists():
        yield note(name, "there is none yet", "the first `buildos-box serve` makes it")
        return
    mend = "stop the server, then: buildos-box restore FILE (buildos-box backup list)"
    try:
        found = inspect(path)
        latest = newest_moment(path, MOMENTS)
    except sqlite3.OperationalError as error:
        yield fault(name, f"{path}: {error}", f"chown -R {os.getuid()} {path.parent}")
        return
    except sqlite3.DatabaseError as error:
        yield fault(name, f"{path}: {error}", mend)
        return
    if found.faults:
        yield fault(name, f"{path} is damaged: {'; '.join(found.faults[:3])}", mend)
    else:
        megabytes = path.stat().st_size / 1024**2
        yield ok(name, f"whole; {megabytes:.1f} MB, {plural(found.counts.get('users', 0), 'user')}")
    yield _schema(found.schema, [] if found.faults else differences(path))
    if latest is not None and from_text(latest) > now + SLACK:
        yield fault(
            "clock", f"the database knows {latest}, but the clock says {now:%Y-%m-%d %H:%M} UTC",
            "set the clock (timedatectl set-ntp true): briefs come at the wrong time",
        )  # fmt: skip
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _schema(schema: int, wrong: list[str]) -> Finding:
    newest = known_migrations()[-1].number
    if schema > newest:
        return fault(
            "schema", f"{schema}, written by a newer BuildOS Box; this one knows {newest}",
            "install the newer version, or restore a backup made by this one",
        )  # fmt: skip
    if schema < newest:
        return note(
            "schema", f"{schema}; the next start brings it to {newest}",
            "nothing: a copy is made before",
        )  # fmt: skip
    if wrong:
        return fault(
            "schema", f"{schema}, but changed by hand: {'; '.join(wrong[:3])}",
            "stop the server, then: buildos-box restore FILE (buildos-box backup list)",
        )  # fmt: skip
    return ok("schema", str(schema))


def backups(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Whether there is a recent backup."""
    where = backup_folder(settings)
    if not (Path(settings.data.dir) / DATABASE).exists():
        return
    found = backups_in(where) if where.is_dir() else []
    ages = [now.timestamp() - path.stat().st_mtime for path in found]
    if not ages:
        if settings.backup.keep == 0:
            yield warning("backups", "none, and backup.keep is 0", "set backup.keep to 7")
        else:
            yield note("backups", "none yet", "buildos-box backup, or wait for 04:00 UTC")
    elif min(ages) > OLDEST_BACKUP.total_seconds():
        days = plural(round(min(ages) / 86400), "day")
        yield warning(
            "backups", f"the newest is {days} old",
            "buildos-box backup; see the cron: buildos-box cron list",
        )  # fmt: skip
    else:
        yield ok("backups", f"{len(found)} in {where}")
