"""The nightly backup (docs/spec.md#backup)."""

import asyncio
from pathlib import Path

import msgspec

from buildos_box.clock import Instant
from buildos_box.gc_tuning import give_back_memory
from buildos_box.jobs import alerts
from buildos_box.jobs.crons import Cron
from buildos_box.operator_alert import OperatorAlert
from buildos_box.services import Services
from buildos_box.settings import Settings
from buildos_box.settings.backup_place import Place
from buildos_box.settings.model import BackupSettings
from buildos_box.upkeep.backup import forget_old, make_backup
from buildos_box.upkeep.remote_backup import RemoteBackups, Uploaded


class BackedUp(msgspec.Struct, frozen=True, rename="camel"):
    """The result of the nightly backup."""

    file: str | None
    bytes: int = 0
    deleted: int = 0
    uploaded: str | None = None
    note: str | None = None


def backup_folder(settings: Settings) -> Path:
    """The folder of backups."""
    return Path(settings.backup.dir or Path(settings.data.dir) / "backups")


def upload(backup: Path, settings: BackupSettings) -> Uploaded:
    """Upload a backup to `backup.to` and delete the oldest ones there. Raises RemoteFailed."""
    there = RemoteBackups(Place.of(settings.to), settings)
    uploaded = there.upload(backup, settings.recipient)
    if settings.keep:
        there.forget_old(settings.keep)
    return uploaded


async def back_up(_due: Instant, services: Services) -> BackedUp:
    """Make a backup and alert operators if that fails."""
    try:
        return await _back_up(services)
    except Exception as error:
        alert = OperatorAlert("backup_failed", f"the nightly backup failed: {error}")
        await services.db.write(lambda tx: alerts.report(tx, alert, services.clock.now()))
        raise
    finally:
        await asyncio.to_thread(give_back_memory)


async def _back_up(services: Services) -> BackedUp:
    """Make a backup, then delete the oldest ones: a failed backup costs no older one."""
    keep, folder = services.settings.backup.keep, backup_folder(services.settings)
    if keep == 0:
        return BackedUp(None, note="backup.keep is 0: nightly backups are off")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = Path(services.settings.data.dir)
    made = await asyncio.to_thread(make_backup, data, folder, services.clock, copy=services.db.copy)
    gone = await asyncio.to_thread(forget_old, folder, keep)
    sent = None
    if services.settings.backup.to:
        sent = await asyncio.to_thread(upload, made.path, services.settings.backup)
    return BackedUp(made.path.name, made.bytes, len(gone), sent.url if sent else None)


BACKUP = Cron(
    name="backup",
    schedule="0 4 * * *",
    does="Makes a backup while the server runs, and keeps the newest ones",
    run=back_up,
)
