"""The prompt for the analysis of a day, and what is accepted of a model's answer.

No model is immune to instructions inside users' texts, so their effect is limited: they are sent as
fenced JSON, shortened and cleaned; an answer can only name ids that were sent, and becomes plain
text without links, images or markup before it is shown.

The rules: docs/spec.md#llm-untrusted-text.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from buildos_box.briefs.agenda import when
from buildos_box.briefs.analyst import (
    MAX_INSIGHTS,
    Analysis,
    analyse,
    cap_insight,
    cap_reason,
    cap_summary,
)
from buildos_box.briefs.facts import DONE, Category, DayFacts
from buildos_box.briefs.formatting import clock_time, day_in_words
from buildos_box.briefs.priorities import MAX_PRIORITIES, PriorityAction
from buildos_box.briefs.text import clean, gist, plain, shorten
from buildos_box.llm.addresses import ADDRESS, revealed
from buildos_box.workspace.model import Project, Task

PURPOSE = "brief_analysis"
VERSION = "v1"

Fence = Callable[[str], str]
"""Puts untrusted text between delimiters that it cannot forge."""

_TITLE_CHARS = 120
_NOTE_WORDS = 40
_PROJECTS = 20
_EVENTS = 20
_TASKS = {
    Category.OVERDUE: 25,
    Category.TODAY: 25,
    Category.UPCOMING: 25,
    Category.UNDATED: 15,
    Category.COMPLETED: 10,
}

_AFTER_ADDRESS = ".,;:!?)”'\""
LINK_REMOVED = "(link removed)"


@dataclass(frozen=True)
class Accepted:
    """The accepted part of a model's answer, and how many references it had to unknown things."""

    analysis: Analysis
    invented: int


@lru_cache(maxsize=4)
def system_text(name: str = PURPOSE, version: str = VERSION) -> str:
    """The constant part of a prompt, from `prompts/<name>.<version>.md`."""
    folder = resources.files("buildos_box.briefs").joinpath("prompts")
    return folder.joinpath(f"{name}.{version}.md").read_text(encoding="utf-8")


def user_text(facts: DayFacts, fence: Fence) -> str:
    """The variable part of the prompt: the day as fenced JSON."""
    return f"Write the analysis for this day.\n\n{fence(day_json(facts))}"


def day_json(facts: DayFacts) -> str:
    """The day as JSON for a model: the most urgent first, every list and text limited."""
    shown, tasks = facts.projects[:_PROJECTS], _tasks(facts)
    return msgspec.json.encode(
        {
            "date": day_in_words(facts.brief_date),
            "generated_at": clock_time(facts.now, facts.zone),
            "timezone": facts.zone.key,
            "holidays": [_short(holiday) for holiday in facts.holidays[:3]],
            "calendar": [_event(facts, index) for index in range(len(facts.events[:_EVENTS]))],
            "tasks": tasks,
            "projects": [_project(facts, project) for project in shown],
            "counts": facts.counts,
            "not_shown": _not_shown(facts, tasks),
        }
    ).decode()


def accept(answer: Analysis, facts: DayFacts) -> Accepted:
    """The part of a model's answer that may be shown.

    References to unknown or finished tasks, and repeated ones, are dropped (the first two are
    counted); text is made plain and shortened; what is missing then comes from the built-in
    analyst.
    """
    known = Known(facts)
    own = analyse(facts)
    named, invented = _real(answer.priorities, facts)
    priorities = [
        PriorityAction(
            ref_kind=action.ref_kind,
            ref_id=action.ref_id,
            reason=cap_reason(said(action.reason, known)),
        )
        for action in named[:MAX_PRIORITIES]
    ]
    insights = [cap_insight(said(text, known)) for text in answer.insights]
    return Accepted(
        Analysis(
            summary=cap_summary(said(answer.summary, known)) or own.summary,
            insights=[text for text in insights if text][:MAX_INSIGHTS] or own.insights,
            priorities=priorities or own.priorities,
        ),
        invented,
    )


class Known:
    """The addresses in this user's own data; read only if an answer contains any."""

    def __init__(self, facts: DayFacts) -> None:
        self._facts = facts
        self._text: str | None = None

    def __contains__(self, address: str) -> bool:
        """Whether `address` is in the text as a whole, not as part of a longer one."""
        if self._text is None:
            self._text = "\n".join(_own_texts(self._facts)).casefold()
        whole = rf"(?<![\w./:@-]){re.escape(address.casefold())}(?![\w/:@?#=&%-]|\.\w)"
        return re.search(whole, self._text) is not None


