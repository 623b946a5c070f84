"""An account at a server of the tests, and what comes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from buildos_box.settings import Settings
from buildos_box.settings.limits import LimitsSettings
from buildos_box.settings.model import EgressSettings
from tests.calendars.caldav.servers import PASSWORD, USER, DavServer
from tests.world import BoxWorld, open_world

LOGIN = {"username": USER, "password": PASSWORD}
PATH = "/users/ada/caldav-accounts"


def calendar(*components: str) -> str:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN")
    return "\r\n".join([*head, *components, "END:VCALENDAR", ""])


def component(kind: str, uid: str, *lines: str) -> str:
    head = (f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20241001T000000Z")
    return "\r\n".join([*head, *lines, f"END:{kind}"])


def vevent(uid: str, start: str, *more: str, title: str = "Standup") -> str:
    lines = (f"SUMMARY:{title}", f"DTSTART:{start}", "DURATION:PT30M", *more)
    return calendar(component("VEVENT", uid, *lines))


@asynccontextmanager
async def open_box(
    folder: Path, *, limits: LimitsSettings | None = None
) -> AsyncIterator[BoxWorld]:
    """A box that may reach this machine, with Ada."""
    egress = EgressSettings(allow_private=("127.0.0.1/32",))
    settings = Settings(egress=egress, limits=limits or LimitsSettings())
    async with open_world(folder, settings=settings) as box:
        await box.person()
        yield box


async def add(box: BoxWorld, server: DavServer, **more: Any) -> Any:
    """Ada's account there, synced for the first time."""
    made = await box.post(PATH, {"url": server.url, **LOGIN, "name": "Home", **more})
    await box.work()
    return made


async def account(box: BoxWorld) -> Any:
    (found,) = (await box.get(PATH))["items"]
    return found


async def collection(box: BoxWorld, name: str) -> Any:
    (found,) = [c for c in (await account(box))["collections"] if c["name"].lower() == name.lower()]
    return found


async def sync(box: BoxWorld) -> Any:
    """Sync the account now; the job of it."""
    found = await account(box)
    await box.post(f"{PATH}/{found['id']}/sync")
    await box.work()
    return await last_job(box)


async def last_job(box: BoxWorld) -> Any:
    return [job for job in await box.jobs() if job["job_type"] == "sync_caldav_account"][-1]
