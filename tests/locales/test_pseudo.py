"""No word of ours reaches a person past the catalogues: a brief, its mail, SMS and push."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bench.made_days import KINDS, make_day
from buildos_box.briefs.compose import compose, everything
from buildos_box.briefs.facts import DayFacts, day_facts
from buildos_box.briefs.headline import preheader, sms, subject
from buildos_box.briefs.sections import project_section
from buildos_box.clock import from_text
from buildos_box.notifications.due_soon import due_text
from buildos_box.notifications.event_types import EVENT_TYPES, content_of, read_payload
from buildos_box.notifications.push_message import ACTIONS, push_message
from buildos_box.page_links import PageLinks
from buildos_box.sms.text import reminder_text
from buildos_box.workspace.model import Dependency
from tests.locales.test_catalogues import PSEUDO, outside

LINKS = PageLinks("http://box.test")
NOW = from_text("2024-10-23T08:00:00Z")


def without_words(facts: DayFacts) -> DayFacts:
    """The same day, in which people's own words are digits, and its reader reads the brackets."""

    def numbered(things: Any, **blank: Any) -> list[Any]:
        return [
            msgspec.structs.replace(
                thing,
                **{name: f"{number:03}" for name in ("title", "name") if hasattr(thing, name)},
                **blank,
            )
            for number, thing in enumerate(things)
        ]

    links = [(task, other) for task, others in facts.waits_for.items() for other in others]
    return day_facts(
        brief_date=facts.brief_date,
        now=facts.now,
        person=msgspec.structs.replace(facts.person, language=PSEUDO),
        projects=numbered(facts.projects, description=""),
        tasks=numbered(facts.tasks, description=""),
        notes=numbered(facts.notes, content="123"),
        events=numbered(facts.events, location=None),
        holidays=["4" for _ in facts.holidays],
        dependencies=[Dependency(task, other) for task, other in links],
    )


@pytest.mark.parametrize("number", range(4 * len(KINDS)))
def test_a_brief_says_nothing_past_its_catalogue(number: int) -> None:
    facts = without_words(make_day(number).facts)
    brief = compose(facts, LINKS, why_built_in=(None, "budget", "unavailable")[number % 3])
    sections = [project_section(facts, project) for project in facts.projects]
    said = [
        everything(brief.markdown, sections, PSEUDO),
        subject(facts),
        preheader(facts),
        sms(facts, sender="1", url="http://box.test/app/"),
    ]
    for text in said:
        assert outside(text) == "", text


@pytest.mark.parametrize("days", [0, 1, 3])
@pytest.mark.parametrize("minutes", [15, 600])
def test_a_reminder_does_not_either(days: int, minutes: int) -> None:
    start = NOW + timedelta(days=days)
    at = start - timedelta(minutes=minutes)
    text = reminder_text("", start, make_day(0).facts.zone, at, sender="1", language=PSEUDO)
    assert outside(text) == ""
    assert "⟦" in text


PAYLOAD: dict[str, Any] = {
    **dict.fromkeys(("taskId", "projectId", "smsId", "eventId", "feedId"), "1"),
    **dict.fromkeys(("taskName", "message", "name", "text", "error", "phaseName"), "2"),
    "briefDate": "2024-10-23",
}


@pytest.mark.parametrize("name", [name for name, one in EVENT_TYPES.items() if not one.admins_only])
def test_notifications_do_not_either(name: str) -> None:
    event = EVENT_TYPES[name]
    payload = {**PAYLOAD, **({} if name.startswith("calendar") else {"projectName": "3"})}
    content = content_of(event, read_payload(event, payload), PSEUDO)
    assert (outside(content.title), outside(content.body)) == ("", "")


def test_what_is_due_soon_and_the_buttons_of_push() -> None:
    zone = make_day(0).facts.zone
    for away in (None, 1, 20, 60):
        due = None if away is None else NOW + timedelta(hours=away)
        assert outside(due_text(due, NOW, zone, PSEUDO)) == ""
    row = {
        **dict.fromkeys(("id", "title", "body", "tag", "action_url", "created_at", "user_id"), "1"),
        "event_type": "task.due_soon",
        "payload": b'{"taskId":"1"}',
    }
    made = push_message(row, urgent=False, now=NOW, stale_at=None, language=PSEUDO)
    assert made.content["labels"].keys() == ACTIONS.keys()
    assert all(outside(label) == "" for label in made.content["labels"].values())
