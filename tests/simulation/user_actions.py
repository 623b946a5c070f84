"""What people do, day by day: they settle in, change their minds, travel, ask and call off."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.simulation.plan import DAY, Item, Options, Plan
from tests.simulation.virtual_time_loop import iso, utc

ZONES = (
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Europe/London",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "UTC",
)
FOLDS = {
    "America/New_York": 1,
    "America/Los_Angeles": 1,
    "America/St_Johns": 1,
    "Europe/London": 1,
    "Europe/Berlin": 2,
}
"""The hour that comes twice there when clocks go back."""


Deed = Callable[[float], None]


class Person:
    """Someone's life, day by day."""

    def __init__(self, plan: Plan, number: int, rng: random.Random, options: Options) -> None:
        self.plan = plan
        self.rng = rng
        self.options = options
        self.id = f"u{number:02d}"
        self.start = utc(plan.start)
        self.zone = options.zone or ZONES[(number + plan.seed) % len(ZONES)]
        self.events: dict[str, dict[str, Any]] = {}
        self.tasks: list[str] = []
        self.count = 0
        self.sms = number % 4 != 3
        self.stopped = False

    def add(self, at: float, do: str, body: Any) -> None:
        if at < self.plan.days * DAY:
            self.plan.items.append(Item(round(at, 3), do, self.id, body))

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{self.id}{kind}{self.count}"

    def settle_in(self) -> None:
        at = self.rng.uniform(1, 600)
        project = f"{self.id}-project"
        self.add(
            at,
            "sync",
            {
                "users": [self.user()],
                "preferences": [self.preferences()],
                "projects": [
                    {"id": project, "userId": self.id, "name": f"Garden of owner-{self.id}"}
                ],
                "tasks": [self.task(at) for _ in range(2)],
            },
        )
        if self.sms:
            self.add(at + 1, "sms_preferences", self.sms_preferences(first=True))

    def user(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "email": f"{self.id}@example.org",
            "name": self.id.title(),
            "timezone": self.zone,
        }

    def preferences(self) -> dict[str, Any]:
        rng = self.rng
        hour = rng.choice([0, 1, 1, 2, 2, 6, 7, 8, 9, 9, 12, 18, 22, 23])
        if self.zone in FOLDS and rng.random() < 0.35:
            hour = FOLDS[self.zone]
        wanted: dict[str, Any] = {
            "userId": self.id,
            "isActive": rng.random() < 0.95,
            "frequency": rng.choice(["daily", "weekdays", "weekly", "custom"]),
            "timeOfDay": f"{hour:02d}:{rng.choice([0, 0, 15, 30, 47]):02d}",
            "emailDailyBrief": rng.random() < 0.93,
        }
        if wanted["frequency"] == "weekly":
            wanted["dayOfWeek"] = rng.randrange(7)
        if wanted["frequency"] == "custom":
            wanted["days"] = sorted(rng.sample(range(7), rng.randint(1, 5)))
        return wanted

    def sms_preferences(self, *, first: bool = False) -> dict[str, Any]:
        rng = self.rng
        wanted: dict[str, Any] = {
            "userId": self.id,
            "lead_time_minutes": rng.choice([0, 5, 15, 15, 15, 30, 60]),
            "daily_limit": rng.choice([2, 10, 10, 10]),
        }
        quiet = rng.choice([None, ("22:00", "07:30"), ("22:00", "07:30"), ("13:00", "14:30")])
        wanted["quiet_hours_start"], wanted["quiet_hours_end"] = quiet or (None, None)
        if first:
            number = int(self.id[1:])
            wanted |= {"phone_number": f"+1212555{number:04d}", "phone_verified": True}
            wanted["enabled"] = True
        return wanted

    def task(self, at: float) -> dict[str, Any]:
        name = self.name("t")
        self.tasks.append(name)
        day = (self.start + timedelta(seconds=at)).date() + timedelta(days=self.rng.randint(-1, 5))
        return {
            "id": name,
            "projectId": f"{self.id}-project",
            "title": f"Water bed {name} owner-{self.id}",
            "dueDate": day.isoformat(),
        }

    def event(self, name: str, at: float) -> dict[str, Any]:
        rng = self.rng
        moment = self.start + timedelta(seconds=at + rng.uniform(0.3, 60) * 3600)
        begins = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
        return {
            "id": name,
            "userId": self.id,
            "title": f"Visit {name}x owner-{self.id}",
            "startAt": iso(begins),
            "endAt": iso(begins + timedelta(minutes=45)),
            "status": rng.choice(["confirmed"] * 9 + ["tentative"]),
            "declined": rng.random() < 0.05,
        }

    def live_a_day(self, day: int) -> None:
        rng = self.rng
        for chance, deed in self.deeds():
            if rng.random() < chance * self.options.deeds_a_day:
                deed(day * DAY + rng.uniform(0, DAY))

    def deeds(self) -> tuple[tuple[float, Deed], ...]:
        """What they may do in a day, and how likely."""
        return (
            (0.25, self.adds_task),
            (0.25, self.ends_task),
            (0.6, self.adds_event),
            (0.25, self.changes_event),
            (0.05, self.deletes_event),
            (0.03, self.changes_preferences),
            (0.025, self.travels),
            (0.04, self.changes_sms),
            (0.03, self.sends_word),
            (0.05, self.asks),
            (0.06, self.sends_note),
        )

    def adds_task(self, at: float) -> None:
        self.add(at, "sync", {"tasks": [self.task(at)]})

    def ends_task(self, at: float) -> None:
        if self.tasks:
            name = self.tasks.pop(self.rng.randrange(len(self.tasks)))
            self.add(at, "sync", {"delete": {"tasks": [name]}})

    def adds_event(self, at: float) -> None:
        name = self.name("e")
        self.events[name] = self.event(name, at)
        self.add(at, "sync", {"events": [self.events[name]]})

    def changes_event(self, at: float) -> None:
        """Moves or cancels one that is still ahead."""
        now = iso(self.start + timedelta(seconds=at))
        ahead = [name for name, event in self.events.items() if event["startAt"] > now]
        if not ahead:
            return
        name = self.rng.choice(ahead)
        changed = self.event(name, at)
        if self.rng.random() < 0.15:
            changed = {**self.events[name], "status": "cancelled"}
        self.events[name] = changed
        self.add(at, "sync", {"events": [changed]})

    def deletes_event(self, at: float) -> None:
        if self.events:
            name = self.rng.choice(sorted(self.events))
            del self.events[name]
            self.add(at, "sync", {"delete": {"events": [name]}})

    def changes_preferences(self, at: float) -> None:
        self.add(at, "sync", {"preferences": [self.preferences()]})

    def travels(self, at: float) -> None:
        self.zone = self.rng.choice(ZONES)
        self.add(at, "sync", {"users": [self.user()]})

    def changes_sms(self, at: float) -> None:
        if self.sms:
            self.add(at, "sms_preferences", self.sms_preferences())

    def sends_word(self, at: float) -> None:
        if self.sms:
            self.stopped = not self.stopped
            number = f"+1212555{int(self.id[1:]):04d}"
            word = "STOP" if self.stopped else "START"
            self.add(at, "word", {"From": number, "Body": word})

    def sends_note(self, at: float) -> None:
        """The frontend sends a text of its own, perhaps in the night."""
        if self.sms:
            due = self.start + timedelta(seconds=at + self.rng.choice([0, 60, 20_000]))
            text = f"Note {self.name('n')}x owner-{self.id}"
            body = {"userId": self.id, "message": text, "scheduledFor": iso(due)}
            self.add(at, "message", body)

    def asks(self, at: float) -> None:
        body: dict[str, Any] = {"userId": self.id}
        if self.rng.random() < 0.3:
            body["forceRegenerate"] = True
        self.add(at, "brief", body)
        if self.rng.random() < 0.5:
            self.add(at + self.rng.choice([0.0, 0.002, 1.0]), "brief", dict(body))


class Guest(Person):
    """Somebody who wants briefs and keeps nothing here: the daily ones are not sent."""

    def settle_in(self) -> None:
        at = self.rng.uniform(1, 600)
        self.add(at, "sync", {"users": [self.user()], "preferences": [self.preferences()]})

    def deeds(self) -> tuple[tuple[float, Deed], ...]:
        return (0.03, self.changes_preferences), (0.025, self.travels), (0.05, self.asks)
