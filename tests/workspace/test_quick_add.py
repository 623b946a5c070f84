"""A task from one line (docs/spec.md#quick-add)."""

import contextlib
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from buildos_box.clock import Instant
from buildos_box.workspace.quick_add import read_quick_task
from tests.world import BoxWorld

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)  # a Wednesday, 17:30 in Berlin
FRIDAY_FIVE = datetime(2026, 11, 27, 16, tzinfo=UTC)


def test_a_line_says_all_of_a_task() -> None:
    found = read_quick_task("Pay rent friday 17:00 #Home !high", BERLIN, NOW)
    assert (found.title, found.due, found.project, found.priority) == (
        "Pay rent", FRIDAY_FIVE, "Home", "high")  # fmt: skip


@pytest.mark.parametrize(
    ("line", "title", "due"),
    [
        ("Call mum", "Call mum", None),
        ("Call mum by tomorrow 5pm", "Call mum", datetime(2026, 11, 26, 16, tzinfo=UTC)),
        ("Pay on 2026-12-01", "Pay", date(2026, 12, 1)),
        ("Bring it in 3 days", "Bring it", date(2026, 11, 28)),
        ("Bike for 3 days", "Bike for 3 days", None),
        ("Review next week", "Review", date(2026, 11, 30)),
        ("Friday", "Friday", None),
        ("Read the friday report", "Read the friday report", None),
        ("Run 18:00", "Run", datetime(2026, 11, 25, 17, tzinfo=UTC)),
        ("Run at 9:15", "Run", datetime(2026, 11, 26, 8, 15, tzinfo=UTC)),
    ],
)
def test_the_due_time_stands_at_the_end(line: str, title: str, due: date | Instant | None) -> None:
    found = read_quick_task(line, BERLIN, NOW)
    assert (found.title, found.due) == (title, due)


@pytest.mark.parametrize(
    ("line", "title", "project", "priority"),
    [
        ("#Move-house pack !u", "pack", "Move house", "urgent"),
        ("Fix #12 now!", "Fix #12 now!", None, None),
        ("Say ! and !!", "Say ! and !!", None, None),
        ("One #a #b", "One #b", "a", None),
    ],
)
def test_marks_may_stand_anywhere(
    line: str, title: str, project: str | None, priority: str | None
) -> None:
    found = read_quick_task(line, BERLIN, NOW)
    assert (found.title, found.project, found.priority) == (title, project, priority)


@for_all(st.text(max_size=60))
def test_no_line_breaks_the_reading(line: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_quick_task(line, BERLIN, NOW).title


async def test_the_route_knows_the_persons_projects_and_zone(box: BoxWorld) -> None:
    await box.person("ada", zone="Europe/Berlin")
    await box.project("ada", "Move house")
    path = "/users/ada/quick-add"
    found = await box.get(path, params={"text": "Pack tomorrow 17:00 #move !low"})
    assert found == {
        "title": "Pack", "dueDate": None, "dueAt": "2024-10-24T15:00:00.000Z", "priority": "low",
        "projectId": "ada-move-house", "projectName": "Move house"}  # fmt: skip
    unknown = await box.get(path, params={"text": "Dig friday #Garden"})
    assert (unknown["dueDate"], unknown["projectId"], unknown["projectName"]) == (
        "2024-10-25", None, "Garden")  # fmt: skip
    refused = await box.call("GET", path, params={"text": "#Garden"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "text")
