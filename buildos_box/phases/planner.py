"""The built-in planner: phases by dependency and due date, without a language model.

Finished tasks are in a first phase of their own. Any other task is in a later phase than what it
depends on, and not before the period in which it is due; a dependency is moved forward to the
period of its dependants. The same tasks always give the same plan.

The rules: docs/spec.md#phases-repair.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise

from buildos_box.llm.plain_text import plain
from buildos_box.locales.language import ENGLISH, Language
from buildos_box.phases import texts
from buildos_box.phases.cycles import before, named, strongly_connected_components
from buildos_box.phases.model import MOST_PHASES, Phase, Plan, PlanTask, Span, days_of

DAYS_A_PART, MOST_PARTS = 14, 4
BY_PRIORITY_FROM = 8
"""From this many tasks without any date on, periods are formed by priority."""
TITLE_CHARS = 60
_URGENCY = {"urgent": 0, "high": 0, "medium": 1, "low": 2}

__all__ = ["MOST_PHASES", "Phase", "Plan", "PlanTask", "Span", "plan"]


def plan(tasks: Iterable[PlanTask], span: Span | None = None, language: Language = ENGLISH) -> Plan:
    """The plan: every task once, none before one that it depends on unless both
    are in one cycle.
    """
    known = {task.id: task for task in tasks}
    groups = strongly_connected_components(known)
    home = {task_id: index for index, group in enumerate(groups) for task_id in group}
    waits = [{home[a] for a in before(group, known)} for group in groups]
    over = _over(groups, waits, known)
    rank = _ranks(groups, waits, over, known)
    used = sorted({rank[index] for index in range(len(groups)) if not over[index]})
    room = MOST_PHASES - any(over)
    width = -(-len(used) // room) or 1
    cells: dict[int, list[int]] = {}
    for index in range(len(groups)):
        cell = 0 if over[index] else 1 + bisect_left(used, rank[index]) // width
        cells.setdefault(cell, []).append(index)
    waited = Counter(a for t in known.values() if not t.done for a in set(t.after) if a in known)
    phases = []
    for number, cell in enumerate(sorted(cells), start=1):
        inside = [known[t] for index in cells[cell] for t in groups[index]]
        inside.sort(key=lambda t: (rank[home[t.id]], _key(t)))
        phases.append(_phase(number, inside, waited, cell == 0, span or Span(), language))
    return Plan(phases=tuple(phases), cycles=named(groups, known))


def _over(
    groups: list[list[str]], waits: list[set[int]], known: Mapping[str, PlanTask]
) -> list[bool]:
    """Which groups are finished together with all their dependencies."""
    over: list[bool] = []
    for index, group in enumerate(groups):
        over.append(all(known[t].done for t in group) and all(over[w] for w in waits[index]))
    return over


def _ranks(
    groups: list[list[str]],
    waits: list[set[int]],
    over: list[bool],
    known: Mapping[str, PlanTask],
) -> list[int]:
    """The rank of each group: at least its period, and after its dependencies."""
    part = _parts(
        [t for index, group in enumerate(groups) if not over[index] for t in group], known
    )
    wanted = [min((part[t] for t in group if t in part), default=0) for group in groups]
    for index in reversed(range(len(groups))):
        for other in waits[index]:
            wanted[other] = min(wanted[other], wanted[index])
    rank: list[int] = []
    for index in range(len(groups)):
        after = max((rank[w] + 1 for w in waits[index] if not over[w]), default=0)
        rank.append(0 if over[index] else max(wanted[index], after))
    return rank


def _parts(open_ids: list[str], known: Mapping[str, PlanTask]) -> dict[str, int]:
    """The period of each task by due date, or by priority if no task has a date."""
    tasks = [known[t] for t in open_ids]
    days = sorted({task.due for task in tasks if task.due})
    edges = _edges(days)
    if not days:
        parted = len(tasks) >= BY_PRIORITY_FROM
        return {task.id: _URGENCY.get(task.priority, 1) if parted else 0 for task in tasks}
    undated = {task.id: 0 if _URGENCY.get(task.priority, 1) == 0 else len(edges) for task in tasks}
    return {
        task.id: bisect_left(edges, task.due) if task.due else undated[task.id] for task in tasks
    }


def _edges(days: list[date]) -> list[date]:
    """The last day of each period but the last: two weeks or more, split at wide gaps."""
    if not days:
        return []
    length = (days[-1] - days[0]).days
    parts = min(1 + length // DAYS_A_PART, MOST_PARTS, len(days))
    edges = set()
    for number in range(1, parts):
        ideal = days[0] + timedelta(days=length * number / parts)
        edges.add(
            min(
                pairwise(days),
                key=lambda pair: (abs((pair[0] - ideal).days) - (pair[1] - pair[0]).days, pair[0]),
            )[0]
        )
    return sorted(edges)


def _phase(
    number: int,
    tasks: list[PlanTask],
    waited: Mapping[str, int],
    over: bool,
    span: Span,
    language: Language,
) -> Phase:
    lead = min(tasks, key=lambda t: (-waited.get(t.id, 0), _key(t)))
    first, last = days_of(tasks, span)
    title = plain(lead.title, TITLE_CHARS) or language.say(texts.PHASE_NUMBER, number=number)
    return Phase(
        name=texts.name(title, len(tasks), over, language),
        task_ids=tuple(task.id for task in tasks),
        description="" if over else texts.about(tasks, title, waited.get(lead.id, 0), language),
        start_date=first,
        end_date=last,
    )


def _key(task: PlanTask) -> tuple[date, str, str]:
    return task.due or date.max, task.title.casefold(), task.id
