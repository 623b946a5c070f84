"""Writing less often to users who have stopped visiting.

Stages are ranges of days, not single days, so that a missed run of the scheduler skips no stage.

The rules: docs/spec.md#brief-engagement.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Stage = Literal["standard", "first_reengagement", "second_reengagement", "dormant"]

RESTS_FROM = 3
FIRST_FROM = 4
SECOND_FROM = 14
DORMANT_FROM = 60
FIRST_COUNTS_FROM = timedelta(days=2)
BETWEEN_FIRST_AND_SECOND = timedelta(days=10)
BETWEEN_SECOND_AND_CHECK_IN = timedelta(days=30)
BETWEEN_CHECK_INS = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a brief of that stage."""

    stage: Stage
    days_since_visit: int | None

    @property
    def is_reengagement(self) -> bool:
        """Whether the brief is a re-engagement brief."""
        return self.stage != "standard"


@dataclass(frozen=True, slots=True)
class Rest:
    """Send nothing for now."""

    reason: str


def decide(today: date, last_visit: date | None, last_reengagement: date | None) -> Send | Rest:
    """What to send on `today`, a local day, to a user who last visited on `last_visit`.

    No visit on record: standard. Days 0–2: standard; 3: nothing; from 4: one re-engagement brief,
    if none was sent since two days after the visit; from 14: a second one, if the last is at least
    10 days old; from 60: a check-in, if the second is at least 30 days old, then at most one every
    90 days, counted from the last.
    """
    if last_visit is None:
        return Send("standard", None)
    days = (today - last_visit).days
    if days < RESTS_FROM:
        return Send("standard", max(days, 0))
    if days < FIRST_FROM:
        return Rest("resting after the last visit")
    if days < SECOND_FROM:
        since_visit = last_visit + FIRST_COUNTS_FROM
        if last_reengagement is not None and last_reengagement >= since_visit:
            return Rest("the first re-engagement brief was sent")
        return Send("first_reengagement", days)
    if days < DORMANT_FROM:
        return _second(today, last_visit, last_reengagement, days)
    return _check_in(today, last_visit, last_reengagement, days)


def _second(
    today: date, last_visit: date, last_reengagement: date | None, days: int
) -> Send | Rest:
    if last_reengagement is not None:
        if last_reengagement - last_visit >= timedelta(days=SECOND_FROM):
            return Rest("the second re-engagement brief was sent")
        if today - last_reengagement < BETWEEN_FIRST_AND_SECOND:
            return Rest("the last re-engagement brief is less than 10 days old")
    return Send("second_reengagement", days)


def _check_in(
    today: date, last_visit: date, last_reengagement: date | None, days: int
) -> Send | Rest:
    if last_reengagement is None:
        return Send("dormant", days)
    is_check_in = last_reengagement - last_visit >= timedelta(days=DORMANT_FROM)
    pause = BETWEEN_CHECK_INS if is_check_in else BETWEEN_SECOND_AND_CHECK_IN
    if today - last_reengagement < pause:
        last = "check-in" if is_check_in else "re-engagement brief"
        return Rest(f"the last {last} is less than {pause.days} days old")
    return Send("dormant", days)
