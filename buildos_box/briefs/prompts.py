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

from buildos_box.briefs.actions import PriorityAction, priority_actions
from buildos_box.briefs.agenda import when
from buildos_box.briefs.analysis_schema import Analysis, cap_reason, cap_summary
from buildos_box.briefs.facts import Category, DayFacts
from buildos_box.briefs.ranking import DONE
from buildos_box.briefs.text import clean, gist, plain, shorten
from buildos_box.briefs.timeline import load
from buildos_box.llm.addresses import ADDRESS, revealed
from buildos_box.workspace.model import Project, Task

PURPOSE = "brief_analysis"
VERSION = "v3"

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

SHORTEST_NAME = 4
"""Characters from which on a title inside a sentence is taken for the task's name."""
_NUMBER = re.compile(r"\d+(?:[:.,]\d+)*")
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
    return f"Word the brief of this day.\n\n{fence(day_json(facts))}"


def day_json(facts: DayFacts) -> str:
    """The day as JSON for a model: the most urgent first, every list and text limited."""
    shown, tasks = facts.projects[:_PROJECTS], _tasks(facts)
    return msgspec.json.encode(
        {
            "language": facts.language.english_name,
            "date": facts.language.full_day(facts.brief_date),
            "generated_at": facts.language.clock_time(facts.now, facts.zone),
            "timezone": facts.zone.key,
            "holidays": [_short(holiday) for holiday in facts.holidays[:3]],
            "calendar": [_event(facts, index) for index in range(len(facts.events[:_EVENTS]))],
            "tasks": tasks,
            "projects": [_project(facts, project) for project in shown],
            "counts": facts.counts,
            "actions": [
                {"ref_kind": a.ref_kind, "ref_id": a.ref_id, "words": _words(a.reason)}
                for a in priority_actions(facts)
            ],
            "summary_words": _words(load(facts)),
            "not_shown": _not_shown(facts, tasks),
        }
    ).decode()


def accept(answer: Analysis, facts: DayFacts) -> Accepted:
    """The part of a model's answer that may be shown.

    Words about anything but the actions are dropped, and counted if they name nothing real; text is
    made plain. Left out is what names a task or has a number that the data does not have.
    """
    known = Known(facts)
    written, invented = _real(answer.priorities, facts)
    reasons = []
    for action in priority_actions(facts):
        found = written.get((action.ref_kind, action.ref_id))
        text = cap_reason(said(found.reason, known)).rstrip(".") if found else ""
        if _is_sound(text, facts):
            reasons.append(
                PriorityAction(ref_kind=action.ref_kind, ref_id=action.ref_id, reason=text)
            )
    summary = cap_summary(said(answer.summary, known))
    sound = summary if _is_sound(summary, facts) else ""
    return Accepted(Analysis(summary=sound, priorities=reasons), invented)


def _is_sound(text: str, facts: DayFacts) -> bool:
    """Whether it says anything, names no open task, and has no number that the data has not."""
    lowered = text.casefold()
    titles = (task.title.casefold() for task in facts.ranked)
    names_one = any(len(title) >= SHORTEST_NAME and title in lowered for title in titles)
    numbers = set(_NUMBER.findall(text))
    if numbers:
        numbers -= set(_NUMBER.findall(day_json(facts) + load(facts)))
    return bool(text) and not names_one and not numbers


def _words(text: str) -> int:
    return len(text.split())


class Known:
    """The addresses in this user's own data; read only if an answer contains any."""

    def __init__(self, facts: DayFacts) -> None:
        self._facts = facts
        self._text: str | None = None

    def __contains__(self, address: str) -> bool:
        """Whether `address` is in the text as a whole, not as part of a longer one."""
        if self._text is None:
            self._text = "\n".join(own_texts(self._facts)).casefold()
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


def _real(
    actions: Iterable[PriorityAction], facts: DayFacts
) -> tuple[dict[tuple[str, str], PriorityAction], int]:
    """The first words about each open task and project; and how many name none."""
    found: dict[tuple[str, str], PriorityAction] = {}
    invented = 0
    for action in actions:
        task = facts.task_by_id.get(action.ref_id) if action.ref_kind == "task" else None
        project = facts.project_by_id.get(action.ref_id) if action.ref_kind == "project" else None
        if project or (task and task.status != DONE):
            found.setdefault((action.ref_kind, action.ref_id), action)
        else:
            invented += 1
    return found, invented


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
        entry["due_time"] = facts.language.clock_time(task.due_at, facts.zone)
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
    label, addition = when(event, facts.brief_date, facts.zone, facts.language)
    return {
        "title": _short(event.title),
        "when": f"{label}, {addition}" if addition else label,
        "status": event.status,
    }


def _short(text: str) -> str:
    return shorten(clean(text), _TITLE_CHARS)


def own_texts(facts: DayFacts) -> Iterable[str]:
    """What people typed, of everything that the day is made of."""
    for project in facts.projects:
        yield from (project.name, project.description)
    for task in facts.tasks:
        yield from (task.title, task.description)
    for note in facts.notes:
        yield from (note.title, note.content)
    for event in facts.events:
        yield from (event.title, event.location or "")
