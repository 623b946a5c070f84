"""Whether the files that a database was opened from are still at their path.

An open file outlives its name: after a delete, a move or a restore over it, SQLite goes on writing
into a file that nobody finds again, and all of it is lost when the process ends.
"""

import os
from pathlib import Path
from typing import NamedTuple


class FileIdentity(NamedTuple):
    """The device and the inode: the same only for the very same file."""

    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileIdentity | None":
        """The identity of what is at that path now; None if nothing is."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        return cls(found.st_dev, found.st_ino)

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}"

    @classmethod
    def parse(cls, text: str) -> "FileIdentity | None":
        """The identity that `str` wrote; None if it did not."""
        device, colon, inode = text.partition(":")
        if not (colon and device.isdecimal() and inode.isdecimal()):
            return None
        return cls(int(device), int(inode))


class OpenFiles:
    """The database file and its write-ahead log as they were when they were opened.

    Made after a first read, since SQLite opens the log no earlier.
    """

    def __init__(self, path: Path) -> None:
        paths = (path, path.with_name(path.name + "-wal"))
        self._opened = {p: known for p in paths if (known := FileIdentity.of(p)) is not None}
        self.database = self._opened.get(path)
        """What other processes compare with."""

    def fault(self) -> str | None:
        """What has happened to the files since, as a clause; None if they are still there."""
        for path, opened in self._opened.items():
            now = FileIdentity.of(path)
            if now != opened:
                happened = "was deleted or moved" if now is None else "was replaced by another file"
                return f"{path} {happened} while it was open"
        return None
