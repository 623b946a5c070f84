"""The workspace over HTTP: sync, users, preferences."""

from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import QueryParameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import to_text
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool
from buildos_box.workspace import crud, item_routes, person_routes, store
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.item_types import PREFERENCES, USERS, USERS_BY_HAND
from buildos_box.workspace.paging import Limit, decode_cursor, page
from buildos_box.workspace.request_bodies import read_lists, reads
from buildos_box.workspace.sync import Counts, apply_good, write
from buildos_box.workspace.views import Page, PreferencesView, UserView

Json = dict[str, Any]
OnError = Annotated[
    Literal["refuse", "skip"],
    QueryParameter(name="onError", description="What becomes of a request with a bad item"),
]
_READING = ThreadPool("sync-reading", 2)
SYNC_BODY_BYTES = 32 * 1024 * 1024
"""The body limit of `/sync` (docs/spec.md#api-body-limits)."""


class SkippedItem(msgspec.Struct, frozen=True):
    """A field of an item that was left out, like `tasks[3].title`, and its fault."""

    field: str
    message: str


class Synced(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a sync changed, per list; with `onError=skip` also what was left out."""

    success: bool
    changed: dict[str, Counts]
    skipped: list[SkippedItem] = []


@post(
    "/sync",
    status_code=200,
    tags=["Workspace"],
    opt={**NEEDS_SERVICE, "max_body": SYNC_BODY_BYTES, "reads": read_lists},
)
async def post_sync(data: Json, services: Services, on_error: OnError = "refuse") -> Synced:
    """Create, change and delete items in one transaction; repeating it changes nothing.

    With `onError=skip` items with a fault are left out and listed. Raises Unprocessable with every
    fault, Forbidden, TooLarge, Unavailable.
    """
    skips = on_error == "skip"
    batch = await _READING.run(partial(read_sync, skips=skips), data)
    for items in filter(None, data.values()):
        items.clear()  # they hold on to the whole body
    if skips:
        now = services.clock.now()
        changed, faults = await services.db.write(lambda tx: apply_good(tx, batch, now))
        return Synced(True, changed, [SkippedItem(one.field, one.message) for one in faults])
    return Synced(True, await write(services.db, batch, services.clock.now()))


@get("/users", tags=["Users"], opt=NEEDS_SERVICE)
async def list_users(
    services: Services, cursor: str | None = None, limit: Limit = 50
) -> Page[UserView]:
    """Every user, newest first. Raises Unprocessable for a cursor that is none."""
    rows = await store.page_users(services.db, before=decode_cursor(cursor), limit=limit + 1)
    return page(rows, limit, UserView.of)


@post("/users", tags=["Users"], opt=NEEDS_SERVICE | reads(USERS_BY_HAND))
async def create_user(data: Json, services: Services, caller: Caller) -> UserView:
    """Create a user. Raises Forbidden, Unprocessable, Conflict."""
    return UserView.of(await crud.create(services, caller, USERS_BY_HAND, data))


@get("/users/{user_id:str}", tags=["Users"])
async def get_user(user_id: str, services: Services, caller: Caller) -> UserView:
    """One user. Raises NotFound."""
    return UserView.of(await crud.visible(services, caller, USERS, user_id))


@patch("/users/{user_id:str}", tags=["Users"], opt=reads(USERS_BY_HAND))
async def change_user(user_id: str, data: Json, services: Services, caller: Caller) -> UserView:
    """Change the given fields of a user; null clears. Raises NotFound, Unprocessable, Forbidden.

    A mail address that a user gives for themselves is unconfirmed: a code goes there.
    """
    return UserView.of(await crud.change(services, caller, USERS_BY_HAND, user_id, data))


@delete("/users/{user_id:str}", tags=["Users"], opt=NEEDS_SERVICE)
async def delete_user(user_id: str, services: Services, caller: Caller) -> None:
    """Erase a user and all their data. Raises Forbidden, NotFound."""
    await crud.remove(services, caller, USERS, user_id)


@post("/users/{user_id:str}/visit", status_code=200, tags=["Users"])
async def record_visit(user_id: str, services: Services, caller: Caller) -> UserView:
    """Record the user's visit, which engagement counts from. Raises NotFound, Forbidden."""
    visit = {"lastVisitAt": to_text(services.clock.now())}
    return UserView.of(await crud.change(services, caller, USERS, user_id, visit))


@get("/users/{user_id:str}/preferences", tags=["Users"])
async def get_preferences(user_id: str, services: Services, caller: Caller) -> PreferencesView:
    """The user's brief preferences; inactive defaults if none were set. Raises NotFound."""
    await crud.visible(services, caller, USERS, user_id)
    row = await store.row_of(services.db, PREFERENCES.name, user_id)
    return PreferencesView.of(row) if row else PreferencesView(user_id=user_id)


@put("/users/{user_id:str}/preferences", tags=["Users"], opt=reads(PREFERENCES))
async def put_preferences(
    user_id: str, data: Json, services: Services, caller: Caller
) -> PreferencesView:
    """Set the given preferences; others keep their value, or get their default the first time.

    Raises NotFound, Forbidden, Unprocessable.
    """
    await crud.visible(services, caller, USERS, user_id)
    return PreferencesView.of(await crud.put(services, caller, PREFERENCES, user_id, data))


ROUTES: list[Any] = [
    post_sync,
    list_users,
    create_user,
    get_user,
    change_user,
    delete_user,
    record_visit,
    get_preferences,
    put_preferences,
    *item_routes.ROUTES,
    *person_routes.ROUTES,
]
