"""What `buildos-box init` tries before it writes: the login at the mail server, and the model."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx

from buildos_box.settings import Settings
from buildos_box.upkeep.findings import Finding

Check = Callable[[Settings, httpx.AsyncClient], AsyncIterator[Finding]]


def mail_findings(settings: Settings) -> list[Finding]:
    """Whether mail can be handed over, by a login."""
    from buildos_box.upkeep import remote_checks

    return asyncio.run(_all(remote_checks.mail, settings))


def model_findings(settings: Settings) -> list[Finding]:
    """Whether each language model answers, by a small real call."""
    from buildos_box.upkeep import remote_checks

    return asyncio.run(_all(remote_checks.language_models, settings))


def faults_of(settings: Settings) -> list[Finding]:
    """Everything that does not work."""
    found = [*mail_findings(settings), *model_findings(settings)]
    return [finding for finding in found if finding.level == "fault"]


async def _all(check: Check, settings: Settings) -> list[Finding]:
    from buildos_box.egress.redirects import HOOKS

    async with httpx.AsyncClient(follow_redirects=False, event_hooks=HOOKS) as http:
        return [finding async for finding in check(settings, http)]
