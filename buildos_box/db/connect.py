"""How connections are opened: their pragmas, in the order that matters (docs/spec.md#sqlite)."""

import sqlite3
from pathlib import Path

BUSY_MS = 10_000

SHRINK = "PRAGMA shrink_memory"
"""Empties a connection's page cache."""


def reader_pragmas(busy_ms: int = BUSY_MS) -> tuple[str, ...]:
    """Readers are query_only, so that only one connection ever writes and checkpoints.

    `busy_ms` is for how long a read waits for a lock.
    """
    return f"busy_timeout={busy_ms}", "query_only=ON", "cache_size=-4096"


def connect_reader(path: Path, *, busy_ms: int = BUSY_MS) -> sqlite3.Connection:
    """Open a connection that reads, usable by any thread, by one at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for pragma in reader_pragmas(busy_ms):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the connection that writes, in autocommit mode: BEGIN IMMEDIATE is explicit."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.row_factory = sqlite3.Row
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
        "temp_store=MEMORY",
        "cache_size=-16384",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection
