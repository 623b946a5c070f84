"""The hourly cron: queues briefs that are due in the coming hour, reading only due users."""

from datetime import timedelta
from functools import partial
from typing import Literal

import msgspec

from buildos_box.briefs import store
from buildos_box.briefs.planning import Outcome, plan_user, reschedule
from buildos_box.briefs.schedule import HORIZON
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.jobs.crons import Cron
from buildos_box.log import logger
from buildos_box.services import Services

BATCH = 200
Result = Outcome | Literal["failed"]
log = logger(__name__)


class BriefsSummary(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The result of one run; users that `failed` are tried again by the next run."""

    due: int
    queued: int
    skipped: int
    failed: int = 0


async def schedule_briefs(_due: Instant, services: Services) -> BriefsSummary:
    """Queue or skip the brief of every user whose next run is near; each batch is
    one transaction.
    """
    buffer = timedelta(seconds=services.settings.briefs.pre_generation_buffer_seconds)
    horizon = services.clock.now() + HORIZON + buffer
    for user_id in await store.planned_too_far_ahead(services.db, services.clock.now()):
        await services.db.write(partial(reschedule, services=services, user_id=user_id))
    results: list[Result] = []
    left: set[str] = set()
    while True:
        due = await store.due_before(services.db, horizon, BATCH + len(left))
        users = [entry.user_id for entry in due if entry.user_id not in left]
        if not users:
            break
        batch = await _plan(services, users)
        results.extend(batch)
        # Users whose next run did not move would be found again in every batch.
        left.update(
            user
            for user, result in zip(users, batch, strict=True)
            if result in ("failed", "not_yet")
        )
    return BriefsSummary(
        due=len(results),
        queued=results.count("queued"),
        skipped=results.count("skipped"),
        failed=results.count("failed"),
    )


async def _plan(services: Services, users: list[str]) -> list[Result]:
    """Plan all users in one transaction; if it fails, each in its own, so that one cannot stop
    others.
    """
    try:
        return [*await services.db.write(partial(_plan_all, services=services, users=users))]
    except Exception:
        if len(users) == 1:
            log.exception("brief_not_planned", user_id=users[0])
            return ["failed"]
    return [result for user in users for result in await _plan(services, [user])]


def _plan_all(tx: Tx, services: Services, users: list[str]) -> list[Outcome]:
    return [plan_user(tx, services, user_id) for user_id in users]


BRIEFS = Cron(
    name="briefs",
    schedule="0 * * * *",
    does="Queues the briefs that are due in the coming hour",
    run=schedule_briefs,
    lookback=timedelta(hours=1),
)
