"""One process to a data folder (docs/spec.md#one-process)."""

import fcntl
import os
from pathlib import Path

from buildos_box.errors import BoxError


class AlreadyRunning(BoxError):
    """Another process serves this data folder."""

    code = "already_running"


class InstanceLock:
    """Holds the data folder for this process; the kernel lets go of it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "box.lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the folder. Raises AlreadyRunning, naming the process that has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise AlreadyRunning(
                f"another BuildOS Box (process {holder}) already serves {self._path.parent}; "
                "stop it first, or use another data folder"
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode("ascii"), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go of the folder."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
