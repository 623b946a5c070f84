"""The built-in planner: phases by dependency and due date, without a language model (spec 9)."""

from collections.abc import Iterable
from datetime import date

import msgspec

MOST_PHASES = 8


class PlanTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as a plan reads it; `after` are the ids of the tasks it waits for."""

    id: str
    title: str
    due: date | None = None
    after: tuple[str, ...] = ()


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that can be done side by side once all earlier phases are done."""

    name: str
    task_ids: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Phases in order, and the titles of tasks that wait for each other in a circle."""

    phases: tuple[Phase, ...]
    cycles: tuple[tuple[str, ...], ...] = ()


def plan(tasks: Iterable[PlanTask]) -> Plan:
    """Every task once, none before one that it waits for unless both are in one circle."""
    known = {task.id: task for task in tasks}
    groups = _circles(known)
    home = {task_id: index for index, group in enumerate(groups) for task_id in group}
    level: list[int] = []
    for index, group in enumerate(groups):  # what a group waits for stands before it
        before = {home[a] for t in group for a in known[t].after if a in known} - {index}
        level.append(max((level[other] + 1 for other in before), default=0))
    depth = max(level, default=-1) + 1
    width = -(-depth // MOST_PHASES) or 1
    cells: dict[int, list[PlanTask]] = {}
    for index, group in enumerate(groups):
        cells.setdefault(level[index] // width, []).extend(known[t] for t in group)
    phases = tuple(
        Phase(
            name=f"Phase {number + 1}",
            task_ids=tuple(
                t.id for t in sorted(cells[number], key=lambda t: (level[home[t.id]], _key(t)))
            ),
        )
        for number in sorted(cells)
    )
    cycles = tuple(
        tuple(known[t].title for t in sorted(group))
        for group in groups
        if len(group) > 1 or group[0] in known[group[0]].after
    )
    return Plan(phases=phases, cycles=cycles)


def _key(task: PlanTask) -> tuple[date, str, str]:
    return task.due or date.max, task.title.casefold(), task.id


def _circles(known: dict[str, PlanTask]) -> list[list[str]]:
    """Strongly connected tasks, those waited for first (Tarjan, without recursion)."""
    found: list[list[str]] = []
    seen: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    inside: set[str] = set()
    for root in sorted(known):
        if root in seen:
            continue
        walk = [(root, iter(sorted(known[root].after)))]
        seen[root] = low[root] = len(seen)
        stack.append(root)
        inside.add(root)
        while walk:
            here, rest = walk[-1]
            following = next((a for a in rest if a in known), None)
            if following is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[here])
                if low[here] == seen[here]:
                    group = stack[stack.index(here) :]
                    del stack[-len(group) :]
                    inside.difference_update(group)
                    found.append(group)
            elif following not in seen:
                seen[following] = low[following] = len(seen)
                stack.append(following)
                inside.add(following)
                walk.append((following, iter(sorted(known[following].after))))
            elif following in inside:
                low[here] = min(low[here], seen[following])
    return found
