"""Adding the first person while nothing serves: the API of a box that is opened for one request."""

import asyncio
from pathlib import Path
from typing import Any, cast

import httpx

from buildos_box.client import BoxRefused
from buildos_box.errors import BoxError
from buildos_box.settings import Settings

Json = dict[str, Any]


def add_offline(settings: Settings, user: Json) -> Json:
    """The new user. Raises BoxRefused as over HTTP, and what opening the data folder raises."""
    return asyncio.run(_add(settings, user))


async def _add(settings: Settings, user: Json) -> Json:
    from buildos_box import log
    from buildos_box.app import Box
    from buildos_box.auth.local_files import local_admin_token

    log.configure(fmt="console", level="WARNING", file=None)
    try:
        box = await Box.open(settings)
    except BoxError as error:
        raise BoxRefused(error.status, {"error": error.message, "code": error.code}) from error
    try:
        token = local_admin_token(Path(settings.data.dir))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(cast(Any, box.api)),
            base_url=settings.server.local_url,
            headers={"Authorization": f"Bearer {token}"},
        ) as http:
            answer = await http.post("/users", json=user)
    finally:
        await box.close()
    if answer.status_code >= 300:
        raise BoxRefused(answer.status_code, answer.json())
    made: Json = answer.json()
    return made
