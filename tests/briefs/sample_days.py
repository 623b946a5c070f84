"""Days to write briefs of: a believable one, and short ways to make others."""

import re
from datetime import date
from typing import Any

from buildos_box.briefs.analysis_schema import Analysis
from buildos_box.briefs.compose import compose
from buildos_box.briefs.facts import DayFacts, Person, day_facts
from buildos_box.clock import from_text
from buildos_box.page_links import PageLinks
from buildos_box.workspace.model import Dependency, Event, Note, Project, Task

WEDNESDAY = date(2024, 10, 23)
MORNING = from_text("2024-10-23T05:58:00Z")
LAST_WEEK = from_text("2024-10-17T12:00:00Z")
_AGES = {"created_at": LAST_WEEK, "updated_at": LAST_WEEK}
BERLIN = Person(id="ada", name="Ada", zone="Europe/Berlin", country="DE")


LINKS = PageLinks("http://box.test")


def day(text: str) -> date:
    return date.fromisoformat(text)


def project(project_id: str, name: str = "", **fields: Any) -> Project:
    values: dict[str, Any] = dict.fromkeys(Project.__struct_fields__)
    known = {"id": project_id, "user_id": "ada", "name": name or project_id, "description": ""}
    return Project(**{**values, **known, "status": "active", **_AGES, **fields})


def task(task_id: str, title: str = "", project: str = "site", **fields: Any) -> Task:
    for key in [name for name in Task.__struct_fields__ if name.endswith("_at")]:
        if isinstance(fields.get(key), str):
            fields[key] = from_text(fields[key])
    for key in ("due_date", "start_date"):
        if isinstance(fields.get(key), str):
            fields[key] = day(fields[key])
    values: dict[str, Any] = dict.fromkeys(Task.__struct_fields__)
    known = {"id": task_id, "project_id": project, "title": title or task_id, "description": ""}
    usual = {"status": "todo", "priority": "medium"}
    return Task(**{**values, **known, **usual, **_AGES, **fields})


def note(note_id: str, project: str = "site", **fields: Any) -> Note:
    known = {"id": note_id, "project_id": project, "title": "", "content": ""}
    return Note(**{**known, **_AGES, **fields})


def calendar_event(event_id: str, title: str, **fields: Any) -> Event:
    values: dict[str, Any] = dict.fromkeys(Event.__struct_fields__)
    known = {"id": event_id, "user_id": "ada", "title": title, "status": "confirmed"}
    flags = {"all_day": False, "declined": False}
    return Event(**{**values, **known, **flags, **_AGES, **fields})


def event(title: str, start: str, end: str, **fields: Any) -> Event:
    return calendar_event(
        f"event-{title}", title, start_at=from_text(start), end_at=from_text(end), **fields
    )


def all_day(title: str, first: str, after: str | None = None) -> Event:
    return calendar_event(
        f"event-{title}",
        title,
        all_day=True,
        start_date=day(first),
        end_date=day(after) if after else None,
    )


def waits(task_id: str, depends_on_id: str) -> Dependency:
    return Dependency(task_id=task_id, depends_on_id=depends_on_id)


def wednesday(**parts: Any) -> DayFacts:
    """Wednesday, October 23, 2024 in Berlin; one project, `site`, unless others are given."""
    defaults: dict[str, Any] = {
        "brief_date": WEDNESDAY,
        "now": MORNING,
        "person": BERLIN,
        "projects": [project("site", "Website relaunch")],
    }
    return day_facts(**(defaults | parts))


def adas_day() -> DayFacts:
    """A designer's Wednesday: four projects, a late contract, two meetings at once."""
    return wednesday(
        projects=[
            project("site", "Website relaunch", due_date=day("2024-10-30")),
            project("meyer", "Client: Meyer & Sons"),
            project("home", "Home"),
            project("spanish", "Learn Spanish"),
        ],
        tasks=[
            task(
                "contract",
                "Send signed contract to Meyer",
                "meyer",
                priority="urgent",
                due_date="2024-10-21",
            ),
            task("samples", "Order print samples", "meyer", due_date="2024-10-25"),
            task(
                "invoice",
                "Invoice for September",
                "meyer",
                priority="high",
                due_at="2024-10-23T13:00:00Z",
            ),
            task(
                "copy", "Write copy for the about page", status="in_progress", due_date="2024-10-23"
            ),
            task("form", "Fix the contact form", priority="high", due_date="2024-10-23"),
            task("publish", "Publish the new site", priority="high", due_date="2024-10-28"),
            task("photos", "Photos for the team page", status="blocked"),
            task("hosting", "Choose hosting", status="done", completed_at="2024-10-22T15:00:00Z"),
            task("heating", "Call the landlord", "home", due_date="2024-10-02"),
            task("dentist", "Book dentist", "home", due_date="2024-10-24"),
            task("passport", "Renew passport", "home", due_date="2024-11-20"),
            task("lesson", "Lesson 12: past tense", "spanish", status="in_progress"),
        ],
        notes=[
            note(
                "kickoff",
                "meyer",
                title="Kick-off call",
                content="# Kick-off\n\nThey want the **contract before Friday**. Budget is 18k.",
                updated_at=from_text("2024-10-22T10:00:00Z"),
            )
        ],
        events=[
            event("Call with Meyer", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z"),
            event("Design review", "2024-10-23T08:00:00Z", "2024-10-23T09:30:00Z"),
            all_day("Lena's birthday", "2024-10-23"),
            event("Night train", "2024-10-23T19:40:00Z", "2024-10-24T05:10:00Z"),
        ],
        holidays=["Day of Tests"],
        dependencies=[
            waits("samples", "contract"),
            waits("publish", "form"),
            waits("publish", "copy"),
        ],
    )


def crowded_day(word: str = "work") -> DayFacts:
    """Forty projects and a thousand tasks with titles, notes and events longer than any budget."""
    long = " ".join([word] * 60)
    dates = ["2024-10-20", "2024-10-23", "2024-10-24", None]
    return wednesday(
        projects=[project(f"p{i}", f"{long} {i}") for i in range(40)],
        tasks=[
            task(
                f"t{i}",
                f"{i} {long}",
                f"p{i % 40}",
                due_date=dates[i % 4],
                status="blocked" if i % 4 == 3 else "todo",
                priority="high",
            )
            for i in range(1000)
        ],
        notes=[
            note(
                f"n{i}",
                f"p{i % 40}",
                title=long,
                content=f"{long}. " * 30,
                updated_at=MORNING,
            )
            for i in range(200)
        ],
        events=[
            event(f"{i} {long}", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z", location=long)
            for i in range(60)
        ],
        dependencies=[waits(f"t{i}", f"t{i - 4}") for i in range(4, 1000)],
    )


def text_of(facts: DayFacts, analysis: Analysis | None = None, **more: Any) -> str:
    """The brief of that day as Markdown."""
    return compose(facts, LINKS, analysis, **more).markdown


def read(facts: DayFacts, analysis: Analysis | None = None, **more: Any) -> str:
    """The same as it is read: links without their addresses."""
    return re.sub(r"\]\(http://box\.test/[^)]*\)", "", text_of(facts, analysis, **more)).replace(
        "[", ""
    )


def part(facts: DayFacts, heading: str) -> list[str]:
    """The lines of one part of the brief, as they are read."""
    _, found, rest = read(facts).partition(f"## {heading}\n\n")
    return re.split(r"\n\n(?=#|\*W)", rest)[0].strip().splitlines() if found else []
