"""`GET /users/{id}/export`: all data of a user."""

from typing import Any

import msgspec
from litestar import get

from buildos_box.auth.caller import Caller
from buildos_box.clock import to_text
from buildos_box.errors import NotFound
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool
from buildos_box.upkeep import user_data_store
from buildos_box.workspace import fields
from buildos_box.workspace.fields import Field
from buildos_box.workspace.item_types import DEPENDENCIES, KINDS, Kind

Json = dict[str, Any]
_READING = ThreadPool("export", threads=2)


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
async def export_user(user_id: str, services: Services, caller: Caller) -> Export:
    """All data of one user in one document. Raises NotFound."""
    caller.require_user(user_id)
    found = await _READING.run(user_data_store.everything_of, services.db.path, user_id)
    if not found["users"]:
        raise NotFound(f"there is no user {user_id}")
    lists = {kind.name: [_item(kind, row) for row in found.pop(kind.table)] for kind in KINDS}
    links = [
        {"taskId": row["task_id"], "dependsOnId": row["depends_on_id"]}
        for row in found.pop("task_dependencies")
    ]
    document = {
        **lists,
        DEPENDENCIES: links,
        "exportedAt": to_text(services.clock.now()),
        "userId": user_id,
        "records": {table: rows for table, rows in found.items() if rows},
    }
    return msgspec.convert(document, Export)


def _item(kind: Kind, row: Json) -> Json:
    shown = {field.name: _shown(field, row[field.column]) for field in kind.fields}
    return {name: value for name, value in shown.items() if value is not None}


def _shown(field: Field, stored: Any) -> Any:
    if field.read is fields.week_days:
        return msgspec.json.decode(stored) if stored else None
    return bool(stored) if field.read is fields.flag else stored


ROUTES: list[Any] = [export_user]
