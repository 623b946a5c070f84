"""Numbered SQL migrations: forward only, in one transaction, after a backup.

The rules: docs/spec.md#migrations.
"""

import re
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from buildos_box.clock import Clock, to_text
from buildos_box.db.connect import connect_writer
from buildos_box.db.snapshot import sync_file
from buildos_box.errors import BoxError
from buildos_box.log import logger

log = logger(__name__)
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
                f"{path} has schema {current}, written by a newer BuildOS Box; this one knows "
                f"{newest}. Install the newer version, or restore a backup made by this one."
            )
        missing = [migration for migration in known if migration.number > current]
        if not missing:
            return
        if current and keep_old:
            _back_up(connection, path, current)
        _apply(connection, missing, clock)
    finally:
        connection.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
    target = path.with_name(f"{path.stem}-before-schema-{version + 1}.sqlite3")
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    copy = sqlite3.connect(partial)
    try:
        connection.backup(copy)
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
