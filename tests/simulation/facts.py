"""What the story says, put in order for the oracle: revisions, outages, versions of events.

Nothing here knows the product; it reads the story's lines and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.timeline import Entry, Timeline

Fact = dict[str, Any]
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_zone = lru_cache(maxsize=None)(ZoneInfo)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Span:
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Wishes:
    """All that a person wants, as it was at one time."""

    zone: str = "UTC"
    active: bool = True
    frequency: str = "daily"
    day_of_week: int = 1
    days: tuple[int, ...] = ()
    time_of_day: str = "09:00"
    email: bool = True
    has_preferences: bool = False
    reminders: bool = False
    lead: int = 15
    quiet: tuple[str, str] | None = None
    limit: int = 10
    number: str | None = None
    stopped: bool = False
    unsure: bool = False
    """A word of STOP or START was never answered: it may have been heard, or not."""


@dataclass
class Revision:
    """From `since` on a person wanted this; asked for at `asked`."""

    asked: datetime
    since: datetime
    wishes: Wishes


@dataclass
class Version:
    """An event as it was from `since` on; None: deleted."""

    asked: datetime
    since: datetime
    event: Fact | None


@dataclass
class Facts:
    """The story, sorted out."""

    end: datetime = FOREVER
    begin: datetime = FOREVER
    mails: list[Fact] = field(default_factory=list)
    sms: list[Fact] = field(default_factory=list)
    refused_sms: list[Fact] = field(default_factory=list)
    refused_answers: list[Fact] = field(default_factory=list)
    """Good answers of a language model that were not understood."""
    asks: dict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    answers: list[Fact] = field(default_factory=list)
    called_off: dict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    """Briefs and reminders that a person cancelled, or may have cancelled: `t` to `until`."""
    revisions: dict[str, list[Revision]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, list[Version]] = field(default_factory=lambda: defaultdict(list))
    tasks: dict[str, Fact | None] = field(default_factory=dict)
    open_deeds: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    down: list[Span] = field(default_factory=list)
    trouble: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    clock: list[Span] = field(default_factory=list)
    disk: list[Span] = field(default_factory=list)
    called_back: dict[str, list[tuple[datetime, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    restored: list[Span] = field(default_factory=list)
    """From the backup to when it was put in place."""

    _timelines: dict[tuple[str, str], Timeline[Any]] = field(default_factory=dict)
    """Made when first asked for, once the story is gathered."""

    def _timeline(self, what: str, whose: str = "") -> Timeline[Any]:
        found = self._timelines.get((what, whose))
        if found is None:
            found = self._timelines[what, whose] = Timeline(self._entries(what, whose))
        return found

    def _entries(self, what: str, whose: str) -> Iterable[Entry[Any]]:
        match what:
            case "wishes":
                return ((b, e, one.wishes) for b, e, one in _in_force(self.revisions[whose]))
            case "versions":
                return ((b, e, one.event) for b, e, one in _in_force(self.events[whose]))
            case "changes":
                return ((one.since, one.since, one) for one in self.revisions[whose])
            case "asks":
                return ((ask["t"], ask["until"], ask) for ask in self.asks[whose])
            case "called off":
                return ((one["t"], one["until"], one) for one in self.called_off[whose])
        spans: dict[str, list[Span]] = {
            "clock": self.clock,
            "deeds": self.open_deeds[whose],
            "disk": self.disk,
            "down": self.down,
            "trouble": self.trouble[whose],
        }
        return ((span.begin, span.end, span) for span in spans[what])

    def preferences_between(self, who: str, begin: datetime, end: datetime) -> list[Wishes]:
        """All that may have been in force at some time in between."""
        return self._timeline("wishes", who).between(begin, end)

    def asks_between(
        self, who: str, begin: datetime, end: datetime, of: date | None = None
    ) -> list[Fact]:
        """Requests for a brief (of that day, or who knows) that may have been heard in that time."""
        asks: list[Fact] = self._timeline("asks", who).between(begin, end)
        return asks if of is None else [one for one in asks if one["day"] in (None, of.isoformat())]

    def asked_by_name(self, who: str, day: date) -> bool:
        """Whether this person ever asked for a brief by its date."""
        return any(one["body"].get("briefDate") == day.isoformat() for one in self.asks[who])

    def called_off_between(self, who: str, begin: datetime, end: datetime) -> list[Fact]:
        """What this person cancelled, or may have cancelled, in that time."""
        return self._timeline("called off", who).between(begin, end)

    def changed_between(self, who: str, begin: datetime, end: datetime) -> bool:
        """Whether this person's wishes changed then."""
        return bool(self._timeline("changes", who).between(begin, end))

    def versions_between(self, name: str, begin: datetime, end: datetime) -> list[Fact | None]:
        return self._timeline("versions", name).between(begin, end)

    def downs(self, begin: datetime, end: datetime) -> list[Span]:
        """When the box was down in that time."""
        return self._timeline("down").between(begin, end)

    def up_between(self, begin: datetime, end: datetime) -> timedelta:
        """How long the box was up in that time."""
        down = timedelta(0)
        for span in self.downs(begin, end):
            down += min(end, span.end) - max(begin, span.begin)
        return (end - begin) - down

    def crashes(self, begin: datetime, end: datetime) -> int:
        return len(self.downs(begin, end))

    def full_between(self, begin: datetime, end: datetime) -> bool:
        """Whether the disk was full at some time then."""
        return bool(self._timeline("disk").between(begin, end))

    def clock_wrong(self, begin: datetime, end: datetime) -> bool:
        """Whether the box's clock was wrong at some time then."""
        return bool(self._timeline("clock").between(begin, end))

    def ill(self, begin: datetime, end: datetime, *providers: str) -> bool:
        """Whether something was wrong, then or shortly before, that excuses a delay."""
        before = begin - 10 * MINUTE
        return (
            any(self._timeline("trouble", name).between(before, end) for name in providers)
            or self.full_between(before, end)
            or self.clock_wrong(begin - 2 * HOUR, end + 2 * HOUR)
        )

    def troubles(self, provider: str, begin: datetime, end: datetime) -> list[Span]:
        """When something was wrong with that provider, then or shortly before."""
        return self._timeline("trouble", provider).between(begin - 10 * MINUTE, end)

    def shut(self, begin: datetime, end: datetime, *lanes: str) -> bool:
        """Whether one of those lanes was paused, or the disk slow, then or shortly before."""
        return any(self.troubles(name, begin, end) for name in ("disk", *map("lane {}".format, lanes)))

    def restored_since(self, at: datetime) -> bool:
        """Whether a backup was put in place after that."""
        return any(span.end >= at for span in self.restored)

    def unsettled(self, who: str, begin: datetime, end: datetime) -> bool:
        """Whether something that this person asked for had no answer yet at some time then."""
        return bool(self._timeline("deeds", who).between(begin, end))


