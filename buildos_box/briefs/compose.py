"""The brief as Markdown, and the subject of its mail.

The facts are written by code, so that they are true; an analyst adds the analysis and the choice of
priorities. A brief keeps to a word budget: lists are limited, and the limits tighten until it fits.

The rules: docs/spec.md#brief-content.
"""

from collections.abc import Iterator, Sequence

from buildos_box.briefs.agenda import meetings, when
from buildos_box.briefs.analyst import Analysis, cap_insight, cap_reason, cap_summary
from buildos_box.briefs.facts import Category, DayFacts
from buildos_box.briefs.formatting import (
    clock_time,
    counted,
    day_in_words,
    in_words,
    listed,
    number,
    sentence,
    short_day,
)
from buildos_box.briefs.sections import (
    HEADINGS,
    Limits,
    bullets,
    named_projects,
    place,
    project_digest,
    task_list,
)
from buildos_box.briefs.text import escape, shorten, title
from buildos_box.llm.origin import BUILTIN
from buildos_box.workspace.model import Event

WORD_BUDGET = 900

TIGHTER = (
    Limits(),
    Limits(tasks=6, events=8, completed=3, projects=6, undated=2, notes=1, note_words=24),
    Limits(tasks=5, events=6, completed=3, projects=4, undated=1, notes=1, note_words=16),
    Limits(tasks=3, events=4, completed=2, projects=3, undated=1, notes=0, insights=4),
    Limits(
        tasks=2, events=2, completed=1, projects=2, undated=0, notes=0, insights=3, priorities=3
    ),
)

DAY_LISTS = (Category.OVERDUE, Category.TODAY, Category.UPCOMING, Category.COMPLETED)


def compose(
    facts: DayFacts,
    analysis: Analysis,
    source: str = BUILTIN,
    *,
    why_built_in: str | None = None,
    budget: int = WORD_BUDGET,
) -> str:
    """The brief as Markdown in at most `budget` words (fewer than 500 cannot be guaranteed).

    `source` names the author of the analysis: `builtin`, or the model's name as readers see it;
    `why_built_in` is the reason if a configured model did not write it.
    """
    if facts.is_empty:
        return _join(heading(facts), holidays(facts), NOTHING)
    brief = ""
    for limits in TIGHTER:
        brief = _compose(facts, analysis, _written_by(source, why_built_in), limits)
        if word_count(brief) <= budget:
            break
    return brief


def subject(facts: DayFacts) -> str:
    """`Your brief for Wed, Oct 23: 3 due, 1 overdue`: one line without any text of the user."""
    counts = facts.task_counts
    due, starting, overdue = counts.due_today, counts.today - counts.due_today, counts.overdue
    said = [f"{due} due"] if due else []
    said += [f"{overdue} overdue"] if overdue else []
    if not said:
        said = [f"{starting} to start"] if starting else ["nothing due"]
        said += [counted(facts.event_count, "event")] if facts.events else []
    return f"Your brief for {short_day(facts.brief_date)}: {', '.join(said)}"


def word_count(markdown: str) -> int:
    """The number of words: runs of characters between spaces."""
    return len(markdown.split())


NOTHING = (
    "There is nothing to report today: no active project, no open task and nothing in the "
    "calendar.\n\nOnce there is a project, a task or an event, it will be here."
)


def heading(facts: DayFacts) -> str:
    """The title, with the date in words."""
    return f"# Your brief for {day_in_words(facts.brief_date)}"


def holidays(facts: DayFacts) -> str:
    """The day's public holidays; empty if there are none."""
    names = [title(holiday) for holiday in facts.holidays[:3]]
    return f"**Public holiday:** {listed(names)}" if names else ""


def executive_summary(facts: DayFacts, analysis: Analysis) -> str:
    """The day in a few sentences of counts, and what to start with."""
    said = [_workload(facts), _calendar_in_short(facts)]
    done = facts.task_counts.completed
    if done:
        verb = "was" if done == 1 else "were"
        said.append(sentence(f"{in_words(done, 'task')} {verb} completed in the last 24 hours"))
    first = next(_actions(facts, analysis), None)
    if first:
        said.append(f"Start with {first[0]}.")
    return " ".join(said)


def calendar(facts: DayFacts, limits: Limits) -> str:
    """The day's events in local times, all-day ones first."""
    if not facts.events:
        return "Nothing in the calendar."
    shown = shown_events(facts.events, limits.events)
    return bullets(
        shown, len(shown), lambda event: event_line(facts, event), count=facts.event_count
    )


