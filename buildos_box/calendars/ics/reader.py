"""Calendar files (`.ics`, RFC 5545) as the lists that `POST /sync` takes (docs/spec.md#imports)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from buildos_box.calendars.ics.events import Instance, Item, Window, read_item
from buildos_box.calendars.ics.fields import (
    Warnings,
    location,
    several,
    spelled,
    stable_id,
    text_of,
    title,
    uid_of,
)
from buildos_box.calendars.ics.lines import MAX_COMPONENTS, File, Lines, read_lines
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError
from buildos_box.calendars.ics.series import lay_out
from buildos_box.calendars.ics.tasks import read_task
from buildos_box.calendars.ics.zones import Zones
from buildos_box.clock import Instant, is_zone, zone_or_utc
from buildos_box.errors import Impossible
from buildos_box.workspace.fields import EARLIEST_YEAR, LATEST_YEAR

MAX_EVENTS = 10_000
"""Of one file."""
FILE_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class CalendarImport:
    """What a file holds; `warnings` are sentences, each naming the UID that it is about."""

    events: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    warnings: list[str]
    complete: bool = True
    """Whether nothing was left out because it is too much: what is not here is not there."""


def parse_calendar(
    data: bytes,
    *,
    user_id: str,
    project_id: str | None,
    default_zone: str,
    window_start: Instant,
    window_end: Instant,
    user_email: str | None = None,
) -> CalendarImport:
    """Read a calendar file: events that touch `[window_start, window_end)`, and every to-do.

    Ids come from the user, the UID and the instance, so that a second import updates what the
    first has made. An event that is called off, or that `user_email` has declined, is given and
    marked as such: so an earlier import of it changes too. To-dos need a project. A component
    that can't be read is left out with a warning. Times without a zone are in `default_zone`.

    Raises Malformed if it is no calendar file, TooLarge over 32 MiB, Impossible if the window or
    the zone can't be.
    """
    if not window_start < window_end:
        raise Impossible.field("windowEnd", "must lie after windowStart")
    if window_start.year <= EARLIEST_YEAR or window_end.year >= LATEST_YEAR:
        raise Impossible.field("windowStart", "the window lies in no year that the box knows")
    if not is_zone(default_zone):
        raise Impossible.field("defaultZone", "must be an IANA time zone like Europe/Berlin")
    file = read_lines(data)
    zones = Zones(file.named("VTIMEZONE"), zone_or_utc(default_zone))
    warnings = Warnings()
    _warn_of_file(file, warnings)
    reading = _Reading(file, user_id, project_id, zones, warnings, _address(user_email))
    events = reading.events(Window(window_start, window_end, zones))
    tasks = reading.tasks()
    for name in sorted(zones.unknown):
        warnings.add(f"the time zone {name[:100]!r} is not known; {default_zone} was used instead")
    complete = not file.too_many and not reading.cut_short
    return CalendarImport(events, tasks, warnings.all(), complete)


def _warn_of_file(file: File, warnings: Warnings) -> None:
    if file.charset_guessed:
        warnings.add("the file is not in UTF-8; it was read as Windows-1252")
    if file.too_many:
        warnings.add(f"only the first {MAX_COMPONENTS:,} components of the file were read")


def _address(mail: str | None) -> str:
    return (mail or "").strip().casefold().removeprefix("mailto:")


@dataclass(slots=True)
class _Reading:
    """One file on its way to be lists."""

    file: File
    user_id: str
    project_id: str | None
    zones: Zones
    warnings: Warnings
    mail: str
    cut_short: bool = False

    def events(self, window: Window) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        budget = Budget(FILE_STEPS)
        try:
            # What takes place once costs nothing: no series shall keep it out.
            for uid, items in sorted(self._series().items(), key=_repeats):
                for instance in self._laid_out(items, window, budget):
                    event = self._event(uid, instance)
                    found.setdefault(event["id"], event)
                    if len(found) >= MAX_EVENTS:
                        raise BudgetSpentError
        except BudgetSpentError:
            self.cut_short = True
            self.warnings.add(f"the file holds too much; only {len(found):,} events were taken")
        return sorted(found.values(), key=_start)

    def _series(self) -> dict[str, list[Item]]:
        series: dict[str, list[Item]] = {}
        for lines in self.file.named("VEVENT"):
            uid = uid_of(lines)
            warn = self.warnings.about("event", uid)
            try:
                _require_whole(lines)
                item = read_item(lines, self.zones, warn)
            except (ValueError, OverflowError) as error:
                warn(f"{error}; it was left out")
            else:
                series.setdefault(uid, []).append(item)
        return series

    def _laid_out(self, items: list[Item], window: Window, budget: Budget) -> Iterator[Instance]:
        try:
            yield from lay_out(items, window, budget)
        except (ValueError, OverflowError, TypeError):
            items[0].warn("can't be laid out over time; it was left out")

    def _event(self, uid: str, instance: Instance) -> dict[str, Any]:
        item = instance.item
        times: dict[str, Any] = {
            "startDate" if item.all_day else "startAt": spelled(instance.start),
            "endDate" if item.all_day else "endAt": (
                None if instance.end is None else spelled(instance.end)
            ),
        }
        return {
            "id": stable_id(self.user_id, uid, instance.key),
            "userId": self.user_id,
            "title": title(item.component, item.warn),
            "allDay": item.all_day,
            **times,
            "status": self._status(item.component),
            "declined": self._declined(item.component),
            "location": location(item.component, item.warn),
        }

    def _status(self, component: Any) -> str:
        if self.file.method == "CANCEL":
            return "cancelled"
        stated = text_of(component, "STATUS").strip().lower()
        return stated if stated in ("tentative", "cancelled") else "confirmed"

    def _declined(self, component: Any) -> bool:
        return bool(self.mail) and any(
            str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"
            and self.mail
            in (_address(str(attendee)), _address(str(attendee.params.get("EMAIL", ""))))
            for attendee in several(component, "ATTENDEE")
        )

    def tasks(self) -> list[dict[str, Any]]:
        todos = self.file.named("VTODO")
        if self.project_id is None:
            if todos:
                self.warnings.add(f"to-dos need a project; left out: {len(todos):,}")
            return []
        found: dict[str, dict[str, Any]] = {}
        for lines in todos:
            uid = uid_of(lines)
            warn = self.warnings.about("to-do", uid)
            try:
                _require_whole(lines)
                task = read_task(
                    lines,
                    uid,
                    user_id=self.user_id,
                    project_id=self.project_id,
                    zones=self.zones,
                    warn=warn,
                )
            except (ValueError, OverflowError) as error:
                warn(f"{error}; it was left out")
            else:
                if task is not None:
                    found[task["id"]] = task
        return list(found.values())


def _require_whole(lines: Lines) -> None:
    if not lines.whole:
        raise ValueError("has no end")


def _repeats(series: tuple[str, list[Item]]) -> bool:
    return any(item.repeats for item in series[1])


def _start(event: dict[str, Any]) -> tuple[str, str]:
    return str(event.get("startAt") or event.get("startDate")), str(event["id"])
