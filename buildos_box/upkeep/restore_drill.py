"""Every night the newest backup is opened in a scratch folder, as a restore would open it.

The rules: docs/spec.md#restore-drill.
"""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import msgspec

from buildos_box.clock import Instant, from_text
from buildos_box.db.migrate import known_migrations
from buildos_box.jobs import alerts, cron_store
from buildos_box.jobs.crons import Cron
from buildos_box.operator_alert import OperatorAlert
from buildos_box.services import Services
from buildos_box.upkeep.archive import BadBackup
from buildos_box.upkeep.backup import backups_in, verify
from buildos_box.upkeep.backup_age import OLDEST_BACKUP
from buildos_box.upkeep.cron import BACKUP, backup_folder


class Drilled(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a restore of the newest backup would bring back."""

    file: str | None = None
    made_at: str | None = None
    schema: int = 0
    rows: int = 0
    users: int = 0
    note: str | None = None


async def drill(_due: Instant, services: Services) -> Drilled:
    """Open the newest backup: hashes, integrity, schema, rows.

    Raises BadBackup, after an alert, if there is none of the last two days or it is not reliable.
    """
    if services.settings.backup.keep == 0:
        return Drilled(note="backup.keep is 0: nightly backups are off")
    made = await cron_store.last_run(services.db, BACKUP.name)
    if made is None or made.status == "running":
        return Drilled(note="the first nightly backup is still to come, or one is being made")
    try:
        return await asyncio.to_thread(
            _open_newest, backup_folder(services.settings), services.clock.now()
        )
    except (BadBackup, OSError) as error:
        alert = OperatorAlert("restore_drill", f"the restore drill failed: {error}")
        await services.db.write(lambda tx: alerts.report(tx, alert, services.clock.now()))
        raise


def _open_newest(folder: Path, now: Instant) -> Drilled:
    found = backups_in(folder) if folder.is_dir() else []
    if not found:
        raise BadBackup(f"there is no backup in {folder}")
    newest = found[0]
    with tempfile.TemporaryDirectory(prefix=".box-drill-", dir=folder) as scratch:
        opened = verify(newest, Path(scratch))
    if not opened.ok:
        raise BadBackup(f"{newest.name} is not reliable: {'; '.join(opened.faults[:3])}")
    if opened.schema > known_migrations()[-1].number:
        raise BadBackup(f"{newest.name} was written by a newer BuildOS Box")
    if opened.made_at is None or now - from_text(opened.made_at) > OLDEST_BACKUP:
        raise BadBackup(f"the newest backup is of {opened.made_at or 'an unknown time'}")
    return Drilled(
        file=newest.name,
        made_at=opened.made_at,
        schema=opened.schema,
        rows=sum(opened.counts.values()),
        users=opened.counts.get("users", 0),
    )


RESTORE_DRILL = Cron(
    name="restore_drill",
    schedule="0 5 * * *",
    does="Opens the newest backup in a scratch folder, as a restore would",
    run=drill,
    # A start makes up for a missed backup; the one before it would be too old for the drill.
    lookback=timedelta(minutes=5),
)