def shown_events(events: Sequence[Event], cap: int) -> list[Event]:
    """The events that are listed, in their order: all-day ones leave half for the timed ones."""
    all_day = [event for event in events if event.all_day]
    timed = [event for event in events if not event.all_day]
    first = all_day[: max(cap // 2, cap - len(timed))]
    return first + timed[: cap - len(first)]


def event_line(facts: DayFacts, event: Event) -> str:
    """`**09:30–10:00** Standup · Room 4 · tentative`."""
    label, addition = when(event, facts.brief_date, facts.zone)
    parts = [f"**{label}** {title(event.title)}", addition, place(event.location)]
    parts += ["tentative"] if event.status == "tentative" else []
    return " · ".join(part for part in parts if part)


def task_lists(facts: DayFacts, limits: Limits) -> Iterator[str]:
    """Overdue, today, coming week, recently completed: heading and list, where there is one."""
    with_project = len(facts.projects) > 1
    for category in DAY_LISTS:
        tasks = facts.split.listed(category)
        if not tasks:
            continue
        count = facts.task_counts.of(category)
        yield f"## {HEADINGS[category]} ({count})"
        yield task_list(facts, tasks, count, category, limits, with_project=with_project)


def projects(facts: DayFacts, limits: Limits) -> Iterator[str]:
    """One section per project, the most urgent first; those beyond the limit by name."""
    if not facts.projects:
        return
    yield "## Projects"
    for project in facts.projects[: limits.projects]:
        yield project_digest(facts, project, limits)
    left_out = facts.projects[limits.projects :]
    if left_out:
        count = facts.project_count - limits.projects
        yield f"Also active: {named_projects(left_out, limits.projects, count)}."


def analysis_part(analysis: Analysis, written_by: str, limits: Limits) -> Iterator[str]:
    """The analyst's assessment and insights, and who wrote them."""
    insights = analysis.insights[: limits.insights]
    if not (analysis.summary or insights):
        return
    yield "## Analysis"
    yield escape(cap_summary(analysis.summary))
    yield bullets(insights, limits.insights, lambda insight: escape(cap_insight(insight)))
    yield f"*{written_by}*"


def priority_part(facts: DayFacts, analysis: Analysis, limits: Limits) -> Iterator[str]:
    """The priority actions, numbered; those that name no existing task or project are left out."""
    actions = [
        f"{named}{where} – {escape(cap_reason(reason))}" if reason else f"{named}{where}"
        for named, where, reason in _actions(facts, analysis)
    ][: limits.priorities]
    if actions:
        yield "## Priority actions"
        yield "\n".join(f"{rank}. {action}" for rank, action in enumerate(actions, 1))


def _compose(facts: DayFacts, analysis: Analysis, written_by: str, limits: Limits) -> str:
    return _join(
        heading(facts),
        holidays(facts),
        "## Executive summary",
        executive_summary(facts, analysis),
        "## Calendar",
        calendar(facts, limits),
        *task_lists(facts, limits),
        *projects(facts, limits),
        *analysis_part(analysis, written_by, limits),
        *priority_part(facts, analysis, limits),
        what_was_read(facts),
    )


def what_was_read(facts: DayFacts) -> str:
    """How much of everything this brief was written from, if not from all; empty otherwise."""
    counts = facts.task_counts
    read = [
        (len(facts.tasks), counts.open + counts.completed, "tasks"),
        (len(facts.projects), facts.project_count, "projects"),
        (len(facts.events), facts.event_count, "events"),
    ]
    cut = [f"{few} of {many} {what}" for few, many, what in read if few < many]
    if not cut:
        return ""
    return f"*Read for this brief: {listed(cut)}, the most pressing. Counts are of all.*"


def _join(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _workload(facts: DayFacts) -> str:
    counts = facts.task_counts
    today, overdue, coming = counts.today, counts.overdue, counts.upcoming
    parts = [(today, "for today"), (overdue, "overdue"), (coming, "in the coming week")]
    known = [(count, where) for count, where in parts if count]
    if not known:
        return "Nothing is due today or in the coming week, and nothing is overdue."
    count, where = known[0]
    said = [f"{in_words(count, 'task')} {where}"]
    said += [f"{number(count)} {where}" for count, where in known[1:]]
    if not (today or overdue):
        verb = "comes" if count == 1 else "come"
        ahead = f"{in_words(count, 'task')} {verb} up {where}"
        return f"Nothing is due today and nothing is overdue; {ahead}."
    return sentence(listed(said))


def _calendar_in_short(facts: DayFacts) -> str:
    if not facts.events:
        return "The calendar is empty."
    count = in_words(facts.event_count, "event")
    timed = meetings(facts.events)
    begins = [e.start_at for e in timed if e.start_at is not None]
    start = f", the first meeting at {clock_time(begins[0], facts.zone)}" if begins else ""
    return f"The calendar has {count}{start}."


def _actions(facts: DayFacts, analysis: Analysis) -> Iterator[tuple[str, str, str]]:
    """For each priority: what it names, where that belongs, and the reason."""
    for action in analysis.priorities:
        task = facts.task_by_id.get(action.ref_id) if action.ref_kind == "task" else None
        project = facts.project_by_id.get(action.ref_id) if action.ref_kind == "project" else None
        if task:
            where = f" ({title(facts.project_of(task).name, 40)})"
            where = where if len(facts.projects) > 1 else ""
            yield f"**{title(task.title)}**", where, action.reason
        elif project:
            yield f"**{title(project.name)}**", " (project)", action.reason


WHY_BUILT_IN = {
    "budget": " Today's budget for language models is spent.",
    "unavailable": " No language model gave a usable answer.",
}


def _written_by(source: str, why_built_in: str | None) -> str:
    if source == BUILTIN:
        said = "Written by the built-in analyst: fixed rules over your data, no language model."
        return said + WHY_BUILT_IN.get(why_built_in or "", "")
    model = escape(shorten(source, 60, 6))
    return f"Written by {model}, a language model; the lists above come straight from your data."
