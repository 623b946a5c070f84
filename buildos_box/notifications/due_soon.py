"""Notifies of tasks that are due soon, once for each due time.

A task due at an instant is announced when that is within the user's lead time. A task due on a day
is announced in the morning of that day in the user's time zone.

The rules: docs/spec.md#due-soon.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.clock import Instant, at_wall_time, day_bounds, from_text, local_day, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.jobs.crons import Cron
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_
from buildos_box.notifications import due_store
from buildos_box.notifications.outgoing import notify
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import find_language

MORNING = time(9)
STILL_MORNING = timedelta(hours=3)
"""How long after 9 o'clock a task due today is still announced; not one added in the afternoon."""
BATCH = 200
TODAY = N_("today")
AT = N_("at {time}")
TOMORROW_AT = N_("tomorrow at {time}")
ON_DAY_AT = N_("on {day} at {time}")


class DueSoonSummary(msgspec.Struct, frozen=True):
    """The number of tasks that were announced."""

    timed: int
    all_day: int


def morning_days(zones: Iterable[str], now: Instant) -> dict[str, str]:
    """The zones where it is morning now, each with its local day; an unknown zone counts as UTC."""
    found = {}
    for name in zones:
        zone = zone_or_utc(name)
        day = local_day(now, zone)
        begins = at_wall_time(day, MORNING, zone)
        if begins <= now < begins + STILL_MORNING:
            found[name] = day.isoformat()
    return found


def due_text(due_at: Instant | None, now: Instant, zone: ZoneInfo, language: Language) -> str:
    """When the task is due in the user's time zone: `today`, `at 14:00`, `tomorrow at 14:00`."""
    if due_at is None:
        return language.say(TODAY)
    day, today = local_day(due_at, zone), local_day(now, zone)
    text = ON_DAY_AT
    if day == today:
        text = AT
    elif day == today + timedelta(days=1):
        text = TOMORROW_AT
    return language.say(text, day=language.short_day(day), time=language.clock_time(due_at, zone))


def stale_from(task: Row, zone: ZoneInfo) -> Instant:
    """When the announcement becomes stale: the due time, or the end of the due day."""
    if task["due_at"] is not None:
        return from_text(task["due_at"])
    return day_bounds(date.fromisoformat(task["due_date"]), zone)[1]


async def task_due_soon(_due: Instant, services: Services) -> DueSoonSummary:
    """Announce every task that is due soon and was not announced for that due time."""
    now = services.clock.now()
    days = morning_days(await due_store.zones(services.db), now)

    async def next_timed() -> list[Row]:
        return await due_store.timed(services.db, now, BATCH)

    async def next_all_day() -> list[Row]:
        return await due_store.all_day(services.db, days, BATCH) if days else []

    return DueSoonSummary(
        await _notify_all(services, now, next_timed), await _notify_all(services, now, next_all_day)
    )


async def _notify_all(
    services: Services, now: Instant, next_batch: Callable[[], Awaitable[list[Row]]]
) -> int:
    """Announce in batches; an announced task is not found again. Returns the number of tasks."""
    count = 0
    while tasks := await next_batch():
        batch = tasks

        def notify_batch(tx: Tx, batch: list[Row] = batch) -> None:
            for task in batch:
                _notify_of(tx, services, task, now)

        await services.db.write(notify_batch)
        count += len(batch)
    return count


def _notify_of(tx: Tx, services: Services, task: Row, now: Instant) -> None:
    if workspace.find_user(tx, task["user_id"]) is None:
        return  # deleted since the batch was read
    zone = zone_or_utc(task["timezone"])
    due_at = from_text(task["due_at"]) if task["due_at"] else None
    notify(
        tx,
        services,
        user_id=task["user_id"],
        event_type="task.due_soon",
        payload={
            "taskId": task["id"],
            "taskName": task["title"],
            "projectName": task["project"],
            "when": due_text(due_at, now, zone, find_language(tx, services, task["user_id"])),
            "dueAt": task["due_at"],
        },
        correlation_id=None,
        stale_at=stale_from(task, zone),
        once_key=due_store.once_key(task),
        actor="cron:task_due_soon",
    )


TASK_DUE_SOON = Cron(
    name="task_due_soon",
    schedule="*/15 * * * *",
    does="Notifies of tasks that are due soon",
    run=task_due_soon,
    lookback=timedelta(hours=3),
)
