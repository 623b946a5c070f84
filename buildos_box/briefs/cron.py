"""The hourly cron: queues the briefs due in the coming hour, reading only users that are due."""

from datetime import timedelta
from functools import partial

import msgspec

from buildos_box.briefs import store
from buildos_box.briefs.planning import Outcome, plan_user
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron
from buildos_box.services import Services

HORIZON = timedelta(hours=1)
BATCH = 200


class BriefsSummary(msgspec.Struct, frozen=True, rename="camel"):
    """What one run of the cron did."""

    due: int
    queued: int
    skipped: int


async def schedule_briefs(_due: Instant, box: Services) -> BriefsSummary:
    """Queue or skip every user whose next run is near; each batch is one transaction."""
    buffer = timedelta(seconds=box.settings.briefs.pre_generation_buffer_seconds)
    horizon = box.clock.now() + HORIZON + buffer
    outcomes: list[Outcome] = []
    while True:
        due = await store.due_before(box.db, horizon, BATCH)
        users = [entry.user_id for entry in due]
        if not users:
            break
        batch = await box.db.write(partial(_plan_all, box=box, users=users))
        outcomes.extend(batch)
        if all(outcome == "not_yet" for outcome in batch):
            break
    return BriefsSummary(
        due=len(outcomes),
        queued=outcomes.count("queued"),
        skipped=outcomes.count("skipped"),
    )


def _plan_all(tx: Tx, box: Services, users: list[str]) -> list[Outcome]:
    return [plan_user(tx, box, user_id) for user_id in users]


BRIEFS = Cron(
    name="briefs",
    schedule="0 * * * *",
    does="Queues the briefs that are due in the coming hour",
    run=schedule_briefs,
    lookback=timedelta(hours=1),
)
