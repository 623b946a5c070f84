"""What people do besides: they decline and accept, call off what runs, and ask at awkward times."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.plan import DAY
from tests.simulation.user_actions import Person
from tests.simulation.virtual_time_loop import iso

LEADS = (0, 15, 60, 240, 1440, 1440)


class SecondThoughts:
    """One person's, drawn from a chance of their own, so that the rest of the life is as it was."""

    def __init__(self, person: Person, rng: random.Random) -> None:
        self.person = person
        self.rng = rng

    def live_a_day(self, day: int) -> None:
        deeds: tuple[tuple[float, Callable[[float], None]], ...] = (
            (0.2, self.answers_invitation),
            (0.12, self.meets_at_midnight),
            (0.03, self.asks_by_name),
            (0.03, self.asks_for_midnight),
            (0.04, self.calls_brief_off),
            (0.05, self.calls_text_off),
            (0.04, self.cannot_decide),
        )
        options = self.person.options
        for chance, deed in deeds:
            if self.rng.random() < chance * options.deeds_a_day * options.thoughts:
                deed(day * DAY + self.rng.uniform(0, DAY))

    def _local_day(self, at: float) -> date:
        """The day that it is for them then."""
        moment = self.person.start + timedelta(seconds=at)
        return moment.astimezone(ZoneInfo(self.person.zone)).date()

    def _near_midnight(self, at: float, days: int, minutes: int) -> str:
        """So many minutes from a local midnight, as an instant."""
        begun = self._local_day(at) + timedelta(days=days)
        zone = ZoneInfo(self.person.zone)
        midnight = self.person.start.replace(
            year=begun.year, month=begun.month, day=begun.day, hour=0, minute=0, tzinfo=zone
        )
        return iso(midnight + timedelta(minutes=minutes))

    def answers_invitation(self, at: float) -> None:
        """Declines one that is ahead, or accepts it after all; its time stays."""
        person, now = self.person, iso(self.person.start + timedelta(seconds=at))
        ahead = [name for name, event in person.events.items() if event["startAt"] > now]
        if ahead:
            name = self.rng.choice(ahead)
            before = person.events[name]
            open_now = before["status"] == "confirmed" and not before["declined"]
            person.events[name] = {**before, "status": "confirmed", "declined": open_now}
            person.add(at, "sync", {"events": [person.events[name]]})

    def meets_at_midnight(self, at: float) -> None:
        person, name = self.person, self.person.name("e")
        begins = self._near_midnight(
            at, self.rng.choice([1, 1, 2]), self.rng.choice([0, 10, 30, 45])
        )
        event = {**person.event(name, at), "status": "confirmed", "declined": False}
        event |= {"startAt": begins, "endAt": None}
        person.events[name] = event
        person.add(at, "sync", {"events": [event]})

    def asks_by_name(self, at: float) -> None:
        """For the brief of a day that they name: it does not go out of date."""
        day = self._local_day(at) + timedelta(days=self.rng.choice([-1, 0, 0, 0, 1]))
        self.person.add(at, "brief", self._brief(briefDate=day.isoformat()))

    def asks_for_midnight(self, at: float) -> None:
        """For a brief minutes before or after the next midnight."""
        minutes = self.rng.choice([-20, -10, -1, 0, 5, 20])
        due = self._near_midnight(at, 1, minutes)
        self.person.add(at, "brief", self._brief(scheduledFor=due))

    def calls_brief_off(self, at: float) -> None:
        """Asks, and cancels what may be running by then."""
        wanted = {"forceRegenerate": True} if self.rng.random() < 0.6 else {}
        self.person.add(at, "brief", self._brief(**wanted))
        self.person.add(at + self.rng.choice([0.01, 0.5, 1.5, 3.0, 20.0]), "call_off_brief", None)

    def calls_text_off(self, at: float) -> None:
        """Cancels the next reminder, mostly when one is near."""
        starts = [
            (instant - self.person.start).total_seconds()
            for event in self.person.events.values()
            if (instant := datetime.fromisoformat(event["startAt"])) > self.person.start
        ]
        ahead = [start for start in starts if at < start - 7200]
        if ahead and self.person.sms:
            before = self.rng.uniform(600, 7200)
            self.person.add(self.rng.choice(ahead) - before, "call_off_text", None)

    def cannot_decide(self, at: float) -> None:
        """Changes this and that within seconds, while the first change is still being worked on."""
        person = self.person
        for _ in range(self.rng.randint(2, 5)):
            at += self.rng.choice([0.0, 0.001, 0.3, 2.0])
            deed = self.rng.choice(
                [self._other_lead, person.travels, self._soon, person.sends_word]
            )
            deed(at)

    def _other_lead(self, at: float) -> None:
        if self.person.sms:
            wanted = self.person.sms_preferences()
            wanted["lead_time_minutes"] = self.rng.choice(LEADS)
            self.person.add(at, "sms_preferences", wanted)

    def _soon(self, at: float) -> None:
        person, name = self.person, self.person.name("e")
        person.events[name] = person.event(name, at)
        person.add(at, "sync", {"events": [person.events[name]]})

    def _brief(self, **more: Any) -> dict[str, Any]:
        return {"userId": self.person.id, **more}
