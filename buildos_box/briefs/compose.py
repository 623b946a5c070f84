"""The brief as Markdown: one screen, what to do before what there is.

The facts are written by code, so that they are true; a language model may word the reasons and the
load of the day. A brief keeps to a word budget: lists are limited, and the limits tighten until it
fits.

The rules: docs/spec.md#brief-content.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from buildos_box.briefs import texts
from buildos_box.briefs.analysis_schema import NOTHING_WORDED, Analysis
from buildos_box.briefs.day_changes import since_yesterday
from buildos_box.briefs.draft import Draft, NamedTask
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.project_updates import project_updates
from buildos_box.briefs.task_lists import also_today, coming_up, first_things, late_tasks
from buildos_box.briefs.text import escape, shorten, title
from buildos_box.briefs.timeline import load, opening, timeline
from buildos_box.llm.answer_source import BUILTIN
from buildos_box.locales.language import Language
from buildos_box.page_links import PageLinks
from buildos_box.weather.line import line_of
from buildos_box.weather.outlook import Outlook

WORD_BUDGET = 250
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]{2}")
"""Two characters of Japanese, which has no spaces: about a word."""


@dataclass(frozen=True)
class Limits:
    """How much a brief shows; `compose` tightens it until the brief fits its budget."""

    today: int = 6
    events: int = 8
    late: int = 3
    coming: int = 5
    changes: int = 3
    projects: int = 4
    note_words: int = 16
    title_words: int = 14


TIGHTER = (
    Limits(),
    Limits(title_words=9, note_words=12),
    Limits(today=5, events=6, coming=4, changes=2, projects=3, note_words=10, title_words=7),
    Limits(today=4, events=5, coming=3, changes=1, projects=2, note_words=8, title_words=6),
    Limits(today=3, events=4, late=2, coming=2, changes=1, projects=2, note_words=0, title_words=5),
    Limits(today=2, events=3, late=1, coming=1, changes=1, projects=1, note_words=0, title_words=4),
    Limits(today=1, events=2, late=1, coming=1, changes=1, projects=1, note_words=0, title_words=3),
)


@dataclass(frozen=True, slots=True)
class Brief:
    """A brief's Markdown, and the tasks that it names with their lines."""

    markdown: str
    named: tuple[NamedTask, ...]


def compose(
    facts: DayFacts,
    links: PageLinks,
    analysis: Analysis | None = None,
    source: str = BUILTIN,
    *,
    why_built_in: str | None = None,
    weather: Outlook | None = None,
    budget: int = WORD_BUDGET,
) -> Brief:
    """The brief in at most `budget` words.

    `analysis` is what a model worded and `source` its name as readers see it; its words are used as
    far as the brief becomes no longer by them. `why_built_in` is the reason if a configured model
    did not word it. `weather` is that of the reader's place.
    """
    say = facts.language.say
    built_in = say(texts.WHY_BUILT_IN.get(why_built_in or "", texts.BUILT_IN))
    brief = Brief("", ())
    for limits in TIGHTER:
        brief = _compose(facts, links, NOTHING_WORDED, built_in, limits, weather)
        if word_count(brief.markdown) <= budget:
            break
    if analysis is None or source == BUILTIN:
        return brief
    by = say(texts.WORDED_BY, model=escape(shorten(source, 60, 6)))
    for fewer in _fewer(analysis):
        worded = _compose(facts, links, fewer, by, limits, weather)
        if word_count(worded.markdown) <= word_count(brief.markdown):
            return worded
    return brief


def _fewer(analysis: Analysis) -> Iterator[Analysis]:
    """A model's words, then without the last reason, and so on; what is left out, rules word."""
    for count in range(len(analysis.priorities), -1, -1):
        yield Analysis(summary=analysis.summary, priorities=analysis.priorities[:count])


def word_count(markdown: str) -> int:
    """The number of words: runs of characters between spaces; two characters where none are."""
    return len(markdown.split()) + len(_UNSPACED.findall(markdown))


def _compose(
    facts: DayFacts,
    links: PageLinks,
    worded: Analysis,
    by: str,
    limits: Limits,
    weather: Outlook | None,
) -> Brief:
    draft, say = Draft(facts, links, limits.title_words), facts.language.say
    draft.heading(1, heading(facts))
    if facts.is_empty:
        for line in texts.NOTHING:
            draft.paragraph(say(line))
        return Brief(draft.markdown, ())
    draft.paragraph(opening(facts))
    draft.paragraph(weather_line(weather, facts.language))
    first = first_things(draft, {one.ref_id: one.reason for one in worded.priorities})
    if first:
        draft.heading(2, say(texts.DO_FIRST))
        draft.numbered(first)
    draft.heading(2, say(texts.REST_OF_DAY if facts.is_late_in_the_day else texts.THE_DAY))
    draft.paragraph(escape(worded.summary) or load(facts))
    draft.bullets(timeline(draft, limits.events))
    for name, lines in (
        (texts.ALSO_TODAY, also_today(draft, limits.today)),
        (texts.LATE, late_tasks(draft, limits.late)),
        (texts.COMING_UP, coming_up(draft, limits.coming)),
        (texts.SINCE_YESTERDAY, since_yesterday(draft, limits.changes)),
        (texts.PROJECTS, project_updates(draft, limits.projects, limits.note_words)),
    ):
        if lines:
            draft.heading(2, say(name))
            draft.bullets(lines)
    draft.paragraph(what_was_read(facts))
    draft.paragraph(by)
    return Brief(draft.markdown, tuple(draft.named))


def heading(facts: DayFacts) -> str:
    """The date in words, and the public holidays beside it."""
    language = facts.language
    day = language.full_day(facts.brief_date)
    day = day[0].upper() + day[1:]
    names = [title(holiday, 40) for holiday in facts.holidays[:2]]
    if not names:
        return day
    return language.say(texts.TITLE_ON_HOLIDAY, day=day, holidays=language.listed(names))


def weather_line(weather: Outlook | None, language: Language) -> str:
    """The weather ahead, with the link that its provider asks for; empty if none is known."""
    said = line_of(weather.hours, weather.now_hour, language) if weather else None
    if weather is None or said is None:
        return ""
    line = escape(language.say(texts.WEATHER, place=weather.place, weather=said))
    if not weather.credit_url:
        return line
    return language.say(texts.WEATHER_BY, weather=line, url=weather.credit_url)


def what_was_read(facts: DayFacts) -> str:
    """How much of everything this brief was written from, if not from all; empty otherwise."""
    counts, language = facts.task_counts, facts.language
    read = [
        (texts.READ_TASKS, len(facts.tasks), counts.open + counts.completed),
        (texts.READ_PROJECTS, len(facts.projects), facts.project_count),
        (texts.READ_EVENTS, len(facts.events), facts.event_count),
    ]
    cut = [language.count(text, many, read=few) for text, few, many in read if few < many]
    return language.say(texts.READ_FOR_THIS, parts=language.listed(cut)) if cut else ""


def everything(markdown: str, sections: Iterable[str], language: Language) -> str:
    """A stored brief, followed by all that is known of each project."""
    inventory = [section.rstrip("\n") for section in sections]
    if not inventory:
        return markdown
    return (
        "\n\n".join([markdown.rstrip("\n"), f"# {language.say(texts.EVERYTHING)}", *inventory])
        + "\n"
    )
