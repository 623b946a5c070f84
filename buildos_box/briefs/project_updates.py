"""Projects of which there is news: a deadline near, a risk, a new note; one line each."""

from collections.abc import Iterator

from buildos_box.briefs import texts
from buildos_box.briefs.draft import Draft, Line
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.project_markdown import note_line
from buildos_box.workspace.model import Note, Project
from buildos_box.workspace.store.day import RECENT

DEADLINE_NEAR = 7
RISK_NEAR = 30
"""Days before its date within which late tasks put a project at risk."""


def project_updates(draft: Draft, most: int, note_words: int) -> list[Line]:
    """One line for each project with news, the most pressing first."""
    lines = []
    for project in draft.facts.projects:
        news = [*_dates(draft.facts, project), *_note(draft.facts, project, note_words)]
        if news:
            lines.append(Line(" · ".join([draft.project(project), *news])))
        if len(lines) == most:
            break
    return lines


def _dates(facts: DayFacts, project: Project) -> Iterator[str]:
    counts = facts.counts_of(project.id)
    if project.due_date is None or not counts.open:
        return
    days, language = (project.due_date - facts.brief_date).days, facts.language
    if days < 0:
        yield language.count(texts.PROJECT_PAST, -days)
        yield language.count(texts.PROJECT_LEFT, counts.open)
    elif days == 0:
        yield language.count(texts.PROJECT_DUE_TODAY, counts.open)
    elif days <= DEADLINE_NEAR:
        day = language.coming_day(project.due_date, facts.brief_date)
        yield language.count(texts.PROJECT_DUE_ON, counts.open, day=day)
    if counts.overdue and days <= RISK_NEAR:
        yield language.count(texts.PROJECT_AT_RISK, counts.overdue)


def _note(facts: DayFacts, project: Project, note_words: int) -> Iterator[str]:
    notes = facts.notes_of(project.id)
    line = note_line(facts, notes[0], note_words) if notes and _is_new(facts, notes[0]) else ""
    if line and note_words:
        yield line


def _is_new(facts: DayFacts, note: Note) -> bool:
    return facts.now - RECENT <= note.updated_at <= facts.now
