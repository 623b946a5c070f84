"""The prompt for phases, and what is accepted of a model's answer.

Tasks are sent under short names (`t1`, `t2`): a model misspells those less easily than ids, and no
text in the project can refer to another project's tasks.

The rules: docs/spec.md#llm-untrusted-text.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.clock import Instant, day_from_text, local_day
from buildos_box.ids import Ids
from buildos_box.llm.plain_text import plain
from buildos_box.llm.untrusted_text import fence
from buildos_box.locales.language import Language
from buildos_box.phases.model import MOST_PHASES, Phase
from buildos_box.workspace.due_day import due_day
from buildos_box.workspace.model import Dependency, Project, Task

PURPOSE = "project_phases"
VERSION = "v2"
NAME_CHARS, SENTENCE_CHARS = 80, 300
TITLE_CHARS, PROJECT_CHARS = 120, 1_500
MOST_TASKS_ASKED = 300
"""With more tasks the prompt or the answer gets too long, so the built-in planner decides."""
DESCRIPTIONS_CHARS = 24_000
DESCRIPTION_CHARS = 300
MOST_PROPOSED = 3 * MOST_PHASES


class ProposedPhase(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of a model's answer."""

    name: str
    task_ids: list[str]
    description: str = ""
    order: int | None = None
    start_date: str | None = None
    end_date: str | None = None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A model's answer."""

    phases: list[ProposedPhase]


class Short:
    """The tasks' short names, and their ids by short name."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._short = {task.id: f"t{number}" for number, task in enumerate(tasks, start=1)}
        self._long = {short: task_id for task_id, short in self._short.items()}

    def of(self, task_id: str) -> str:
        """The short name of a task id; an unknown id is returned as it is."""
        return self._short.get(task_id, task_id)

    def back(self, name: str) -> str:
        """The task id of a short name; an unknown name is returned as it is, to be counted as a
        fault.
        """
        return self._long.get(name.strip(), name.strip())


@lru_cache(maxsize=1)
def system_text() -> str:
    """The constant part of the prompt, from its file."""
    folder = resources.files("buildos_box.phases").joinpath("prompts")
    return folder.joinpath(f"{PURPOSE}.{VERSION}.md").read_text(encoding="utf-8")


def user_text(
    project: Project,
    tasks: Sequence[Task],
    dependencies: Sequence[Dependency],
    existing: Sequence[tuple[str, list[str]]],
    *,
    language: Language,
    now: Instant,
    zone: ZoneInfo,
    short: Short,
    ids: Ids,
) -> str:
    """The variable part: the project as fenced JSON, with days as in the owner's zone.

    `existing` are phase names with task ids.
    """
    waits: dict[str, list[str]] = {}
    for link in dependencies:
        waits.setdefault(link.task_id, []).append(short.of(link.depends_on_id))
    room = min(DESCRIPTION_CHARS, DESCRIPTIONS_CHARS // max(len(tasks), 1))
    data = {
        "language": language.english_name,
        "today": local_day(now, zone),
        "project": _filled(
            name=project.name[:TITLE_CHARS],
            description=project.description[:PROJECT_CHARS],
            start=project.start_date,
            due=project.due_date,
        ),
        "tasks": [_task(task, zone, waits.get(task.id, []), room, short) for task in tasks],
        "phases_before": [
            {"name": name[:NAME_CHARS], "task_ids": [short.of(t) for t in task_ids]}
            for name, task_ids in existing
        ],
    }
    return f"Divide this project into phases.\n\n{fence(msgspec.json.encode(data).decode(), ids)}"


def _task(
    task: Task, zone: ZoneInfo, waits_for: list[str], room: int, short: Short
) -> dict[str, Any]:
    return _filled(
        id=short.of(task.id),
        title=task.title[:TITLE_CHARS],
        status=task.status,
        priority=task.priority,
        start=task.start_date,
        due=due_day(task, zone),
        waits_for=waits_for,
        description=task.description[:room],
    )


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def tokens_for(tasks: int) -> int:
    """The most tokens that an answer about so many tasks may need."""
    return 1_500 + 10 * tasks


def accept(answer: Proposal, short: Short, texts: Sequence[str]) -> tuple[Phase, ...]:
    """The usable part of an answer, in its order: known ids, plain text, valid dates.

    Which tasks it names is checked later. `texts` are the user's own texts.
    """
    listed = answer.phases[:MOST_PROPOSED]
    numbers = [phase.order for phase in listed]
    if None not in numbers and len(set(numbers)) == len(numbers):
        listed = sorted(listed, key=lambda phase: phase.order or 0)
    return tuple(
        Phase(
            name=plain(phase.name, NAME_CHARS, own=texts),
            description=plain(phase.description, SENTENCE_CHARS, own=texts),
            task_ids=tuple(short.back(name) for name in phase.task_ids),
            start_date=_day(phase.start_date),
            end_date=_day(phase.end_date),
        )
        for phase in listed
    )


def _day(text: str | None) -> date | None:
    try:
        return day_from_text(text) if text else None
    except ValueError:
        return None