@dataclass
class Kept:
    """What a backup holds, by what had been acknowledged before it, whatever the clock said."""

    made: datetime
    wishes: dict[str, Wishes]
    tasks: dict[str, Fact | None]
    events: dict[str, Fact | None]
    answers: list[Fact]


def _in_force(history: list[Any]) -> Iterable[Entry[Any]]:
    """From when each may have been in force, until when, and what it was."""
    for index, one in enumerate(history):
        over = history[index + 1].since if index + 1 < len(history) else FOREVER
        yield one.asked, over, one


def _stopped(wishes: dict[str, Wishes], number: str) -> bool:
    """Whether the box has been told STOP: by the order of things, whatever its clock says."""
    return any(one.number == number and one.stopped and not one.unsure for one in wishes.values())


def gather(story: Iterable[Fact], *, until: datetime = FOREVER) -> Facts:
    """Sort the story out, as far as it has been told (`until`)."""
    facts = Facts(end=until)
    wishes: dict[str, Wishes] = defaultdict(Wishes)
    asked: dict[int, datetime] = {}
    who_asked: dict[int, str] = {}
    began: dict[str, datetime] = {}
    kept: Kept | None = None
    answered = {fact["n"] for fact in story if fact["what"] in ("acked", "refused")}
    for fact in story:
        at = instant(fact["box"])
        facts.begin = min(facts.begin, at)
        match fact["what"]:
            case "mail":
                facts.mails.append({**fact, "t": at})
            case "sms":
                facts.sms.append({**fact, "t": at, "stopped": _stopped(wishes, fact["to"])})
            case "good_answer_refused":
                facts.refused_answers.append({**fact, "t": at})
            case "sms_refused":
                stopped = _stopped(wishes, fact["to"])
                facts.refused_sms.append({**fact, "t": at, "stopped": stopped})
                for who, before in list(wishes.items()):
                    if before.number == fact["to"] and not before.stopped:
                        # Twilio says that this number has told it STOP: now the box knows too.
                        wishes[who] = replace(before, stopped=True, unsure=False)
                        facts.revisions[who].append(Revision(at, at + SECOND, wishes[who]))
            case "asked":
                asked[fact["n"]], who_asked[fact["n"]] = at, fact["who"]
                if fact["do"] == "brief":
                    facts.asks[fact["who"]].append({**fact, "t": at, "until": FOREVER, "day": None})
                elif fact["do"].startswith("call_off"):
                    unsure = {**fact, "t": at, "until": FOREVER, "answer": None, "sure": False}
                    facts.called_off[fact["who"]].append(unsure)
                elif fact["do"] == "word" and fact["n"] not in answered:
                    wishes[fact["who"]] = replace(wishes[fact["who"]], unsure=True)
                    facts.revisions[fact["who"]].append(Revision(at, at, wishes[fact["who"]]))
            case "acked":
                since = asked.pop(fact["n"])
                if fact["do"] == "brief":
                    for ask in facts.asks[fact["who"]]:
                        if ask["n"] == fact["n"]:
                            ask["until"] = at
                            if not any(since <= span.end <= at for span in facts.restored):
                                ask["day"] = fact["answer"]["day"]
                for one in facts.called_off[fact["who"]]:
                    if one["n"] == fact["n"]:
                        one |= {"until": at, "answer": fact["answer"], "sure": at - since < SECOND}
                if at - since > SECOND:
                    facts.open_deeds[fact["who"]].append(Span(since, at))
                _learn(facts, wishes, fact, since, at)
            case "refused":
                asked.pop(fact["n"], None)
                whose = who_asked[fact["n"]]
                for ask in facts.asks[whose] + facts.called_off[whose]:
                    if ask["n"] == fact["n"]:
                        ask["until"] = at
            case "called_back":
                facts.called_back[fact["sid"]].append((at, fact["status"]))
            case "trouble":
                key = f"trouble {fact['provider']}"
                if fact["mode"] == "well":
                    _close(facts.trouble[fact["provider"]], began, key, at)
                else:
                    began.setdefault(key, at)
            case "down" | "stopping":
                began.setdefault("down", at)
            case "up":
                _close(facts.down, began, "down", at)
            case "disk_full":
                if fact["on"]:
                    began.setdefault("disk", at)
                else:
                    _close(facts.disk, began, "disk", at)
            case "clock":
                true = instant(fact["at"])
                facts.clock.append(Span(min(at, true), max(at, true)))
            case "backed_up":
                answers = list(facts.answers)
                kept = Kept(at, dict(wishes), dict(facts.tasks), _last(facts), answers)
            case "restored":
                assert kept is not None
                _turn_back(facts, wishes, at, kept)
            case "end":
                facts.end = at
    for key, since in began.items():
        spans = {"down": facts.down, "disk": facts.disk}.get(key)
        (facts.trouble[key[8:]] if spans is None else spans).append(Span(since, facts.end))
    for number, since in asked.items():
        facts.open_deeds[who_asked[number]].append(Span(since, FOREVER))
    _join_clocks(facts)
    return facts


