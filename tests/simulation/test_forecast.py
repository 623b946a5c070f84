"""The forecast against the days that then come, without faults: the very same deliveries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from tests.simulation.generate_plan import make
from tests.simulation.oracle_briefs import HEADING, day_named
from tests.simulation.oracle_reminders import EVENT, NOTE
from tests.simulation.plan import DAY, Item, Options, Plan
from tests.simulation.process_run import quiet_logs
from tests.simulation.user_actions import ZONES
from tests.simulation.wall_time import instant, wall_instant
from tests.simulation.world import story_of

SETTLED = 2.3 * DAY


@pytest.fixture(autouse=True)
def _quiet_logs() -> Iterator[None]:
    with quiet_logs():
        yield


@pytest.mark.parametrize("seed", [1])
def test_the_days_come_as_they_were_foretold(seed: int) -> None:
    plan = make(seed, days=7, people=8, options=Options(faults_a_day=0, deeds_a_day=3, guests=2))
    early = [item for item in plan.items if item.at < SETTLED - 100]
    far = [
        Item(at=SETTLED - 50, do="sync", who=f"u{n:02d}", body={"events": [_far(plan, n, d)]})
        for n in range(8)
        for d in (1, 2, 3)
    ]
    asked = Item(at=SETTLED, do="forecast", body={"days": 4})
    story = story_of(replace(plan, items=[*early, *far, asked]), with_model=False)
    answer = next(f["answer"] for f in story if f["what"] == "acked" and f["do"] == "forecast")
    begin, end = instant(answer["since"]), instant(answer["until"])
    told = sorted(
        (
            one["userId"],
            one.get("briefDate") or one.get("eventId") or one["kind"],
            instant(one["at"]),
        )
        for one in answer["deliveries"]
        if one["outcome"] == "send"
    )
    came = sorted(_arrival(fact) for fact in story if fact["what"] in ("mail", "sms"))
    came = [one for one in came if begin < one[2] <= end]
    assert [one[:2] for one in told] == [one[:2] for one in came]
    for said, seen in zip(told, came, strict=True):
        assert timedelta(0) <= seen[2] - said[2] < timedelta(seconds=5), (said, seen)
    assert len([one for one in told if "e" in one[1]]) > 5
    assert any(one["outcome"] == "skip" for one in answer["deliveries"])
    assert any(one.get("reason") == "nothing_to_tell" for one in answer["deliveries"])
    assert any("movedFrom" in one for one in answer["deliveries"])


def _far(plan: Plan, number: int, day: int) -> dict[str, Any]:
    """A visit soon after the night, when most quiet hours have just ended."""
    zone = ZONES[(number + plan.seed) % len(ZONES)]
    date = instant(f"{plan.start}T00:00:00+00:00").date() + timedelta(days=day + 2)
    name = f"u{number:02d}e{900 + day}"
    return {
        "id": name,
        "userId": f"u{number:02d}",
        "title": f"Visit {name}x owner-u{number:02d}",
        "startAt": wall_instant(date, time(7, 40), zone).isoformat(),
    }


def _arrival(fact: dict[str, Any]) -> tuple[str, str, Any]:
    at = instant(fact["box"])
    if fact["what"] == "sms":
        note = NOTE.search(fact["body"])
        if note is not None:
            return note[1][:3], "message", at
        named = EVENT.search(fact["body"])
        assert named is not None
        return named[1][:3], named[1], at
    named = HEADING.match(fact["text"])
    assert named is not None
    return fact["to"][:3], day_named(named[1]).isoformat(), at
