"""Limits on costly actions for one user per UTC day."""

from datetime import timedelta
from typing import Literal

from buildos_box.auth import limits_store as store
from buildos_box.auth.caller import Caller
from buildos_box.clock import Instant
from buildos_box.db import DbContext, Tx
from buildos_box.errors import RateLimited

DailyLimit = Literal["briefs_per_day", "jobs_per_day", "sms_per_day"]
"""A key of `[limits]`."""


def take(tx: Tx, context: DbContext, caller: Caller, user_id: str, name: DailyLimit) -> None:
    """Count one against that limit of an existing user; an admin is not limited.

    Raises RateLimited once the limit is reached; `retry_after` is the time to the next UTC
    midnight.
    """
    limit = int(getattr(context.settings.limits, name))
    if caller.is_admin or not limit:
        return
    now = context.clock.now()
    if store.count_one(tx, user_id, name, now.date()) > limit:
        raise RateLimited(
            f"user {user_id} has reached limits.{name} ({limit}) for today (UTC)",
            retry_after=next_day(now) - now,
        )


def count(tx: Tx, user_id: str, name: DailyLimit, now: Instant) -> None:
    """Count one without checking the limit."""
    store.count_one(tx, user_id, name, now.date())


def spend(tx: Tx, user_id: str, name: str, amount: int, now: Instant) -> None:
    """Count an amount that is known only afterwards."""
    store.add_usage(tx, user_id, name, now.date(), amount)


def spent(tx: Tx, user_id: str, name: str, now: Instant) -> int:
    """How much was counted today."""
    return store.usage(tx, user_id, name, now.date())


def is_reached(tx: Tx, context: DbContext, user_id: str, name: DailyLimit) -> bool:
    """Whether the user has reached the limit."""
    limit = int(getattr(context.settings.limits, name))
    return bool(limit) and store.usage(tx, user_id, name, context.clock.now().date()) >= limit


def day_start(now: Instant) -> Instant:
    """The UTC midnight at which the current day began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(now: Instant) -> Instant:
    """The UTC midnight at which the limits start again."""
    return day_start(now) + timedelta(days=1)
