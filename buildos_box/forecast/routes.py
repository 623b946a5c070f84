"""`GET /schedule/forecast`, which sends and writes nothing."""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from buildos_box.auth.caller import Caller
from buildos_box.briefs.forecast import ExpectedBrief, expected_briefs
from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.errors import NotFound
from buildos_box.services import Services
from buildos_box.sms.forecast import ExpectedSms, expected_sms
from buildos_box.workspace import store as workspace

Days = Annotated[int, Parameter(ge=1, le=62, description="How many days to look ahead.")]
Limit = Annotated[
    int, Parameter(ge=1, le=5000, description="The most deliveries in the answer, soonest first.")
]


class Expected(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One delivery of the forecast; `outcome` is `send` or `skip`."""

    user_id: str
    kind: str
    """`brief`, `reminder` or `message`."""
    channel: str
    at: str
    outcome: str
    reason: str | None = None
    """Why it is skipped or comes later."""
    moved_from: str | None = None
    """When it would have been sent without quiet hours."""
    brief_date: str | None = None
    event_id: str | None = None
    title: str | None = None
    event_start_at: str | None = None


class Forecast(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The forecast, soonest first; `more` if the limit was reached."""

    since: str
    until: str
    deliveries: list[Expected]
    more: bool


@get("/schedule/forecast", tags=["Schedule"])
async def get_forecast(
    services: Services, caller: Caller, days: Days = 7, user: str | None = None, limit: Limit = 1000
) -> Forecast:
    """What will be sent to whom in the coming days, what will be skipped, and why.

    Without `user`, for every user that the caller may see. Raises NotFound.
    """
    only = caller.only_user if user is None else user
    if only is not None:
        caller.require_user(only)
    now = services.clock.now()
    until = now + timedelta(days=days)
    found = await services.db.read(lambda tx: expected(tx, services, only, now, until))
    found.sort(key=lambda one: (one.at, one.user_id, one.kind, one.event_id or ""))
    return Forecast(
        since=to_text(now),
        until=to_text(until),
        deliveries=found[:limit],
        more=len(found) > limit,
    )


def expected(
    tx: Tx, services: Services, only: str | None, now: Instant, until: Instant
) -> list[Expected]:
    """Every expected delivery until then. Raises NotFound for an unknown user."""
    if only is not None and workspace.find_user(tx, only) is None:
        raise NotFound(f"there is no user {only}", code="user_not_found")
    found: list[Expected] = []
    for user_id in [only] if only is not None else workspace.user_ids(tx):
        found += map(_brief, expected_briefs(tx, services, user_id, now, until))
        found += map(_sms, expected_sms(tx, services, user_id, now, until))
    return found


def _brief(one: ExpectedBrief) -> Expected:
    return Expected(
        user_id=one.user_id,
        kind="brief",
        channel="email",
        at=to_text(one.at),
        outcome="skip" if one.skipped else "send",
        reason=one.skipped or one.retried,
        brief_date=one.day.isoformat(),
    )


def _sms(one: ExpectedSms) -> Expected:
    return Expected(
        user_id=one.user_id,
        kind=one.kind,
        channel=one.channel,
        at=to_text(one.at),
        outcome="skip" if one.skipped else "send",
        reason=one.skipped or one.moved or one.retried,
        moved_from=to_text(one.wanted_at) if one.moved else None,
        event_id=one.event_id,
        title=one.title,
        event_start_at=to_text(one.start_at) if one.start_at else None,
    )


ROUTES = [get_forecast]
