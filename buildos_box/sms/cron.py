"""Plans reminders at each user's own midnight, and catches whom that missed.

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
"""No local midnight is further away, clocks changing or not."""


class DailySmsSummary(msgspec.Struct, frozen=True):
    """For how many a day has begun, and how many of them want reminders."""

    due: int
    queued: int


async def daily_sms(_due: Instant, box: Services) -> DailySmsSummary:
    """Queue the day of every user whose midnight has passed, reading only those."""
    due, queued = 0, 0
    while users := await preferences_store.due(box.db, box.clock.now(), BATCH):
        batch = users

        def plan(tx: Tx, batch: list[str] = batch) -> int:
            return sum(plan_today(tx, box, user_id) for user_id in batch)

        queued += await box.db.write(plan)
        due += len(users)
    return DailySmsSummary(due, queued)


async def catch_all(_due: Instant, box: Services) -> DailySmsSummary:
    """Queue the day of all whose next midnight is not noted, or absurdly far off.

    So it is after a clock that was wrong, or an import beside the box; a re-run adds nothing.
    """
    last, found = "", 0
    while users := await preferences_store.unplanned(
        box.db, box.clock.now() + LONGEST_DAY, last, BATCH
    ):
        batch = users

        def plan(tx: Tx, batch: list[str] = batch) -> int:
            return sum(plan_today(tx, box, user_id) for user_id in batch)

        found += await box.db.write(plan)
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
