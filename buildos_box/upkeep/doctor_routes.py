"""`GET /doctor`: the checks of the running server, with the settings and variables that it has."""

import asyncio
from typing import Any

import msgspec
from litestar import get

from buildos_box.auth.scope_guard import NEEDS_ADMIN
from buildos_box.errors import Unprocessable
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool
from buildos_box.upkeep.findings import Finding, fault, ok, warning
from buildos_box.upkeep.reload import Reloader

_LOOKING = ThreadPool("doctor", 1)


class Examination(msgspec.Struct, frozen=True):
    """Every finding, and whether none of them is a fault."""

    ok: bool
    findings: list[Finding]


@get("/doctor", tags=["Health"], opt=NEEDS_ADMIN)
async def doctor(services: Services, reloader: Reloader, offline: bool = False) -> Examination:
    """Check everything that this server depends on; with `offline` only its machine.

    Providers are called and mail servers logged in to, but nothing is sent to users. Raises
    Forbidden.
    """
    # In a thread with a loop of its own, because the database is read whole.
    found = await _LOOKING.run(_examine, services, offline)
    found = [*_in_force(reloader), *found]
    return Examination(all(finding.level != "fault" for finding in found), found)


def _examine(services: Services, offline: bool) -> list[Finding]:
    from buildos_box.upkeep.doctor import examine  # seldom needed, and it needs much

    async def look() -> list[Finding]:
        checks = examine(services.settings, services.clock, offline=offline)
        return [finding async for finding in checks]

    return asyncio.run(look())


def _in_force(reloader: Reloader) -> list[Finding]:
    """Whether the configuration is the one that this process read."""
    name = "configuration"
    try:
        live, at_start = reloader.pending()
    except Unprocessable as error:
        faults = "; ".join(f"{one.field}: {one.message}" for one in error.details)
        said = f"has faults, so the next start would fail: {faults}"
        return [fault(name, said, "buildos-box config check")]
    found = []
    if live:
        said = f"has changed since it was read: {', '.join(live)}"
        found.append(warning(name, said, f"buildos-box reload to apply: {', '.join(live)}"))
    if at_start:
        said = f"has changed since the start: {', '.join(at_start)}"
        found.append(warning(name, said, f"restart to apply: {', '.join(at_start)}"))
    return found or [ok(name, "is in force as it is now")]


ROUTES: list[Any] = [doctor]
