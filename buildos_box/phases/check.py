"""Whether a plan of phases is valid, and its repair by rule.

Valid: every task in exactly one phase, no unknown id, no task in an earlier phase than one that it
depends on, dates within the project's.

The rules: docs/spec.md#phases-plan.
"""

from collections.abc import Callable, Iterable
from datetime import date

import msgspec

from buildos_box.locales.language import ENGLISH, Language
from buildos_box.phases.cycles import before, named, strongly_connected_components
from buildos_box.phases.model import Phase, Plan, PlanTask, Span, days_of
from buildos_box.phases.texts import PHASE_NUMBER

NAMED_AT_MOST = 8


class Repairs(msgspec.Struct, frozen=True, kw_only=True):
    """The faults of a plan, by task id; `dates` counts phases with invalid dates."""

    invented: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    """Tasks in an earlier phase than one that they depend on."""
    dates: int = 0

    @property
    def total(self) -> int:
        """The number of faulty tasks and references."""
        return len(self.invented) + len(self.doubled) + len(self.missing) + len(self.moved)

    @property
    def counts(self) -> dict[str, int]:
        """The number of faults of each kind, without kinds that have none."""
        kinds = {
            "invented": len(self.invented),
            "doubled": len(self.doubled),
            "missing": len(self.missing),
            "moved": len(self.moved),
            "dates": self.dates,
        }
        return {kind: count for kind, count in kinds.items() if count}


class Repaired(msgspec.Struct, frozen=True):
    """A valid plan, and what had to be repaired for it."""

    plan: Plan
    repairs: Repairs


def repair(
    phases: tuple[Phase, ...],
    tasks: Iterable[PlanTask],
    span: Span,
    language: Language = ENGLISH,
) -> Repaired:
    """Repair the phases with as few changes as possible. There must be at least one phase.

    Unknown ids are dropped; a task in several phases stays in the first; one before a task that it
    depends on moves to that task's phase; a dependency cycle stays together; a missing task goes
    where its dependencies, its dependants and its due date fit best.
    """
    known = {task.id: task for task in tasks}
    at, invented, doubled = _places(phases, known)
    groups = strongly_connected_components(known)
    placed = _Placed(phases, known, at)
    for group in groups:
        placed.put(group)
    missing = tuple(t for t in known if t not in at)
    moved = tuple(t for t in known if t in at and placed.home[t] != at[t])
    kept, wrong_dates = _phases(phases, placed, span, language)
    return Repaired(
        Plan(phases=kept, cycles=named(groups, known)),
        Repairs(
            invented=invented, doubled=doubled, missing=missing, moved=moved, dates=wrong_dates
        ),
    )


def too_wrong(repairs: Repairs, tasks: int) -> bool:
    """Whether there are so many faults that asking again is better than repairing."""
    return repairs.total > max(5, tasks // 3)


def in_words(repairs: Repairs, name: Callable[[str], str] = str) -> str:
    """The faults as one text, for the model that has to correct them."""
    said = [
        f"{_some(ids, name)} {words}"
        for ids, words in (
            (repairs.missing, "must be in a phase but are in none"),
            (repairs.doubled, "in more than one phase"),
            (repairs.invented, "unknown tasks"),
            (repairs.moved, "in an earlier phase than a task that it waits for"),
        )
        if ids
    ]
    return "; ".join(said)


def _some(ids: tuple[str, ...], name: Callable[[str], str]) -> str:
    more = f" and {len(ids) - NAMED_AT_MOST} more:" if len(ids) > NAMED_AT_MOST else ":"
    return ", ".join(name(task_id) for task_id in ids[:NAMED_AT_MOST]) + more


def _places(
    phases: tuple[Phase, ...], known: dict[str, PlanTask]
) -> tuple[dict[str, int], tuple[str, ...], tuple[str, ...]]:
    at: dict[str, int] = {}
    invented: dict[str, None] = {}
    doubled: dict[str, None] = {}
    for index, phase in enumerate(phases):
        for task_id in phase.task_ids:
            if task_id not in known:
                invented[task_id] = None
            elif task_id in at:
                doubled[task_id] = None
            else:
                at[task_id] = index
    return at, tuple(invented), tuple(doubled)


class _Placed:
    """The phase of each task; groups must be placed in the order of their dependencies."""

    def __init__(
        self, phases: tuple[Phase, ...], known: dict[str, PlanTask], at: dict[str, int]
    ) -> None:
        self.known = known
        self.home: dict[str, int] = {}
        self.depth: dict[str, int] = {}
        self._at = at
        self._last = len(phases) - 1
        self._until = [
            max((known[t].due or date.min for t in phase.task_ids if t in known), default=date.min)
            for phase in phases
        ]
        self._waiting: dict[str, list[str]] = {}
        for task in known.values():
            for other in task.after:
                self._waiting.setdefault(other, []).append(task.id)

    def put(self, group: list[str]) -> None:
        """Place a group, all of it in one phase."""
        earlier = before(group, self.known)
        lowest = max((self.home[t] for t in earlier), default=0)
        named_at = [self._at[t] for t in group if t in self._at]
        index = max(lowest, *named_at) if named_at else self._guess(group, lowest, bool(earlier))
        deep = max((self.depth[t] + 1 for t in earlier), default=0)
        for task_id in group:
            self.home[task_id] = index
            self.depth[task_id] = deep

    def _guess(self, group: list[str], lowest: int, waits: bool) -> int:
        later = [w for t in group for w in self._waiting.get(t, ()) if w in self._at]
        highest = max(lowest, min((self._at[w] for w in later), default=self._last))
        due = min((d for t in group if (d := self.known[t].due)), default=None)
        if due is not None:
            fitting = (i for i in range(lowest, highest + 1) if self._until[i] >= due)
            return next(fitting, highest)
        return lowest if waits and not later else highest


def _phases(
    phases: tuple[Phase, ...], placed: _Placed, span: Span, language: Language
) -> tuple[tuple[Phase, ...], int]:
    """The phases that have tasks, each in an order of work; and how many had invalid dates."""
    inside: list[list[str]] = [[] for _ in phases]
    listed = list(dict.fromkeys(t for phase in phases for t in phase.task_ids if t in placed.home))
    for task_id in [*listed, *(t for t in placed.known if t not in set(listed))]:
        inside[placed.home[task_id]].append(task_id)
    kept: list[Phase] = []
    wrong = 0
    for phase, ids in zip(phases, inside, strict=True):
        if not ids:
            continue
        ids.sort(key=placed.depth.__getitem__)
        days = span.clip(phase.start_date, phase.end_date)
        wrong += days != (phase.start_date, phase.end_date)
        if days == (None, None):
            days = days_of([placed.known[t] for t in ids], span)
        kept.append(
            Phase(
                name=phase.name or language.say(PHASE_NUMBER, number=len(kept) + 1),
                description=phase.description,
                task_ids=tuple(ids),
                start_date=days[0],
                end_date=days[1],
            )
        )
    return tuple(kept), wrong
