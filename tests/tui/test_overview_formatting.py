"""The sentences of the Overview."""

from datetime import UTC, datetime
from typing import Any

import pytest

from buildos_box.tui.formatting import moment
from buildos_box.tui.overview_formatting import (
    aligned,
    backlog_lines,
    cost_line,
    delivery_lines,
    fitted,
    trouble,
)

NOW = datetime(2024, 10, 23, 8, 10, tzinfo=UTC)


def at(text: str | None) -> str:
    return moment(text, NOW, utc=True)


def failing(name: str, count: int, since: str | None) -> dict[str, Any]:
    return {"jobType": name, "failed": [0, count], "failingSince": since}


def lane(name: str, waiting: int, user: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "waiting": waiting,
        "oldestDue": "2024-10-23T08:05:00Z",
        "busiestUser": user,
        "busiestUserWaiting": waiting - 1,
        "paused": False,
        "clearInSeconds": 240,
        "endedPerMinute": 2.5,
    }


@pytest.mark.parametrize(
    ("since", "words"),
    [("2024-10-23T07:41:05Z", "send_sms (all since 07:41:05)"), (None, "send_sms")],
)
def test_a_type_that_only_fails_tells_since_when(since: str | None, words: str) -> None:
    (line,) = trouble(
        failed=8, hours=[failing("send_sms", 8, since)], pauses=[], providers=[], budget={},
        reasons=[], alerts=[], at=at,
    )  # fmt: skip
    assert line == f"! 8 failed in the last hour: {words}   [f] show"


def test_a_backlog_tells_when_it_is_gone_and_whose_it_is() -> None:
    lanes = [lane("email", 10, "ada"), lane("llm", 3, None)]
    lines = backlog_lines(lanes, NOW, at, 2)
    assert lines[0] == "due     email 10 for 5 min: 2.5/min, clear in about 4 min (08:14:00)"
    assert lines[2:] == ["most    ada 9 in email"]
    assert max(map(len, lines)) <= 80


def test_models_tell_what_they_cost_today_and_in_a_week() -> None:
    budget = {"spentUsd": 0.5, "spentTokens": 900, "limitUsd": 1.0}
    week = {"series": [{"costUsd": [1.0, 0, 2.25], "calls": [3, 0, 1]}]}
    assert cost_line(budget, week) == "   today $0.50 of $1.00   7 days $3.25 (4 calls)"
    assert cost_line({}, {"series": []}) == ""


def test_cells_stand_below_each_other() -> None:
    assert aligned([("a", "long", "x"), ("bcd", "e", "")]) == ["a   long x", "bcd e"]
    assert aligned([]) == []


def test_a_delivery_has_the_channel_as_the_list_of_them_has_it() -> None:
    message = {
        "at": "2024-10-23T08:00:00Z", "status": "sent", "channel": "in_app", "userId": "ada",
        "reason": None, "text": "Hello",
    }  # fmt: skip
    assert delivery_lines([message], at) == ["08:00:00 ✓ sent in-app ada Hello"]


@pytest.mark.parametrize(
    ("room", "lines"),
    [
        (12, ["A", "  1", "  2", "  3", "", "B", "  1", "  2", "", "C: none", ""]),
        (9, ["A", "  1", "  2", "", "B", "  1", "", "C: none", ""]),
        (6, ["A", "  1", "", "B", "  1", ""]),
        (2, ["C: none", ""]),
        (0, []),
    ],
)
def test_sections_share_the_room(room: int, lines: list[str]) -> None:
    sections: list[tuple[str, list[str]]] = [("A", ["1", "2", "3"]), ("B", ["1", "2"]), ("C", [])]
    assert fitted(sections, room) == lines
