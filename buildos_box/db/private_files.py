"""Files of the data folder belong to their owner alone, whatever the folder allows."""

import contextlib
import os
import stat
from pathlib import Path

from buildos_box.umask import OWNER_ONLY

OURS = (
    "box.*", "box-*", "secret.key*", "vapid*", "admin-token*", "address", "backup.lock",
    "outbox", "backups", "restore.*", "before-restore-*",
)  # fmt: skip
"""The folder may hold files of others too: those are not this program's to change."""


def make_private(folder: Path, database: Path) -> None:
    """Take the program's files in the folder from everybody else; create the database that way.

    SQLite gives its log the mode of the database. Files of another owner stay as they are. Raises
    OSError if the database file cannot be created.
    """
    os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for path in (found for pattern in OURS for found in folder.glob(pattern)):
        mode = path.lstat().st_mode
        if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and mode & OWNER_ONLY:
            with contextlib.suppress(PermissionError):
                path.chmod(stat.S_IMODE(mode) & ~OWNER_ONLY)
