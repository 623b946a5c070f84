"""Outlook's CSV of tasks and of a calendar, as its English version writes them."""

from collections.abc import Iterable, Iterator

from buildos_box.imports.programs.program import (
    IN_MONTH_FIRST_ORDER,
    Meaning,
    Program,
    Record,
    is_true,
)

_STATUS = {"waitingonsomeoneelse": "blocked", "deferred": "todo"}


def _tasks(records: Iterable[Record]) -> Iterator[Meaning]:
    from buildos_box.imports.csv_columns import plain

    for record in records:
        status = _STATUS.get(plain(record.get("status", "")))
        yield Meaning(fields={"status": status} if status else {})


def _events(records: Iterable[Record]) -> Iterator[Meaning]:
    """An all-day event ends at the midnight after its last day."""
    for record in records:
        all_day = is_true(record.get("alldayevent", ""))
        fields = {"start time": "", "end time": "", "end before": "yes"} if all_day else {}
        yield Meaning(fields=fields)


OUTLOOK_TASKS = Program(
    name="outlook-tasks",
    title="Outlook tasks",
    signature=("Subject", "Due Date", "Date Completed", "% Complete", "Sensitivity"),
    columns={"completed": ("Date Completed",), "status": ("Status",), "priority": ("Priority",)},
    meanings=_tasks,
    month_first=IN_MONTH_FIRST_ORDER,
)
OUTLOOK_CALENDAR = Program(
    name="outlook-calendar",
    title="Outlook calendar",
    kind="events",
    signature=("Subject", "Start Date", "Start Time", "All day event", "Reminder on/off"),
    meanings=_events,
    month_first=IN_MONTH_FIRST_ORDER,
)
