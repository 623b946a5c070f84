"""Creating, changing and deleting single items, with the check of ownership.

Another user's item is answered as if it did not exist. The rules: docs/spec.md#api-default-deny.
"""

from typing import Any

from buildos_box.auth.caller import Caller
from buildos_box.db import Row, Tx
from buildos_box.errors import Conflict, FieldFault, Forbidden, NotFound
from buildos_box.services import Services
from buildos_box.workspace import store
from buildos_box.workspace.batch import Batch, Link, read_one, read_sync, refuse
from buildos_box.workspace.fields import id_text
from buildos_box.workspace.item_types import PROJECTS, TASKS, USERS, Kind
from buildos_box.workspace.store import records
from buildos_box.workspace.sync import Counts, apply

Json = dict[str, Any]
MAX_PREREQUISITES = 1_000


async def visible(services: Services, caller: Caller, kind: Kind, key: str) -> Row:
    """The row, if the caller may know of it. Raises NotFound."""
    row = await store.row_of(services.db, kind.name, key)
    if row is None or caller.only_user not in (None, row["owner"]):
        raise NotFound(f"there is no {kind.noun} {key}")
    return row


async def create(services: Services, caller: Caller, kind: Kind, data: Json) -> Row:
    """Create an item; without an `id` one is made, without a `userId` it belongs to the caller.

    A user's token chooses no ids: that one is taken would say what other users have. Raises
    Unprocessable, Forbidden, NotFound (a user or project that is not there), Conflict if the id
    exists.
    """
    now = services.clock.now()
    given = dict(data)
    if given.get("id") is not None and caller.only_user is not None:
        raise Forbidden("id can be chosen by the service or an admin only; leave it out")
    if given.get("id") is None:
        given["id"] = services.ids.new(kind.noun, now)
    if kind.parent == "users" and given.get("userId") is None and caller.only_user:
        given["userId"] = caller.only_user
    batch = read_one(kind, given, privileged=caller.is_service)

    def run(tx: Tx) -> None:
        if any(records.rows(tx, kind, {item.key}) for item in batch.items[kind.name]):
            raise Conflict(f"there is already a {kind.noun} with the id {given['id']}")
        apply(tx, batch, now, only_user=caller.only_user)

    await services.db.write(run)
    return await visible(services, caller, kind, given["id"])


async def create_task(services: Services, caller: Caller, user_id: str, data: Json) -> Row:
    """Create a task of that user; without a `projectId` in the Inbox, which is made if need be.

    Raises NotFound, Unprocessable, Forbidden, Conflict.
    """
    await visible(services, caller, USERS, user_id)
    if data.get("projectId") is not None:
        return await create(services, caller, TASKS, data)
    now = services.clock.now()
    new_inbox = services.ids.new(PROJECTS.noun, now)

    def run(tx: Tx) -> str:
        inbox = store.find_inbox(tx, user_id)
        if inbox is None:
            made = {"id": new_inbox, "userId": user_id, "name": store.INBOX}
            apply(tx, read_one(PROJECTS, made, privileged=True), now)
        return inbox or new_inbox

    return await create(
        services, caller, TASKS, {**data, "projectId": await services.db.write(run)}
    )


async def change_tasks(
    services: Services, caller: Caller, user_id: str, changes: list[Json], deleted: list[str]
) -> Counts:
    """Change and delete tasks of that user in one transaction, or none of them.

    Raises NotFound, and Unprocessable with every fault; a task of another user is unknown.
    """
    await visible(services, caller, USERS, user_id)
    asked = read_sync({TASKS.name: changes, "delete": {TASKS.name: deleted}})
    now = services.clock.now()

    def run(tx: Tx) -> Counts:
        batch = asked.copy()
        owners = records.owners(tx, TASKS.name, [item.key for item in batch.items[TASKS.name]])
        for item in batch.items[TASKS.name]:
            if owners.get(item.key) != user_id:
                batch.fault(f"{item.path}id", f"there is no task {item.key!r}")
        gone = batch.deletes.get(TASKS.name, {})
        owners = records.owners(tx, TASKS.name, gone)
        for key, path in gone.items():
            if owners.get(key, user_id) != user_id:
                batch.fault(path, f"there is no task {key!r}")
        return apply(tx, batch, now, only_user=user_id).get(TASKS.name, Counts())

    return await services.db.write(run)


async def change(services: Services, caller: Caller, kind: Kind, key: str, data: Json) -> Row:
    """Change the given fields of an item; null clears.

    Raises NotFound, Unprocessable, Forbidden.
    """
    await visible(services, caller, kind, key)
    batch = read_one(kind, {**data, kind.key.name: key}, privileged=caller.is_service)
    now = services.clock.now()

    def run(tx: Tx) -> None:
        if not records.rows(tx, kind, {key}):
            raise NotFound(f"there is no {kind.noun} {key}")
        apply(tx, batch, now, only_user=caller.only_user)

    await services.db.write(run)
    return await visible(services, caller, kind, key)


async def put(services: Services, caller: Caller, kind: Kind, key: str, data: Json) -> Row:
    """Create the item or change its given fields. Raises Unprocessable, Forbidden, NotFound."""
    batch = read_one(kind, {**data, kind.key.name: key}, privileged=caller.is_service)
    now = services.clock.now()
    await services.db.write(lambda tx: apply(tx, batch, now, only_user=caller.only_user))
    return await visible(services, caller, kind, key)


async def remove(services: Services, caller: Caller, kind: Kind, key: str) -> None:
    """Delete an item and what belongs to it. Raises NotFound, Unprocessable."""
    await visible(services, caller, kind, key)
    batch = Batch(deletes={kind.name: {key: "id"}})
    now = services.clock.now()
    await services.db.write(lambda tx: apply(tx, batch, now))


async def set_prerequisites(
    services: Services, caller: Caller, task_id: str, wanted: object
) -> None:
    """Replace the dependencies of a task.

    Raises NotFound, and Unprocessable for unknown tasks, too many, or a dependency cycle.
    """
    chosen = _read_prerequisites(task_id, wanted)
    now = services.clock.now()

    def run(tx: Tx) -> None:
        present = records.dependencies_of_task(tx, task_id)
        batch = Batch(
            links=[Link(path, task_id, other, "id", path) for other, path in chosen.items()],
            unlinks=[Link("", task_id, other) for other in present - chosen.keys()],
        )
        apply(tx, batch, now, only_user=caller.only_user)

    await services.db.write(run)


def _read_prerequisites(task_id: str, wanted: object) -> dict[str, str]:
    if not isinstance(wanted, list) or len(wanted) > MAX_PREREQUISITES:
        message = f"must be a list of at most {MAX_PREREQUISITES:,} ids of tasks"
        refuse([FieldFault("dependsOn", message)])
        return {}
    chosen: dict[str, str] = {}
    faults = []
    for index, other in enumerate(wanted):
        path = f"dependsOn[{index}]"
        try:
            id_text(other)
        except ValueError as error:
            faults.append(FieldFault(path, str(error)))
            continue
        if other == task_id:
            faults.append(FieldFault(path, "a task cannot depend on itself"))
        chosen[other] = path
    refuse(faults)
    return chosen
