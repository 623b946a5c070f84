"""One SQLite file: one writer with group commit, many readers, migrations, backup."""

from buildos_box.db.database import Database, DbContext
from buildos_box.db.lock import AlreadyRunning, Holder, InstanceLock
from buildos_box.db.tx import Row, Tx
from buildos_box.db.writer import DatabaseGone, StorageError

__all__ = [
    "AlreadyRunning",
    "Database",
    "DatabaseGone",
    "DbContext",
    "Holder",
    "InstanceLock",
    "Row",
    "StorageError",
    "Tx",
]
