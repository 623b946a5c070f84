"""Findings of the built-in analyst about changes since yesterday, and about too full a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from buildos_box.briefs.agenda import free_spans, hours_ahead, total
from buildos_box.briefs.facts import DONE, DayFacts
from buildos_box.briefs.formatting import coming_day, in_words, length, listed, number, sentence
from buildos_box.briefs.text import quoted
from buildos_box.workspace.model import Task
from buildos_box.workspace.store.day import RECENT, UPCOMING_DAYS

SHARE = timedelta(minutes=30)
"""The free time per task below which a day holds more than fits."""
CROWD = 4
FROM_PRIORITY = ("urgent", "high")


@dataclass(frozen=True)
class Finding:
    """One sentence and its weight (higher is shown first)."""

    weight: int
    text: str


def more_than_fits(facts: DayFacts) -> Iterator[Finding]:
    """A day with too little time for its tasks, and one task that could be moved."""
    hours = hours_ahead(facts.brief_date, facts.zone, facts.now)
    count = facts.task_counts.today + facts.task_counts.overdue
    if hours is None or count < CROWD:
        return
    free = total(free_spans(facts.events, hours))
    if not free or free >= SHARE * count:
        return
    text = f"{in_words(count, 'task')} due or late share {length(free)}"
    movable = [t for t in facts.split.today if _may_move(facts, t)]
    if movable:
        text += f": {quoted(movable[-1].title)} could move, since nothing waits for it"
    yield Finding(76, sentence(text))


def _may_move(facts: DayFacts, task: Task) -> bool:
    return task.priority not in FROM_PRIORITY and not facts.waiting(task)


def free_to_begin(facts: DayFacts) -> Iterator[Finding]:
    """Tasks whose last unfinished dependency was finished since yesterday."""
    just_done = {task.id: task for task in facts.split.completed}
    for task in facts.tasks:
        waited = facts.waits_for.get(task.id, ())
        done = [just_done[other] for other in waited if other in just_done]
        if task.status == DONE or not done or facts.blockers(task):
            continue
        what = listed([quoted(other.title) for other in done[:2]])
        verb = "is" if len(done) == 1 else "are"
        yield Finding(58, f"{quoted(task.title)} can begin: {what} {verb} finished.")


def new_since_yesterday(facts: DayFacts) -> Iterator[Finding]:
    """Tasks that were created within a day and are due within a week."""
    open_tasks = [task for task in facts.tasks if task.status != DONE]
    new = [task for task in open_tasks if _is_new(facts, task)]
    limit = facts.brief_date + timedelta(days=UPCOMING_DAYS)
    dated = [(day, task) for task in new if (day := facts.due(task)) and day <= limit]
    soon = sorted(dated, key=lambda entry: (entry[0], entry[1].title.casefold(), entry[1].id))
    # In a new workspace everything is new, which is not worth saying.
    if not soon or 2 * len(new) > len(open_tasks) or not facts.has_all_tasks:
        return
    day, first = soon[0]
    when = "already late" if day < facts.brief_date else f"due {coming_day(day, facts.brief_date)}"
    if len(soon) == 1:
        text = f"{quoted(first.title)} is new since yesterday and {when}"
    else:
        more = f"{number(len(soon))} tasks due within a week"
        text = f"{more} are new since yesterday, first {quoted(first.title)}, {when}"
    yield Finding(57, sentence(text))


def _is_new(facts: DayFacts, task: Task) -> bool:
    return facts.now - RECENT <= task.created_at <= facts.now
