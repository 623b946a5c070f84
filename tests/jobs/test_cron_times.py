"""When a cron is due: what Huey's reading of each minute, one by one, would find."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from huey import crontab
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.jobs.crons import Times

MINUTE = timedelta(minutes=1)
SCHEDULES = ("* * * * *", "*/5 * * * *", "7 0 * * 1", "30 4 1 * *", "0 */6 * * *", "59 23 * * *")
FROM = datetime(2024, 2, 1, tzinfo=UTC)


def minute_by_minute(schedule: str, at: datetime, step: timedelta) -> datetime:
    fits: Callable[[datetime], bool] = crontab(*schedule.split(), strict=True)
    while not fits(at.replace(tzinfo=None)):
        at += step
    return at


@settings(max_examples=60)
@given(st.sampled_from(SCHEDULES), st.integers(0, 400 * 86_400))
def test_the_next_and_the_last_due_minute_are_found(schedule: str, seconds: int) -> None:
    now = FROM + timedelta(seconds=seconds)
    whole = now.replace(second=0)
    times = Times(schedule)
    assert times.next_due(now) == minute_by_minute(schedule, whole + MINUTE, MINUTE)
    assert times.last_due(now) == minute_by_minute(schedule, whole, -MINUTE)
