"""What the story says, put in order for the oracle: revisions, outages, versions of events."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.simulation.preferences import Wishes
from tests.simulation.timeline import Entry, Timeline
from tests.simulation.wall_time import FOREVER, HOUR, MINUTE

Fact = dict[str, Any]


@dataclass
class Span:
    begin: datetime
    end: datetime


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
    keepers: set[str] = field(default_factory=set)
    """Whoever keeps a project here; the daily briefs of others have nothing to tell."""
    open_deeds: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    down: list[Span] = field(default_factory=list)
    trouble: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    clock: list[Span] = field(default_factory=list)
    disk: list[Span] = field(default_factory=list)
    called_back: dict[str, list[tuple[datetime, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    recorded: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When the box, found dead, had it in its books that a mail was sent, by Message-ID."""
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
        """Requests for a brief (of that day, or who knows) that may have been heard then."""
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

    def recorded_between(self, message_id: str, begin: datetime, end: datetime) -> bool:
        """Whether the box knew that mail's outcome before `end`, and was not made to forget it."""
        known = any(begin <= at < end for at in self.recorded[message_id])
        return known and not any(begin <= span.end <= end for span in self.restored)

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
        names = ("disk", *(f"lane {lane}" for lane in lanes))
        return any(self.troubles(name, begin, end) for name in names)

    def paused(self, lane: str, at: datetime) -> bool:
        """Whether that lane was certainly paused then, for a second at least.

        Never near a time at which the box's clock was wrong: `at` is what that clock said.
        """
        spans = self._timeline("trouble", f"lane {lane}").between(at, at)
        return any(
            span.begin + timedelta(seconds=1) < at < span.end - timedelta(seconds=1)
            and not self.unfinished("", span.begin, span.end)
            and not self.clock_wrong(span.begin - 3 * HOUR, span.end + 3 * HOUR)
            and not any(one.begin <= span.end and span.begin <= one.end for one in self.restored)
            for span in spans
        )

    def restored_since(self, at: datetime) -> bool:
        """Whether a backup was put in place after that."""
        return any(span.end >= at for span in self.restored)

    def unfinished(self, who: str, begin: datetime, end: datetime) -> bool:
        """Whether something that this person asked for had no answer yet at some time then."""
        return bool(self._timeline("deeds", who).between(begin, end))


def _in_force(history: list[Any]) -> Iterable[Entry[Any]]:
    """From when each may have been in force, until when, and what it was."""
    for index, one in enumerate(history):
        over = history[index + 1].since if index + 1 < len(history) else FOREVER
        yield one.asked, over, one
