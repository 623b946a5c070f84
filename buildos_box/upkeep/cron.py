"""The nightly backup (docs/spec.md#backup)."""

import asyncio
from pathlib import Path

import msgspec

from buildos_box.clock import Instant
from buildos_box.jobs.crons import Cron
from buildos_box.services import Services
from buildos_box.settings import Settings
from buildos_box.upkeep.backup import forget_old, make_backup


class BackedUp(msgspec.Struct, frozen=True, rename="camel"):
    """The result of the nightly backup."""

    file: str | None
    bytes: int = 0
    deleted: int = 0
    note: str | None = None


def backup_folder(settings: Settings) -> Path:
    """The folder of backups."""
    return Path(settings.backup.dir or Path(settings.data.dir) / "backups")


async def back_up(_due: Instant, services: Services) -> BackedUp:
    """Make a backup, then delete the oldest ones: a failed backup costs no older one."""
    keep, folder = services.settings.backup.keep, backup_folder(services.settings)
    if keep == 0:
        return BackedUp(None, note="backup.keep is 0: nightly backups are off")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = Path(services.settings.data.dir)
    made = await asyncio.to_thread(make_backup, data, folder, services.clock, copy=services.db.copy)
    gone = await asyncio.to_thread(forget_old, folder, keep)
    return BackedUp(made.path.name, made.bytes, len(gone))


BACKUP = Cron(
    name="backup",
    schedule="0 4 * * *",
    does="Makes a backup while the server runs, and keeps the newest ones",
    run=back_up,
)
