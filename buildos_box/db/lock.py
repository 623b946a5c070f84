"""One process per data folder (docs/spec.md#one-process)."""

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from buildos_box.db.file_identity import FileIdentity
from buildos_box.errors import BoxError

LOCK_FILE = "box.lock"


class AlreadyRunning(BoxError):
    """Another process serves this data folder."""

    code = "already_running"


class Holder(NamedTuple):
    """The process that serves a data folder, and the database file that it has open if known."""

    process: str
    file: FileIdentity | None

    @classmethod
    def read(cls, fd: int) -> "Holder":
        """What the holder has written into the lock file."""
        process, _, file = os.pread(fd, 100, 0).decode("ascii", "replace").strip().partition(" ")
        return cls(process or "unknown", FileIdentity.parse(file))

    @classmethod
    def of(cls, folder: Path) -> "Holder | None":
        """Who serves that folder now; None if nobody does. Raises OSError if it can't be read."""
        if not (folder / LOCK_FILE).exists():
            return None
        fd = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return cls.read(fd)
        else:
            return None
        finally:
            os.close(fd)


class InstanceLock:
    """Holds the data folder for this process; the kernel releases it when the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_FILE
        self._fd: int | None = None

    def acquire(self) -> None:
        """Lock the folder. Raises AlreadyRunning, which names the process that holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = Holder.read(fd)
            os.close(fd)
            raise AlreadyRunning(
                f"another BuildOS Box (process {holder.process}) already serves "
                f"{self._path.parent}; stop it first, or use another data folder"
            ) from None
        self._fd = fd
        self.note_file(None)

    def note_file(self, file: FileIdentity | None) -> None:
        """Write down which process this is, and which database file it has open."""
        assert self._fd is not None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()} {file or ''}".strip().encode("ascii"), 0)

    def release(self) -> None:
        """Release the folder."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
