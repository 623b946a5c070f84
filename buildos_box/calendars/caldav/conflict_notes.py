"""The note of what the older side held, where a task was changed here and at its server.

The rules: docs/spec.md#caldav-conflicts.
"""

from collections.abc import Iterator
from datetime import date

from buildos_box.calendars.caldav.todo_merge import Values
from buildos_box.clock import from_text, zone_or_utc
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_

TITLE_CHARS = 200
_TITLE = N_("Changed in two places: {task}")
_CHANGED = N_("“{task}” was changed here and at the calendar server.")
_OLDER_THERE = N_("What stood at the calendar server was older:")
_OLDER_HERE = N_("What stood here was older:")
_FIELDS = {
    "title": N_("Title: {value}"),
    "description": N_("Description: {value}"),
    "done": N_("Done: {value}"),
    "due": N_("Due: {value}"),
    "priority": N_("Priority: {value}"),
}
_YES, _NO = N_("yes"), N_("no")
_NONE = "–"
"""A word for it would depend on the field in most languages."""
_PRIORITIES = {
    "urgent": N_("Urgent"),
    "high": N_("High"),
    "medium": N_("Medium"),
    "low": N_("Low"),
}


def note_of(task: str, lost: Values, language: Language, zone: str, *, here: bool) -> Values:
    """The title and the content of the note; `here` if it is the newer side."""
    lines = [
        language.say(_CHANGED, task=task),
        "",
        language.say(_OLDER_THERE if here else _OLDER_HERE),
        "",
        *_listed(lost, language, zone),
    ]
    title = language.say(_TITLE, task=task)[:TITLE_CHARS]
    return {"title": title, "content": "\n".join(lines)}


def _listed(lost: Values, language: Language, zone: str) -> Iterator[str]:
    for name, value in lost.items():
        yield f"- {language.say(_FIELDS[name], value=_shown(name, value, language, zone))}"


def _shown(name: str, value: object, language: Language, zone: str) -> str:
    if isinstance(value, bool):
        return language.say(_YES if value else _NO)
    if value in (None, ""):
        return _NONE
    text = str(value)
    if name == "priority":
        return language.say(_PRIORITIES[text]) if text in _PRIORITIES else text
    if name != "due":
        return text
    if "T" in text:
        return language.day_and_time(from_text(text), zone_or_utc(zone))
    return language.short_day(date.fromisoformat(text), year=True)
