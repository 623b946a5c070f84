"""What to do first, and the lists of other tasks (docs/spec.md#brief-content)."""

from buildos_box.briefs import texts
from buildos_box.briefs.actions import actions, decision, late, project_to_decide, reason
from buildos_box.briefs.draft import Draft, Line, Place
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.project_markdown import priority
from buildos_box.briefs.ranking import BLOCKED
from buildos_box.briefs.text import escape
from buildos_box.page_links import LATE
from buildos_box.workspace.model import Task


def first_things(draft: Draft, worded: dict[str, str]) -> list[Line]:
    """The actions with their reasons; `worded` are reasons that a model wrote, by task."""
    facts = draft.facts
    found = actions(facts)
    draft.taken |= {action.task.id for action in found}
    lines = []
    for action in found:
        task = action.task
        named = [(task.id, Place.DO_FIRST)]
        title = draft.task(task, bold=True)
        why = escape(worded.get(task.id, ""))
        if not why:
            why = reason(facts, action, lambda other: f"*{draft.task(other)}*")
            if action.waiter is not None:
                named.append((action.waiter.id, Place.MENTIONED))
        lines.append(Line(f"{title} – {why}", tuple(named)))
    project = None if found else project_to_decide(facts)
    if project is not None:
        why = worded.get(project.id) or decision(facts, project)
        lines.append(Line(f"{draft.project(project)} – {escape(why)}"))
    return lines


def also_today(draft: Draft, most: int) -> list[Line]:
    """The other tasks of today, those with a time first."""
    facts = draft.facts
    left = sorted(draft.untaken(facts.split.today), key=lambda t: (t.due_at is None, t.due_at or 0))
    lines = []
    for task in left[:most]:
        when = _today(draft, task)
        lines.append(_line(draft, task, Place.TODAY, after=when))
    unread = facts.task_counts.today - len(facts.split.today)
    return lines + _more(facts, len(left) + unread - len(lines))


def late_tasks(draft: Draft, most: int) -> list[Line]:
    """The newest of the late tasks; the rest as a number, with a link to sort them out."""
    facts, counts, language = draft.facts, draft.facts.task_counts, draft.facts.language
    left = sorted(draft.untaken(facts.split.overdue), key=facts.days_late)
    lines = [_line(draft, t, Place.LATE, after=late(facts, t)) for t in left[:most]]
    rest = counts.overdue - (len(facts.split.overdue) - len(left)) - len(lines)
    url = draft.links.page(LATE)
    if rest > 0 and counts.long_late:
        text = language.count(texts.LATE_MORE_AND_LONG, rest, long=counts.long_late, url=url)
    elif rest > 0:
        text = language.count(texts.LATE_MORE, rest, url=url)
    elif counts.long_late:
        text = language.count(texts.LATE_LONG, counts.long_late, url=url)
    else:
        return lines
    return [*lines, Line(text)]


def coming_up(draft: Draft, most: int) -> list[Line]:
    """The tasks of the coming week by day."""
    facts = draft.facts
    left = sorted(
        draft.untaken(facts.split.upcoming), key=lambda task: facts.due(task) or facts.brief_date
    )
    lines = [_line(draft, t, Place.COMING_UP, before=_day(draft, t)) for t in left[:most]]
    unread = facts.task_counts.upcoming - len(facts.split.upcoming)
    return lines + _more(facts, len(left) + unread - len(lines))


def _line(draft: Draft, task: Task, place: Place, *, before: str = "", after: str = "") -> Line:
    """`**Tomorrow** [Book dentist](…) · high · waits for another task`."""
    facts = draft.facts
    title = draft.task(task)
    parts = [f"**{before}** {title}" if before else title, after, priority(facts, task)]
    blockers = len(facts.blockers(task))
    if blockers:
        parts.append(facts.language.count(texts.WAITS, blockers))
    elif task.status == BLOCKED:
        parts.append(facts.language.say(texts.BLOCKED))
    return Line(" · ".join(part for part in parts if part), ((task.id, place),))


def _today(draft: Draft, task: Task) -> str:
    facts, language = draft.facts, draft.facts.language
    due, today = facts.due(task), facts.brief_date
    if due == today:
        if task.due_at is None:
            return ""
        text = texts.WAS_DUE_AT if task.due_at < facts.now else texts.BY_TIME
        return language.say(text, time=language.spoken_time(task.due_at, facts.zone))
    if due is None:
        return language.say(texts.STARTS_TODAY)
    return language.say(texts.STARTS_TODAY_DUE, day=language.coming_day(due, today))


def _day(draft: Draft, task: Task) -> str:
    facts, language = draft.facts, draft.facts.language
    due = facts.due(task)
    assert due is not None
    day = language.coming_day(due, facts.brief_date)
    day = day[0].upper() + day[1:]
    if task.due_at is None:
        return day
    time = language.clock_time(task.due_at, facts.zone)
    return language.say(texts.DUE_DAY_AT, day=day, time=time)


def _more(facts: DayFacts, count: int) -> list[Line]:
    return [Line(facts.language.count(texts.AND_MORE, count))] if count > 0 else []