def _last(facts: Facts) -> dict[str, Fact | None]:
    return {name: history[-1].event for name, history in facts.events.items()}


def _turn_back(
    facts: Facts,
    wishes: dict[str, Wishes],
    at: datetime,
    kept: Kept,
) -> None:
    """All is again as it was when the backup was made; what was acknowledged since is gone."""
    made = kept.made
    facts.restored.append(Span(made, at))
    for who in wishes:
        old = kept.wishes.get(who, Wishes())  # nobody had told of them as yet
        if wishes[who] != old:
            wishes[who] = old
            facts.revisions[who].append(Revision(made, at, wishes[who]))
    for name, history in facts.events.items():
        if history[-1].event != kept.events.get(name):
            history.append(Version(made, at, kept.events.get(name)))
    facts.tasks = dict(kept.tasks)
    facts.answers = list(kept.answers)
    for sid, told in facts.called_back.items():
        facts.called_back[sid] = [one for one in told if one[0] <= made]


def _join_clocks(facts: Facts) -> None:
    """From the step to the step back the clock was wrong all the time."""
    joined = []
    for index in range(0, len(facts.clock), 2):
        pair = facts.clock[index : index + 2]
        last = pair[-1].end if len(pair) == 2 else facts.end
        joined.append(Span(min(s.begin for s in pair), max(last, pair[0].end)))
    facts.clock = joined


