"""Numbered SQL migrations: forward only, in one transaction, after a backup.

The rules: docs/spec.md#migrations.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from buildos_box.clock import Clock, to_text
from buildos_box.db.connect import connect_writer
from buildos_box.db.snapshot import sync_file
from buildos_box.errors import BoxError
from buildos_box.log import logger
from buildos_box.version import VERSION

log = logger(__name__)
TELL_EVERY_SECONDS = 5.0
"""How often a long migration says that it goes on."""
COPIED_AT_ONCE = 4096
"""Pages of the copy between two looks at the clock."""
LOOK_EVERY_STEPS = 1_000_000
"""Steps of SQLite's machine between two looks at the clock: some milliseconds of work."""
_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


class SchemaTooNew(BoxError):
    """The database was written by a newer program than this one."""

    code = "schema_too_new"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered change of the schema."""

    number: int
    name: str
    sql: str


def known_migrations() -> list[Migration]:
    """Every migration of this program, in order."""
    return list(_carried())


@lru_cache(maxsize=1)
def _carried() -> tuple[Migration, ...]:
    """Cached, because the files do not change while the program runs."""
    found = []
    for entry in resources.files("buildos_box.db").joinpath("migrations").iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            found.append(Migration(int(match[1]), match[2], entry.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.number))


def migrate(
    path: Path, clock: Clock, migrations: list[Migration] | None = None, *, keep_old: bool = True
) -> None:
    """Migrate the file's schema. Raises SchemaTooNew, and then changes nothing.

    A database with data is copied beside itself first, unless `keep_old` is false.
    """
    known = known_migrations() if migrations is None else migrations
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect_writer(path)
    try:
        current = _version(connection)
        newest = known[-1].number if known else 0
        if current > newest:
            raise SchemaTooNew(
                f"{path} has schema {current}, written by a newer BuildOS Box; this one is "
                f"{VERSION} and knows {newest}. Install the newer version, or restore a backup "
                "made by this one."
            )
        missing = [migration for migration in known if migration.number > current]
        if not missing:
            return
        if not current:
            _apply(connection, missing, clock)
            return
        began = clock.monotonic()
        size = path.stat().st_size
        log.info("migrating", from_schema=current, to_schema=newest, megabytes=size // 2**20)
        if keep_old:
            _back_up(connection, path, current, clock)
        with _reporting(connection, clock):
            _apply(connection, missing, clock)
        log.info("migrated", schema=newest, seconds=round(clock.monotonic() - began, 1))
    finally:
        connection.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


class _Beat:
    """Lets something be said only every few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._said = clock.monotonic()

    def due(self) -> int | None:
        """The whole seconds since the start if it is time to say something, else None."""
        now = self._clock.monotonic()
        if now - self._said < TELL_EVERY_SECONDS:
            return None
        self._said = now
        return round(now - self._began)


@contextmanager
def _reporting(connection: sqlite3.Connection, clock: Clock) -> Iterator[None]:
    """Log every few seconds that the connection still works."""
    beat = _Beat(clock)

    def look() -> int:
        if (seconds := beat.due()) is not None:
            log.info("still_migrating", seconds=seconds)
        return 0

    connection.set_progress_handler(look, LOOK_EVERY_STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _back_up(connection: sqlite3.Connection, path: Path, version: int, clock: Clock) -> None:
    beat = _Beat(clock)

    def look(_status: int, left: int, pages: int) -> None:
        if beat.due() is not None:
            log.info("still_copying", percent=100 * (pages - left) // max(1, pages))

    target = path.with_name(f"{path.stem}-before-schema-{version + 1}.sqlite3")
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    copy = sqlite3.connect(partial)
    try:
        connection.backup(copy, pages=COPIED_AT_ONCE, progress=look)
    finally:
        copy.close()
    sync_file(partial)
    partial.replace(target)
    sync_file(target.parent)
    log.info("backup_before_migration", file=target.name)


def _apply(connection: sqlite3.Connection, missing: list[Migration], clock: Clock) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in missing:
            for statement in statements(migration.sql):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, ?)",
                (migration.number, migration.name, to_text(clock.now())),
            )
        connection.execute(f"PRAGMA user_version = {missing[-1].number:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def statements(sql: str) -> list[str]:
    """The statements of a script; `executescript` would commit between them."""
    found, start = [], 0
    for end in (match.end() for match in re.finditer(";", sql)):
        if sqlite3.complete_statement(sql[start:end]):
            found.append(sql[start:end].strip())
            start = end
    return found
