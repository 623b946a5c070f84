"""Situations that chance alone brings about once in years, each made of a deed and a trouble."""

import random
from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from tests.simulation.plan import DAY, Item, Options, Plan
from tests.simulation.virtual_time_loop import iso, utc
from tests.simulation.wall_time import local, wall_instant

ONE_DAY = timedelta(days=1)
MANY = 10_000
"""More commits than a life of seconds has."""


def add_situations(plan: Plan, rng: random.Random, options: Options) -> None:
    """So many a day, at any time but the first two days and the quiet last ones."""
    made = Situations(plan, rng)
    count = round(options.situations * max(plan.days - 4, 0))
    for _ in range(count):
        rng.choice(made.all())(rng.uniform(DAY, (plan.days - 3) * DAY))


class Situations:
    """Each is made around a time, with somebody who is there by then."""

    def __init__(self, plan: Plan, rng: random.Random) -> None:
        self.plan = plan
        self.rng = rng
        self.start = utc(plan.start)
        self.events = 0

    def all(self) -> tuple[Callable[[float], None], ...]:
        return (
            self.shut_over_midnight,
            self.asked_again_while_mail_waits,
            self.dies_with_the_outcome_recorded,
            self.dies_as_the_brief_is_done,
            self.lost_again_and_again,
            self.news_has_to_wait,
            self.meets_as_the_day_begins,
        )

    def _add(self, at: float, do: str, who: str = "", body: Any = None) -> None:
        self.plan.items.append(Item(round(at, 3), do, who, body))

    def _somebody(self) -> str:
        return f"u{self.rng.randrange(self.plan.people):02d}"

    def _writes_anew(self, at: float, who: str) -> None:
        self._add(at, "brief", who, {"userId": who, "forceRegenerate": True})

    def _shut(self, at: float, way: str, lasts: float) -> None:
        """A lane is paused, or the relay refuses."""
        if way == "relay":
            self._add(at, "trouble", body={"provider": way, "mode": "busy", "lasts": lasts})
        else:
            self._add(at, "pause", body={"lane": way, "lasts": lasts})

    def _midnight(self, who: str, at: float) -> float:
        """The next midnight there, in seconds from the start."""
        now = self.start + timedelta(seconds=at)
        zone = self._zone(who, at)
        over = wall_instant(local(now, zone).date() + ONE_DAY, time(0), zone)
        return (over - self.start).total_seconds()

    def _zone(self, who: str, at: float) -> str:
        moves = [
            item
            for item in self.plan.items
            if item.who == who and item.do == "sync" and item.at <= at and item.body.get("users")
        ]
        last = max(moves, key=lambda item: item.at)
        return str(last.body["users"][0]["timezone"])

    def _lead(self, who: str, at: float) -> int | None:
        """How many minutes ahead they are reminded; None if they are not, or not at night."""
        wanted = [
            item
            for item in self.plan.items
            if item.who == who and item.do == "sms_preferences" and item.at <= at
        ]
        last = max(wanted, key=lambda item: item.at).body if wanted else {}
        at_night = (last.get("quiet_hours_start") or "12:00") < "20:00"
        return int(last["lead_time_minutes"]) if last and at_night else None

    def shut_over_midnight(self, at: float) -> None:
        """A brief is asked for in the last minutes of its day, and is held up until it is over."""
        who = self._somebody()
        over = self._midnight(who, at)
        shut = over - self.rng.uniform(300, 1500)
        way = self.rng.choice(["llm", "email", "relay"])
        self._shut(shut, way, over - shut + self.rng.uniform(700, 4000))
        self._writes_anew(shut + self.rng.uniform(5, 120), who)

    def asked_again_while_mail_waits(self, at: float) -> None:
        """Two or three versions of a brief are written before the first one's mail can leave."""
        who, lasts = self._somebody(), self.rng.uniform(900, 2400)
        self._shut(at, self.rng.choice(["email", "relay"]), lasts)
        for n in range(self.rng.choice([2, 2, 3])):
            self._writes_anew(at + 20 + n * self.rng.uniform(150, 270), who)

    def dies_with_the_outcome_recorded(self, at: float) -> None:
        """It is known that a mail has left, and its job is not done."""
        body = {"seam": "after effect", "nth": 1, "then": "after commit", "back_after": 2.0}
        self._add(at - 0.2, "crash", body=body)
        self._writes_anew(at, self._somebody())

    def dies_as_the_brief_is_done(self, at: float) -> None:
        """The box dies at one of the commits between a brief's request and its mail."""
        body = {"seam": "after commit", "nth": self.rng.randint(3, 9), "back_after": 2.0}
        self._add(at - 0.2, "crash", body=body)
        self._writes_anew(at, self._somebody())

    def lost_again_and_again(self, at: float) -> None:
        """The box dies each time that it has been at the same brief for some seconds."""
        silent = {"provider": "model", "mode": "silent", "lasts": 900.0}
        self._add(at - 1, "trouble", body=silent)
        self._writes_anew(at, self._somebody())
        seams = [("after commit", MANY)] * self.rng.randint(4, 6)
        self._add(at + 1, "crash_loop", body={"seams": seams, "each": self.rng.uniform(8.5, 12)})

    def news_has_to_wait(self, at: float) -> None:
        """Whoever has chosen to be told of briefs by mail is told once the lane is open again."""
        who = self._somebody()
        self._add(at - 300, "news", who, {"eventTypes": {"brief.completed": {"email": True}}})
        self._shut(at - 5, "push", self.rng.uniform(200, 3000))
        self._writes_anew(at, who)

    def meets_as_the_day_begins(self, at: float) -> None:
        """Reminders are due in the first hour of the day after next, which is not planned yet."""
        people = (f"u{number:02d}" for number in range(self.plan.people))
        leads = {who: lead for who in people if (lead := self._lead(who, at)) is not None}
        for who in self.rng.sample(sorted(leads), min(4, len(leads))):
            begins = self._midnight(who, self._midnight(who, at) + 60)
            begins += (self.rng.randrange(60) + leads[who]) * 60
            self.events += 1
            name = f"{who}e{7000 + self.events}"
            event = {
                "id": name,
                "userId": who,
                "title": f"Visit {name}x owner-{who}",
                "startAt": iso(self.start + timedelta(seconds=begins)),
                "endAt": None,
                "status": "confirmed",
                "declined": False,
            }
            self._add(at, "sync", who, {"events": [event]})