def said(text: str, known: Known) -> str:
    """A model's sentence as plain text.

    An address is kept, as text, only if it is in the user's own data; others are removed, and bare
    host names are broken up, since mail programs make links of them.
    """

    def harmless(found: re.Match[str]) -> str:
        if found[0].rstrip(_AFTER_ADDRESS) in known:
            return found[0]
        return LINK_REMOVED if found["url"] else found[0].replace(".", "[.]")

    return ADDRESS.sub(harmless, revealed(plain(text)))


def _real(actions: Iterable[PriorityAction], facts: DayFacts) -> tuple[list[PriorityAction], int]:
    """The actions that name an open task or a project, each once; and how many do not."""
    found: dict[tuple[str, str], PriorityAction] = {}
    invented = 0
    for action in actions:
        task = facts.task_by_id.get(action.ref_id) if action.ref_kind == "task" else None
        project = facts.project_by_id.get(action.ref_id) if action.ref_kind == "project" else None
        if project or (task and task.status != DONE):
            found.setdefault((action.ref_kind, action.ref_id), action)
        else:
            invented += 1
    return list(found.values()), invented


def _tasks(facts: DayFacts) -> list[dict[str, Any]]:
    """The listed tasks by category, and the tasks that they depend on."""
    shown: dict[str, dict[str, Any]] = {}
    for category, cap in _TASKS.items():
        for task in facts.split.listed(category)[:cap]:
            shown[task.id] = _task(facts, task, category.value)
    for task_id in list(shown):
        for blocker in facts.blockers(facts.task_by_id[task_id])[:3]:
            shown.setdefault(blocker.id, _task(facts, blocker, "later"))
    return list(shown.values())


def _not_shown(facts: DayFacts, tasks: list[dict[str, Any]]) -> dict[str, int]:
    """How many there are beyond what is listed: counts are of all, lists are of the first."""
    shown = Counter(task["list"] for task in tasks)
    shown |= Counter(projects=_PROJECTS, events=_EVENTS)
    return {
        name: count - shown[name] for name, count in facts.counts.items() if count > shown[name]
    }


def _task(facts: DayFacts, task: Task, category: str) -> dict[str, Any]:
    due = facts.due(task)
    entry: dict[str, Any] = {
        "id": task.id,
        "title": _short(task.title),
        "project_id": task.project_id,
        "list": category,
        "status": task.status,
        "priority": task.priority,
    }
    if due:
        entry["due"] = due.isoformat()
    if task.due_at:
        entry["due_time"] = clock_time(task.due_at, facts.zone)
    if category == Category.OVERDUE:
        entry["days_late"] = facts.days_late(task)
    waits_for = [other.id for other in facts.blockers(task)[:3]]
    if waits_for:
        entry["waits_for"] = waits_for
    return entry


def _project(facts: DayFacts, project: Project) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": project.id,
        "name": _short(project.name),
        "open_tasks": facts.counts_of(project.id).open,
    }
    if project.due_date:
        entry["due"] = project.due_date.isoformat()
    about = gist(project.description, _NOTE_WORDS)
    if about:
        entry["about"] = about
    notes = [gist(note.content, _NOTE_WORDS) for note in facts.notes_of(project.id)[:1]]
    if any(notes):
        entry["latest_note"] = notes[0]
    return entry


def _event(facts: DayFacts, index: int) -> dict[str, Any]:
    event = facts.events[index]
    label, addition = when(event, facts.brief_date, facts.zone)
    return {
        "title": _short(event.title),
        "when": f"{label}, {addition}" if addition else label,
        "status": event.status,
    }


def _short(text: str) -> str:
    return shorten(clean(text), _TITLE_CHARS)


def _own_texts(facts: DayFacts) -> Iterable[str]:
    for project in facts.projects:
        yield from (project.name, project.description)
    for task in facts.tasks:
        yield from (task.title, task.description)
    for note in facts.notes:
        yield from (note.title, note.content)
    for event in facts.events:
        yield from (event.title, event.location or "")
