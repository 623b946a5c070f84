"""No word of ours reaches a person past the catalogues: what is written for them, part by part."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from bench.sample_days import KINDS, make_day
from buildos_box.briefs.compose import compose, everything
from buildos_box.briefs.facts import DayFacts, day_facts
from buildos_box.briefs.headline import preheader, sms, subject
from buildos_box.briefs.project_markdown import project_section
from buildos_box.calendars.caldav.conflict_notes import note_of
from buildos_box.clock import from_text
from buildos_box.notifications.due_soon import due_text
from buildos_box.notifications.event_types import EVENT_TYPES, content_of, read_payload
from buildos_box.notifications.push_message import ACTIONS, push_message
from buildos_box.onboarding.analyst import analyse
from buildos_box.onboarding.model import UserContext
from buildos_box.onboarding.themes import THEMES
from buildos_box.page_links import PageLinks
from buildos_box.phases.model import PlanTask
from buildos_box.phases.planner import plan
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


def test_phases_are_named_and_described_in_the_catalogues_words() -> None:
    days = [None, date(2024, 10, 25), date(2024, 12, 24)]
    tasks = [
        PlanTask(
            id=f"{number:03}",
            title="" if number == 11 else f"{number:03}",
            due=days[number % 3],
            done=number < 2,
            after=tuple(f"{other:03}" for other in range(2, number) if number % (other + 1) == 0),
        )
        for number in range(12)
    ]
    phases = [*plan(tasks, language=PSEUDO).phases, *plan(tasks[8:9], language=PSEUDO).phases]
    assert len({phase.description for phase in phases}) > 3
    for phase in phases:
        assert (outside(phase.name), outside(phase.description)) == ("", "")


@pytest.mark.parametrize("goals", [[], ["1"], ["1", "2"]])
@pytest.mark.parametrize("challenges", [[], ["3"]])
@pytest.mark.parametrize("first", [0, 4])
def test_an_analysis_without_a_model_says_nothing_else(
    goals: list[str], challenges: list[str], first: int
) -> None:
    stems = " ".join(theme.stems for theme in THEMES[first : first + 4])
    context = UserContext(
        goals=goals, challenges=challenges, input_projects="4", input_work_style=stems
    )
    made = analyse(context, PSEUDO)
    said = [*made.insights, *made.best_practices]
    said += [text for one in made.workflow_optimizations for text in (one.title, one.description)]
    said += [one.reason for one in made.recommended_features]
    assert len(said) > 20
    assert [text for text in said if outside(text)] == []


def test_a_note_of_lost_values_does_not_either() -> None:
    lost = {
        "title": "1",
        "description": "",
        "done": True,
        "due": "2024-10-25",
        "priority": "high",
    }
    for due in ("2024-10-25", "2024-10-25T10:00:00.000Z"):
        note = note_of("2", {**lost, "due": due}, PSEUDO, "Europe/Berlin", here=True)
        assert (outside(note["title"]), outside(note["content"])) == ("", "")
        assert "Description: –" in note["content"], "a word for nothing would depend on the field"
