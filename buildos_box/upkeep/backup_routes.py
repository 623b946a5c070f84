"""`POST /backup`: a backup of the database that the running server has open."""

from pathlib import Path
from typing import Any

import msgspec
from litestar import post

from buildos_box.auth.scope_guard import NEEDS_ADMIN
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool
from buildos_box.upkeep.backup import make_backup
from buildos_box.upkeep.cron import backup_folder

_MAKING = ThreadPool("backup", 1)


class BackupView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A finished backup: its file on the server's machine, and its content."""

    path: str
    bytes: int
    made_at: str
    schema: int
    counts: dict[str, int]


@post("/backup", status_code=201, tags=["Health"], opt=NEEDS_ADMIN)
async def back_up_now(services: Services) -> BackupView:
    """Make a backup into the backup folder, from the open database.

    It writes nothing to the database, so it also works if the database's file was deleted or moved.
    Raises Forbidden, Conflict while another backup is being made.
    """
    data, folder = Path(services.settings.data.dir), backup_folder(services.settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = await _MAKING.run(make_backup, data, folder, services.clock, copy=services.db.copy)
    return BackupView(
        path=str(made.path.absolute()),
        bytes=made.bytes,
        made_at=made.manifest.made_at,
        schema=made.manifest.schema,
        counts=made.manifest.counts,
    )


ROUTES: list[Any] = [back_up_now]
