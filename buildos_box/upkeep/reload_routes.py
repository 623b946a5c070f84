"""The configuration in force over HTTP: what has changed since, and applying it."""

from typing import Any

import msgspec
from litestar import get, post

from buildos_box.auth.scope_guard import NEEDS_ADMIN, NEEDS_SERVICE
from buildos_box.settings.live import Changes
from buildos_box.upkeep.reload import Reloader


class ChangedKeys(msgspec.Struct, frozen=True, rename="camel"):
    """Keys that differ from what is in force."""

    reload: list[str]
    """Applied by `POST /configuration/reload`."""
    restart: list[str]
    """Applied by the next start."""

    @classmethod
    def of(cls, found: Changes) -> "ChangedKeys":
        """The answer for these changes."""
        return cls(found.live, found.at_start)


@get("/configuration/changes", tags=["Health"], opt=NEEDS_SERVICE)
async def changed_keys(reloader: Reloader) -> ChangedKeys:
    """Which keys have changed since they were read. Names only, never values.

    Raises Forbidden, Unprocessable with every fault of the configuration as it is now.
    """
    return ChangedKeys.of(reloader.pending())


@post("/configuration/reload", status_code=200, tags=["Health"], opt=NEEDS_ADMIN)
async def reload_configuration(reloader: Reloader) -> ChangedKeys:
    """Read the configuration again and apply what can be applied: `reload` was, `restart` was not.

    Raises Forbidden, Unprocessable with every fault; then nothing is applied.
    """
    return ChangedKeys.of(await reloader.reload())


ROUTES: list[Any] = [changed_keys, reload_configuration]
