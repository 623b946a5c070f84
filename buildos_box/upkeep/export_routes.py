"""`GET /users/{id}/export`: all data of a user."""

from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

import msgspec
from litestar import MediaType, Response, get
from litestar.response import Stream

from buildos_box.auth.caller import Caller
from buildos_box.clock import to_text
from buildos_box.db import DatabaseGone, StorageError
from buildos_box.errors import NotFound
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool
from buildos_box.upkeep.export_document import CHUNK, write_document

Json = dict[str, Any]
_READING = ThreadPool("export", threads=2)
MOST_IN_MEMORY = 2 * CHUNK
"""A longer document waits in a file without a name, in the data folder, until it is sent."""


class Export(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that is stored about a user.

    The lists have the form of `POST /sync`, so that this document can be imported again; `records`
    has every other table row by row: briefs, mails, messages, notifications, jobs.
    """

    exported_at: str
    user_id: str
    users: list[Json]
    preferences: list[Json]
    sms_preferences: list[Json]
    projects: list[Json]
    tasks: list[Json]
    task_dependencies: list[Json]
    notes: list[Json]
    events: list[Json]
    records: dict[str, list[Json]]


@get("/users/{user_id:str}/export", tags=["Users"])
async def export_user(user_id: str, services: Services, caller: Caller) -> Response[Export]:
    """All data of one user in one document. Raises NotFound, StorageError."""
    caller.require_user(user_id)
    # It is whole before the first byte is sent, so that a slow reader holds up no checkpoint.
    document: IO[bytes] = SpooledTemporaryFile(MOST_IN_MEMORY, dir=str(services.db.path.parent))  # noqa: SIM115
    try:
        at = to_text(services.clock.now())
        path = services.db.path
        if not await _READING.run(write_document, path, user_id, at, document):
            raise NotFound(f"there is no user {user_id}")
    except OSError as error:
        document.close()
        if services.db.gone is not None:
            raise DatabaseGone.because(services.db.gone) from error
        raise StorageError(
            f"the data folder has no room for the export: {error.strerror or error}"
        ) from error
    except BaseException:
        document.close()
        raise
    size = str(document.tell())
    sent = Stream(_parts(document), media_type=MediaType.JSON, headers={"content-length": size})
    return cast("Response[Export]", sent)


async def _parts(document: IO[bytes]) -> AsyncIterator[bytes]:
    with document:
        document.seek(0)
        while part := await _READING.run(document.read, CHUNK):
            yield part


ROUTES: list[Any] = [export_user]
