"""`doctor`: checks everything that the server depends on (docs/spec.md#doctor)."""

from collections.abc import AsyncIterator

import httpx

from buildos_box.clock import Clock
from buildos_box.egress.redirects import HOOKS
from buildos_box.settings import Settings
from buildos_box.upkeep import local_checks, provider_checks, remote_checks
from buildos_box.upkeep.findings import Finding, ok


async def examine(settings: Settings, clock: Clock, *, offline: bool) -> AsyncIterator[Finding]:
    """Every finding, as it is made. With `offline` only this machine is checked."""
    now = clock.now()
    for findings in (
        local_checks.program(),
        iter((ok("settings", "every key is known and possible"),)),
        local_checks.folder(settings),
        local_checks.running(settings),
        local_checks.open_file(settings),
        local_checks.database(settings, now),
        local_checks.backups(settings, now),
    ):
        for finding in findings:
            yield finding
    async for finding in remote_checks.port(settings):
        yield finding
    async for finding in remote_checks.health(settings):
        yield finding
    async for finding in remote_checks.push(settings):
        yield finding
    async for finding in remote_checks.egress(settings):
        yield finding
    if offline:
        return
    async with httpx.AsyncClient(follow_redirects=False, event_hooks=HOOKS) as http:
        for asked in (
            remote_checks.language_models(settings, http),
            remote_checks.mail(settings, http),
            remote_checks.sms(settings, http),
            provider_checks.chat(settings, http),
            provider_checks.weather(settings),
            remote_checks.public_address(settings, http),
        ):
            async for finding in asked:
                yield finding
