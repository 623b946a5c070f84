"""The day a task is due on, in zones on both sides of UTC.

Each sample names where its kind was reported, as project and number; the values are our own.
"""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from buildos_box.clock import from_text
from buildos_box.workspace.due_day import due_day
from buildos_box.workspace.model import Task

NOW = from_text("2025-03-01T00:00:00Z")


def task(due_date: str | None = None, due_at: str | None = None) -> Task:
    return Task(
        due_changed_at=None,
        blocked_at=None,
        id="t",
        project_id="p",
        title="Pay",
        description="",
        status="todo",
        priority="medium",
        start_date=None,
        due_date=date.fromisoformat(due_date) if due_date else None,
        due_at=from_text(due_at) if due_at else None,
        completed_at=None,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("source", "zone", "due", "day"),
    [
        (
            "mde/timezone-js 146",
            "Pacific/Auckland",
            {"due_at": "2025-03-09T20:00:00Z"},
            "2025-03-10",
        ),
        ("our own", "Pacific/Auckland", {"due_at": "2025-03-09T10:59:59Z"}, "2025-03-09"),
        ("our own", "Pacific/Auckland", {"due_at": "2025-03-09T11:00:00Z"}, "2025-03-10"),
        (
            "taskwarrior-tui 417",
            "America/Los_Angeles",
            {"due_at": "2022-03-20T00:00:00Z"},
            "2022-03-19",
        ),
        ("clickup-cli 126", "America/New_York", {"due_at": "2026-12-31T05:00:00Z"}, "2026-12-31"),
        (
            "warpdotdev/oz-for-oss 50",
            "America/Los_Angeles",
            {"due_at": "2026-03-25T06:00:00Z"},
            "2026-03-24",
        ),
        ("Markel15/FlowState 13", "America/Panama", {"due_date": "2026-05-14"}, "2026-05-14"),
        ("memrynote/memry 711", "America/Sao_Paulo", {"due_date": "2026-07-10"}, "2026-07-10"),
        ("mjdescy/TodoTxtMac 69", "Europe/Amsterdam", {"due_date": "2015-05-19"}, "2015-05-19"),
        ("our own", "Pacific/Kiritimati", {"due_at": "2025-12-30T10:00:00Z"}, "2025-12-31"),
        ("our own", "UTC", {"due_at": "2025-03-09T23:59:59Z"}, "2025-03-09"),
    ],
)
def test_a_task_is_due_on_its_owners_day(
    source: str, zone: str, due: dict[str, str], day: str
) -> None:
    assert due_day(task(**due), ZoneInfo(zone)) == date.fromisoformat(day), source


def test_without_a_date_there_is_no_day() -> None:
    assert due_day(task(), ZoneInfo("UTC")) is None