def _close(spans: list[Span], began: dict[str, datetime], key: str, at: datetime) -> None:
    since = began.pop(key, None)
    if since is not None:
        spans.append(Span(min(since, at), max(since, at)))


def _learn(
    facts: Facts, wishes: dict[str, Wishes], fact: Fact, asked: datetime, at: datetime
) -> None:
    who, body = fact["who"], fact["body"]
    before = wishes[who]
    values = dict(before.__dict__)
    match fact["do"]:
        case "brief":
            facts.answers.append({**fact, "t": at})
            return
        case "word":
            values |= {"stopped": body["Body"] == "STOP", "unsure": False}
        case "sms_preferences":
            quiet = (body["quiet_hours_start"], body["quiet_hours_end"])
            values |= {
                "reminders": body.get("enabled", before.reminders),
                "lead": body["lead_time_minutes"],
                "limit": body["daily_limit"],
                "quiet": quiet if quiet[0] is not None else None,
                "number": body.get("phone_number", before.number),
            }
        case "sync":
            for user in body.get("users", ()):
                values["zone"] = user["timezone"]
            for wanted in body.get("preferences", ()):
                values |= {
                    "has_preferences": True,
                    "active": wanted["isActive"],
                    "frequency": wanted["frequency"],
                    "day_of_week": wanted.get("dayOfWeek", before.day_of_week),
                    "days": tuple(wanted.get("days", before.days)),
                    "time_of_day": wanted["timeOfDay"],
                    "email": wanted["emailDailyBrief"],
                }
            for event in body.get("events", ()):
                facts.events[event["id"]].append(Version(asked, at, event))
            for task in body.get("tasks", ()):
                facts.tasks[task["id"]] = task
            deleted = body.get("delete", {})
            for name in deleted.get("events", ()):
                facts.events[name].append(Version(asked, at, None))
            for name in deleted.get("tasks", ()):
                facts.tasks[name] = None
    after = Wishes(**values)
    if after != before:
        wishes[who] = after
        facts.revisions[who].append(Revision(asked, at, after))


@lru_cache(maxsize=100_000)
def wall_instant(day: date, wall: time, zone: str) -> datetime:
    """The first instant at which clocks there show that time, or, if none does, a later one.

    The slow way: go through the minutes around it.
    """
    tz = _zone(zone)
    naive = datetime.combine(day, wall)
    guess = naive.replace(tzinfo=tz).astimezone(UTC) - timedelta(hours=3)
    # Coarse steps to the last quarter hour at which clocks show less, then minutes.
    while (guess + 15 * MINUTE).astimezone(tz).replace(tzinfo=None) < naive:
        guess += 15 * MINUTE
    while guess.astimezone(tz).replace(tzinfo=None) < naive:
        guess += MINUTE
    return guess


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(_zone(zone))


def covers(wishes: Wishes, day: date) -> bool:
    weekday = (day.weekday() + 1) % 7
    if wishes.frequency == "weekdays":
        return weekday not in (0, 6)
    if wishes.frequency == "weekly":
        return weekday == wishes.day_of_week
    if wishes.frequency == "custom" and wishes.days:
        return weekday in wishes.days
    return True


def runs_of(wishes: Wishes, begin: datetime, end: datetime) -> list[tuple[datetime, date]]:
    """When briefs are to be told of between two instants, and of which day each is."""
    if not wishes.active or not wishes.has_preferences:
        return []
    found = []
    day = local(begin, wishes.zone).date() - DAY
    while day <= local(end, wishes.zone).date() + DAY:
        at = wall_instant(day, time.fromisoformat(wishes.time_of_day), wishes.zone)
        if covers(wishes, day) and begin <= at < end:
            found.append((at, day))
        day += DAY
    return found


def in_quiet(quiet: tuple[str, str] | None, wall: time) -> bool:
    if quiet is None:
        return False
    begin, end = time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])
    if begin <= end:
        return begin <= wall < end
    return wall >= begin or wall < end
