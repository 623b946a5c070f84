"""Restoring a backup: checked first, then swapped in, completely or not at all.

The new files are prepared in one folder, which is renamed once it is complete. From then on the
swap is finished by this process or, after a power cut, by the next `serve`.

The rules: docs/spec.md#restore.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from buildos_box.clock import Clock
from buildos_box.db import InstanceLock, Tx, epoch_store
from buildos_box.db.migrate import migrate
from buildos_box.db.snapshot import change_offline, sync_file
from buildos_box.plural import plural
from buildos_box.realtime import store as realtime_store
from buildos_box.upkeep import archive
from buildos_box.upkeep.archive import BadBackup
from buildos_box.upkeep.backup import Verification, verify

_STAGING, _READY, _ASIDE = "restore.partial", "restore.ready", "before-restore-"
_SIDE_FILES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and the folder with the previous files; None if there were none."""

    verification: Verification
    aside: Path | None


def refuse_while_served(data: Path) -> None:
    """Raises AlreadyRunning if a process serves the folder, before anybody is asked anything."""
    if data.is_dir():
        lock = InstanceLock(data)
        lock.acquire()
        lock.release()


def restore(backup: Path, data: Path, clock: Clock, *, resume_sends: bool = False) -> Restored:
    """Replace a data folder's content by a backup, and begin a new epoch.

    Raises AlreadyRunning if a process serves the folder, BadBackup, SchemaTooNew, OSError; the
    folder is then unchanged.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = InstanceLock(data)
    lock.acquire()
    try:
        finish_restore(data)
        staging = data / _STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            verification = _prepare(backup, staging, clock, resume_sends)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        aside = f"{_ASIDE}{clock.now():%Y%m%dT%H%M%S}Z"
        (staging / "aside").write_text(aside, "utf-8")
        for path in staging.iterdir():
            sync_file(path)
        sync_file(staging)
        staging.rename(data / _READY)
        sync_file(data)
        finish_restore(data)
        return Restored(verification, data / aside if (data / aside).exists() else None)
    finally:
        lock.release()


def _prepare(backup: Path, staging: Path, clock: Clock, resume_sends: bool) -> Verification:
    verification = verify(backup, staging)
    if not verification.ok:
        raise BadBackup(f"{backup}: {'; '.join(verification.faults[:5])}")
    if verification.schema == 0:
        raise BadBackup(f"{backup} is not a database of BuildOS Box")
    database = staging / archive.DATABASE
    migrate(database, clock, keep_old=False)

    def begin_epoch(tx: Tx) -> None:
        epoch_store.begin(
            tx, clock.now(), backup_at=verification.made_at, resume_sends=resume_sends
        )
        realtime_store.forget_all(tx)

    change_offline(database, begin_epoch)
    for side in _SIDE_FILES:
        (staging / f"{archive.DATABASE}{side}").unlink(missing_ok=True)
    return verification


def finish_restore(data: Path) -> bool:
    """Finish a swap that was begun; False if there is none. The caller holds the folder's lock.

    Every step can be repeated: a file is moved only while its successor is still in the folder.
    """
    ready = data / _READY
    if not ready.is_dir():
        return False
    aside = data / (ready / "aside").read_text("utf-8").strip()
    aside.mkdir(mode=0o700, exist_ok=True)
    names = [path.name for path in archive.key_files(ready)]
    for name in [*names, archive.DATABASE]:
        if (ready / name).exists():
            _swap(name, ready, data, aside)
    sync_file(data)
    shutil.rmtree(ready)
    if not any(aside.iterdir()):
        aside.rmdir()
    sync_file(data)
    return True


def _swap(name: str, ready: Path, data: Path, aside: Path) -> None:
    """The WAL of the old database is moved with it, because it must not meet the new one."""
    sides = [f"{name}{side}" for side in _SIDE_FILES] if name == archive.DATABASE else []
    for old in [*sides, name]:
        if (data / old).exists():
            (data / old).replace(aside / old)
    sync_file(aside)
    (ready / name).replace(data / name)


def described(verification: Verification) -> str:
    """A backup in one line."""
    users = plural(verification.counts.get("users", 0), "user")
    jobs = plural(verification.counts.get("queue_jobs", 0), "job")
    made = verification.made_at or "at an unknown time"
    return f"made {made}, schema {verification.schema}, {users}, {jobs}"
