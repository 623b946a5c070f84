"""A person's place over HTTP: given by name, looked up once (docs/spec.md#weather-place)."""

from typing import Any

import msgspec
from litestar import delete, get, put

from buildos_box.auth.caller import Caller
from buildos_box.db import Row, Tx
from buildos_box.errors import BoxError, NotFound, Unavailable, Unprocessable
from buildos_box.services import Services
from buildos_box.weather import open_meteo, store
from buildos_box.workspace import store as workspace

LONGEST = 100


class PlaceRequest(msgspec.Struct, frozen=True):
    """The name of a place, or its postal code."""

    place: str


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A user's place. `enabled` is whether this server writes the weather into briefs."""

    enabled: bool
    place: str | None
    label: str | None
    latitude: float | None
    longitude: float | None


def _view(services: Services, row: Row | None) -> PlaceView:
    return PlaceView(
        enabled=services.settings.weather.enabled,
        place=row["name"] if row else None,
        label=row["label"] if row else None,
        latitude=row["latitude"] if row else None,
        longitude=row["longitude"] if row else None,
    )


@get("/users/{user_id:str}/place", tags=["Users"])
async def get_place(user_id: str, services: Services, caller: Caller) -> PlaceView:
    """The place whose weather is in the user's brief. Raises NotFound for another user."""
    caller.require_user(user_id)
    return _view(services, await store.get_place(services.db, user_id))


@put("/users/{user_id:str}/place", tags=["Users"])
async def put_place(
    user_id: str, data: PlaceRequest, services: Services, caller: Caller
) -> PlaceView:
    """Look a place up by its name and store where it is.

    Raises NotFound (another or unknown user), Unprocessable (the weather is off; a place that is
    not known), Unavailable (the service cannot be asked).
    """
    caller.require_user(user_id)
    name = " ".join(data.place.split())
    if not services.settings.weather.enabled:
        raise Unprocessable.field("place", "the weather is off on this server ([weather])")
    if not 2 <= len(name) <= LONGEST or not name.isprintable():
        raise Unprocessable.field("place", f"must have 2 to {LONGEST} characters")
    user = await workspace.get_user(services.db, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    before = await store.get_place(services.db, user_id)
    if before is not None and name in (before["name"], before["label"]):
        return _view(services, before)
    try:
        found = await open_meteo.find_place(
            services.egress, services.settings.weather, name, user.country
        )
    except BoxError as error:
        raise Unavailable(f"places cannot be looked up now: {error.message}") from error
    if found is None:
        raise Unprocessable.field("place", f"no place called {name!r} is known")
    now = services.clock.now()

    def save(tx: Tx) -> None:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"there is no user {user_id}")
        store.set_place(
            tx,
            user_id,
            name=found.name[:LONGEST],
            label=found.label,
            latitude=found.latitude,
            longitude=found.longitude,
            now=now,
        )

    await services.db.write(save)
    return _view(services, await store.get_place(services.db, user_id))


@delete("/users/{user_id:str}/place", status_code=204, tags=["Users"])
async def delete_place(user_id: str, services: Services, caller: Caller) -> None:
    """Forget a user's place. Raises NotFound for another user, and where there is none."""
    caller.require_user(user_id)
    if not await services.db.write(lambda tx: store.remove_place(tx, user_id)):
        raise NotFound("there is no place")


ROUTES: list[Any] = [get_place, put_place, delete_place]
