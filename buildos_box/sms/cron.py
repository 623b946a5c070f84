"""Plans reminders at each user's own midnight, and for users whose midnight was missed.

The rules: docs/spec.md#sms-daily-plan.
"""

from datetime import timedelta

import msgspec

from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron
from buildos_box.services import Services
from buildos_box.sms import preferences_store
from buildos_box.sms.schedule_job import plan_today

BATCH = 200
LONGEST_DAY = timedelta(hours=26)
"""Longer than the time to any local midnight, also when clocks change."""


class DailySmsSummary(msgspec.Struct, frozen=True):
    """For how many users a day has begun, and how many of them want reminders."""

    due: int
    queued: int


async def daily_sms(_due: Instant, services: Services) -> DailySmsSummary:
    """Queue the day's plan of every user whose local midnight has passed, reading only those."""
    due, queued = 0, 0
    while users := await preferences_store.due(services.db, services.clock.now(), BATCH):
        batch = users

        def plan(tx: Tx, batch: list[str] = batch) -> int:
            return sum(plan_today(tx, services, user_id) for user_id in batch)

        queued += await services.db.write(plan)
        due += len(users)
    return DailySmsSummary(due, queued)


async def catch_all(_due: Instant, services: Services) -> DailySmsSummary:
    """Queue the day's plan of users whose next midnight is not stored, or too far ahead.

    That happens after a wrong clock, or an import while the server was stopped. Running it again
    adds nothing.
    """
    last, found = "", 0
    while users := await preferences_store.unplanned(
        services.db, services.clock.now() + LONGEST_DAY, last, BATCH
    ):
        batch = users

        def plan(tx: Tx, batch: list[str] = batch) -> int:
            return sum(plan_today(tx, services, user_id) for user_id in batch)

        found += await services.db.write(plan)
        last = users[-1]
    return DailySmsSummary(found, found)


DAILY_SMS = Cron(
    name="daily_sms",
    schedule="*/15 * * * *",
    does="Plans SMS reminders for each user whose local day has begun",
    run=daily_sms,
    lookback=timedelta(hours=24),
)
CATCH_ALL = Cron(
    name="daily_sms_catch_all",
    schedule="0 0 * * *",
    does="Plans the day of all who want SMS reminders and have no next day planned",
    run=catch_all,
    lookback=timedelta(hours=24),
)
