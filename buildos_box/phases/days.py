"""The days of phases as a person plans with them.

The rules: docs/spec.md#phases-days.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from buildos_box.phases.model import Phase, PlanTask


def with_days_ahead(
    phases: tuple[Phase, ...], tasks: Iterable[PlanTask], today: date
) -> tuple[Phase, ...]:
    """The phases with no day before today, and none that ends before one that it waits for.

    A phase whose tasks are all done has no days. What has no day stays without.
    """
    known = {task.id: task for task in tasks}
    home = {task_id: index for index, phase in enumerate(phases) for task_id in phase.task_ids}
    ends: list[date | None] = []
    dated = []
    for index, phase in enumerate(phases):
        inside = [known[task_id] for task_id in phase.task_ids]
        awaited = {home[a] for task in inside for a in task.after if a in home} - {index}
        first, last = _days(phase, inside, [ends[a] for a in awaited if a < index], today)
        ends.append(last)
        dated.append(msgspec.structs.replace(phase, start_date=first, end_date=last))
    return tuple(dated)


def _days(
    phase: Phase, tasks: list[PlanTask], awaited: list[date | None], today: date
) -> tuple[date | None, date | None]:
    if all(task.done for task in tasks):
        return None, None
    last = phase.end_date
    if last is not None:
        last = max(last, today, *(end for end in awaited if end is not None))
    first = max(phase.start_date, today) if phase.start_date is not None else None
    return (min(first, last) if first and last else first), last
