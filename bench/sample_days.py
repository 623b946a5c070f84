"""Made-up days to write briefs of, each made from its number."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from buildos_box.briefs.facts import DayFacts, Person, day_facts
from buildos_box.clock import Instant
from buildos_box.workspace.model import Dependency, Event, Note, Project, Task

KINDS = ("light", "heavy", "stale", "chains", "empty", "holiday", "night")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "UTC")
VERBS = ("Send", "Call", "Review", "Plan", "Order", "Fix", "Write", "Book", "Test", "Move")
THINGS = (
    "the contract",
    "the landlord",
    "slides for Tuesday",
    "print samples",
    "the invoice",
    "a train to Kiel",
    "the contact form",
    "copy for the about page, second draft, with photos",
    "the old server and everything that still runs on it",
    "team photos",
)


@dataclass
class Made:
    """A made-up day."""

    kind: str
    facts: DayFacts
    events: list[Event]


def make_day(number: int) -> Made:
    """The day of that number."""
    rng = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    zone = ZoneInfo(rng.choice(ZONES))
    day = date(2024, 1, 1) + timedelta(days=rng.randrange(700))
    hour = rng.choice([6, 7, 7, 7, 8, 12, 17, 20])
    now = datetime(day.year, day.month, day.day, hour, rng.randrange(60), tzinfo=zone)
    maker = _Maker(rng, day, zone, now.astimezone(UTC))
    projects = [] if kind == "empty" and number % 2 else maker.projects(rng.randint(1, 6))
    tasks = [] if kind == "empty" else maker.tasks(kind, projects)
    events = [] if kind == "empty" else maker.events(kind)
    facts = day_facts(
        brief_date=day,
        now=now.astimezone(UTC),
        person=Person(id="p", zone=zone.key),
        projects=projects,
        tasks=tasks,
        notes=maker.notes(projects) if kind != "empty" else [],
        events=events,
        holidays=["Founders' Day"] if kind == "holiday" else [],
        dependencies=maker.links(kind, tasks),
    )
    return Made(kind, facts, events)


@dataclass
class _Maker:
    rng: random.Random
    day: date
    zone: ZoneInfo
    now: Instant

    def projects(self, count: int) -> list[Project]:
        empty: dict[str, Any] = dict.fromkeys(Project.__struct_fields__)
        ages = {"created_at": self.ago(30), "updated_at": self.ago(9)}
        return [
            Project(**{
                **empty, **ages, "id": f"p{n}", "user_id": "p", "name": f"Project {chr(65 + n)}",
                "description": "", "status": "active", "phases_generated": False,
                "due_date": self.rng.choice([None, None, *map(self.date, (-3, 4, 60))]),
            })
            for n in range(count)
        ]  # fmt: skip

    def tasks(self, kind: str, projects: list[Project]) -> list[Task]:
        count = {"light": 4, "heavy": 60, "stale": 50, "chains": 25}.get(kind, 15)
        return [self.task(kind, n, projects) for n in range(self.rng.randint(1, count))]

    def task(self, kind: str, n: int, projects: list[Project]) -> Task:
        rng = self.rng
        stale = kind == "stale" and rng.random() < 0.8
        offset = -rng.randint(15, 400) if stale else rng.choice(
            [None, None, -9, -3, -2, -1, 0, 0, 0, 1, 2, 4, 7, 8, 30]
        )  # fmt: skip
        timed = offset is not None and rng.random() < 0.4
        status = rng.choice(["todo", "todo", "todo", "in_progress", "blocked", "done"])
        due = None if offset is None else self.date(offset)
        values: dict[str, Any] = dict.fromkeys(Task.__struct_fields__)
        return Task(**{
            **values, "id": f"t{n}", "project_id": rng.choice(projects).id,
            "title": f"{rng.choice(VERBS)} {rng.choice(THINGS)} {n}", "description": "",
            "status": status, "priority": rng.choice(["low", "medium", "medium", "high", "urgent"]),
            "due_date": None if timed else due,
            "due_at": self.at(offset or 0, rng.randrange(6, 22)) if timed else None,
            "start_date": rng.choice([None, None, None, self.day]),
            "completed_at": self.ago(rng.choice([0.2, 3])) if status == "done" else None,
            "created_at": self.ago(rng.choice([0.3, 5, 20])), "updated_at": self.ago(0.1),
            "due_changed_at": rng.choice([None, None, self.ago(0.4)]),
            "blocked_at": self.ago(rng.choice([0.4, 6])) if status == "blocked" else None,
        })  # fmt: skip

    def events(self, kind: str) -> list[Event]:
        count = {"light": 1, "heavy": 9}.get(kind, 4)
        found = [
            self.event(n, self.rng.randrange(8, 20)) for n in range(self.rng.randint(0, count))
        ]
        if kind == "night":
            found.append(self.event(90, 22, days=-1, hours=8))
            found.append(self.event(91, 22, hours=8))
        return found

    def event(self, n: int, hour: int, *, days: int = 0, hours: float = 0) -> Event:
        values: dict[str, Any] = dict.fromkeys(Event.__struct_fields__)
        start = self.at(days, hour)
        length = hours or self.rng.choice([0.25, 0.5, 1, 2])
        return Event(**{
            **values, "id": f"e{n}", "user_id": "p", "title": f"Meeting {n}", "all_day": False,
            "start_at": start, "end_at": start + timedelta(hours=length), "status": "confirmed",
            "declined": False, "created_at": self.ago(9), "updated_at": self.ago(9),
        })  # fmt: skip

    def notes(self, projects: list[Project]) -> list[Note]:
        return [
            Note(id=f"n{n}", project_id=project.id, title="Call",
                 content="They want it [soon](https://example.org/a). " * 3,
                 created_at=self.ago(2), updated_at=self.ago(self.rng.choice([0.5, 2])))
            for n, project in enumerate(projects)
        ]  # fmt: skip

    def links(self, kind: str, tasks: list[Task]) -> list[Dependency]:
        """A task may wait for a later one only, so that there is no cycle."""
        share = 0.7 if kind == "chains" else 0.1
        return [
            Dependency(task.id, self.rng.choice(tasks[n + 1 :]).id)
            for n, task in enumerate(tasks[:-1])
            if self.rng.random() < share
        ]

    def date(self, offset: int) -> date:
        return self.day + timedelta(days=offset)

    def at(self, offset: int, hour: int) -> Instant:
        day = self.date(offset)
        wall = datetime(day.year, day.month, day.day, hour, 30, tzinfo=self.zone)
        return wall.astimezone(UTC)

    def ago(self, days: float) -> Instant:
        return self.now - timedelta(days=days)
