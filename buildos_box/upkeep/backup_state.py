"""What operators are told of backups in `GET /health`: from the last runs of their crons."""

import msgspec

from buildos_box.clock import to_text
from buildos_box.jobs import cron_store
from buildos_box.jobs.cron_store import Run
from buildos_box.services import Services
from buildos_box.upkeep.cron import BACKUP
from buildos_box.upkeep.restore_drill import RESTORE_DRILL

_WORDS = {BACKUP.name: "the nightly backup", RESTORE_DRILL.name: "the restore drill"}


class LastRun(msgspec.Struct, frozen=True):
    """When a cron last ran, whether that went well, and why not."""

    at: str
    ok: bool
    error: str | None


class BackupState(msgspec.Struct, frozen=True, rename="camel"):
    """The last nightly backup and the last restore drill; null before the first."""

    last_backup: LastRun | None
    last_drill: LastRun | None


async def backup_state(services: Services) -> tuple[BackupState, list[str]]:
    """The state, and a sentence for each of the two that failed."""
    runs = [await cron_store.last_run(services.db, name) for name in _WORDS]
    warnings = [
        f"{_WORDS[run.name]} failed: {run.error}" for run in runs if run and run.status == "failed"
    ]
    return BackupState(*(_shown(run) for run in runs)), warnings


def _shown(run: Run | None) -> LastRun | None:
    return LastRun(to_text(run.started_at), run.status != "failed", run.error) if run else None
