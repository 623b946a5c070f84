"""What has changed since yesterday: done, added, moved, newly blocked."""

from collections.abc import Callable

from buildos_box.briefs import texts
from buildos_box.briefs.draft import Draft, Line, Place
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.ranking import BLOCKED, DONE
from buildos_box.clock import Instant
from buildos_box.locales.messages import Plural
from buildos_box.workspace.model import Task
from buildos_box.workspace.store.day import RECENT


def since_yesterday(draft: Draft, most: int) -> list[Line]:
    """One line for each kind of change; nothing if there was none."""
    facts = draft.facts
    return [
        *_done(draft, most),
        *_added(draft, added(facts), most),
        *_counted(facts, texts.MOVED, moved(facts)),
        *_counted(facts, texts.NEWLY_BLOCKED, blocked(facts)),
    ]


def added(facts: DayFacts) -> list[Task]:
    """Open tasks that were added within a day, in the order of the ranking.

    None where most tasks are new: in a new workspace that is no news.
    """
    new = [task for task in facts.ranked if _is_recent(facts, task.created_at)]
    known = sum(task.status != DONE for task in facts.tasks)
    return new if 2 * len(new) <= known and facts.has_all_tasks else []


def moved(facts: DayFacts) -> list[Task]:
    """Open tasks that were moved to another day, and not added, within a day."""
    return _changed(facts, lambda task: task.due_changed_at)


def blocked(facts: DayFacts) -> list[Task]:
    """Tasks that were blocked within a day, and still are."""
    found = _changed(facts, lambda task: task.blocked_at)
    return [task for task in found if task.status == BLOCKED]


def _changed(facts: DayFacts, at: Callable[[Task], Instant | None]) -> list[Task]:
    return [
        task
        for task in facts.ranked
        if _is_recent(facts, at(task)) and not _is_recent(facts, task.created_at)
    ]


def _is_recent(facts: DayFacts, at: Instant | None) -> bool:
    return at is not None and facts.now - RECENT <= at <= facts.now


def _done(draft: Draft, most: int) -> list[Line]:
    facts, language = draft.facts, draft.facts.language
    tasks, count = facts.split.completed[:most], facts.task_counts.completed
    if not tasks:
        return []
    names = [draft.task(task) for task in tasks]
    left = count - len(tasks)
    text = texts.DONE_AND_MORE if left > 0 else texts.DONE
    named = ", ".join(names) if left > 0 else language.listed(names)
    places = tuple((task.id, Place.DONE) for task in tasks)
    return [Line(language.say(text, tasks=named, count=left), places)]


def _added(draft: Draft, tasks: list[Task], most: int) -> list[Line]:
    """Those that the brief names elsewhere are only counted."""
    shown = draft.untaken(tasks)[:most]
    if not shown:
        return _counted(draft.facts, texts.ADDED, tasks)
    names = [draft.task(task) for task in shown]
    left = len(tasks) - len(shown)
    text = texts.ADDED_NAMED_AND_MORE if left > 0 else texts.ADDED_NAMED
    language = draft.facts.language
    named = ", ".join(names) if left > 0 else language.listed(names)
    places = tuple((task.id, Place.MENTIONED) for task in shown)
    return [Line(language.say(text, tasks=named, count=left), places)]


def _counted(facts: DayFacts, text: Plural, tasks: list[Task]) -> list[Line]:
    return [Line(facts.language.count(text, len(tasks)))] if tasks else []
