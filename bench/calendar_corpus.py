"""Any folder of calendar files, read here and by two independent readers; differences by cause.

usage: python -m bench.calendar_corpus FOLDER [--zone Europe/Berlin] [--ical-js DIR] [--examples 3]

The readers: `icalendar` with `recurring_ical_events`, and ical.js under Node if `--ical-js` names a
folder in which `npm install ical.js` was run. Compared is when events of the two years from a
file's first date begin and end. What the readers agree on may still be wrong, and what they differ
on may be right here: docs/calendars.md says which differences are meant.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from buildos_box.calendars.ics.reader import Reader, parse_calendar
from buildos_box.errors import BoxError

SUFFIXES = (".ics", ".ical", ".vcs")
SPAN = timedelta(days=730)
SECONDS = 20
"""For one file and one reader."""
FEATURES = {
    "zone without a definition": None,
    "floating time": re.compile(rb"^DT(START|END)(;VALUE=DATE-TIME)?:\d{8}T\d{6}\r?$", re.M),
    "X-WR-TIMEZONE": re.compile(rb"^X-WR-TIMEZONE", re.M | re.I),
    "DURATION": re.compile(rb"^DURATION", re.M | re.I),
    "RDATE": re.compile(rb"^RDATE", re.M | re.I),
    "EXDATE": re.compile(rb"^EXDATE", re.M | re.I),
    "EXRULE": re.compile(rb"^EXRULE", re.M | re.I),
    "RECURRENCE-ID": re.compile(rb"^RECURRENCE-ID", re.M | re.I),
    "THISANDFUTURE": re.compile(rb"THISANDFUTURE", re.I),
    "RRULE": re.compile(rb"^RRULE", re.M | re.I),
    "marked as all-day": re.compile(rb"ALLDAY(EVENT)?:(TRUE|1)", re.I),
    "same UID": None,
}
_UID = re.compile(rb"^UID[^:\r\n]*:(.+?)\r?$", re.M | re.I)
_TZID = re.compile(rb";TZID=\"?([^\":;\r\n]+)", re.I)
_DEFINED = re.compile(rb"^TZID[^:\r\n]*:(.+?)\r?$", re.M | re.I)
_FIRST = re.compile(rb"^DTSTART[^:\r\n]*:(\d{4})-?(\d\d)-?(\d\d)", re.M | re.I)

Span = tuple[str, str | None]
"""When an event begins and ends: days, or instants in UTC to the second."""
Spans = Counter[Span]


@dataclass
class Report:
    """How often each difference was found, and in which files."""

    files: int = 0
    events: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    causes: dict[str, dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )


class Refused(Exception):
    """The reader could not read the file."""


def windows(content: bytes, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Two years from the first date of events, in this century or the last; None without one."""
    events = re.sub(rb"BEGIN:VTIMEZONE.*?END:VTIMEZONE", b"", content, flags=re.S)
    days = []
    for year, month, day in _FIRST.findall(events):
        try:
            days.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    known = [day for day in days if 1970 <= day.year <= 2100] or (
        [date(2020, 1, 1)] if days else []
    )
    if not known:
        return None
    start = datetime.combine(min(known), time(0), zone).astimezone(UTC) - timedelta(days=1)
    return start, start + SPAN


def ours(content: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> Spans:
    """What is read here."""
    reader = Reader(user_id="corpus", project_id=None, zone=zone.key, window_start=start,
                    window_end=end, now=start)  # fmt: skip
    try:
        found = parse_calendar(content, reader)
    except BoxError as error:
        raise Refused(error.message) from None
    if not found.complete:
        raise Refused("too much for one file")
    return Counter(
        (event["startDate"], event["endDate"])
        if event["allDay"]
        else (event["startAt"][:19], event["endAt"] and event["endAt"][:19])
        for event in found.events
    )


def theirs(content: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> Spans:
    """What `icalendar` and `recurring_ical_events` read."""
    spans: Spans = Counter()
    try:
        for calendar in Calendar.from_ical(content, multiple=True):
            query = recurring_ical_events.of(calendar, components=["VEVENT"])
            for event in query.between(start, end):
                first = event["DTSTART"].dt
                last = event["DTEND"].dt if "DTEND" in event else None
                spans[_spelled(first, zone), None if last is None else _spelled(last, zone)] += 1
    except TimeoutError:
        raise
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {_words(error)}") from None
    return spans


def _words(error: Exception) -> str:
    text = re.sub(r"['\"].*?['\"]|\d+|\{.*|\[.*", "…", str(error).split("\n")[0])
    return text[:50]


def _spelled(value: date, zone: ZoneInfo) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return aware.astimezone(UTC).isoformat()[:19]


class IcalJs:
    """ical.js in a Node process of its own."""

    def __init__(self, folder: Path, zone: ZoneInfo) -> None:
        self._zone = zone
        script = Path(__file__).with_name("calendar_corpus.mjs")
        library = folder / "node_modules" / "ical.js" / "dist" / "ical.js"
        self._command = [shutil.which("node") or "node", str(script), str(library)]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, content: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> Spans:
        """What it reads."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"text": content.decode("utf-8-sig", errors="replace"), "zone": zone.key,
                 "start": start.timestamp(), "end": end.timestamp()}  # fmt: skip
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (TimeoutError, ValueError, OSError):
            # It would answer this file while the next one is asked about.
            self._process.kill()
            self._process.wait()
            self._start()
            raise TimeoutError from None
        if "error" in answer:
            raise Refused(_words(Exception(answer["error"])))
        return Counter(
            (self._read(first), None if last is None else self._read(last))
            for first, last in answer["spans"]
        )

    def _read(self, value: str | float) -> str:
        if isinstance(value, str):
            is_day = len(value) == 10
            return value if is_day else _spelled(datetime.fromisoformat(value), self._zone)
        return datetime.fromtimestamp(value, UTC).isoformat()[:19]


def plain(spans: Spans, start: datetime, end: datetime) -> Spans:
    """Those that begin in the window, no end where that is the start, each once."""
    first, last = start.isoformat()[:19], end.isoformat()[:19]
    found: Spans = Counter()
    for begin, over in spans:
        if first[: len(begin)] < begin < last[: len(begin)]:
            implied = len(begin) == 10 and over is None
            day_after = (
                (date.fromisoformat(begin) + timedelta(days=1)).isoformat() if implied else None
            )
            found[begin, day_after or (None if over == begin else over)] = 1
    return found


def cause(content: bytes, here: Spans, there: Spans) -> str:
    """Groups a difference: what differs, and what of the file may be why."""
    starts_here, starts_there = {span[0] for span in here}, {span[0] for span in there}
    if starts_here == starts_there:
        kind = "other ends"
    elif {start[:10] for start in starts_here} == {start[:10] for start in starts_there}:
        kind = "other times on the same days"
    elif len(here) == len(there):
        kind = "other days"
    else:
        kind = "more events here" if len(here) > len(there) else "fewer events here"
    found = [name for name in FEATURES if _has(name, content)]
    return f"{kind} ({', '.join(found) or 'nothing special'})"


def _has(name: str, content: bytes) -> bool:
    pattern = FEATURES[name]
    if pattern is not None:
        return pattern.search(content) is not None
    if name == "same UID":
        uids = Counter(_UID.findall(content))
        return any(count > 1 for count in uids.values())
    defined = set(_DEFINED.findall(content))
    return any(zone not in defined for zone in _TZID.findall(content))


@contextmanager
def limited() -> Iterator[None]:
    """Raises TimeoutError after `SECONDS`: some readers never give up."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


Read = Callable[[bytes, ZoneInfo, datetime, datetime], Spans]


def attempt(read: Read, content: bytes, zone: ZoneInfo, span: tuple[datetime, datetime]) -> Spans:
    """What that reader finds in the span. Raises Refused."""
    try:
        with limited():
            return plain(read(content, zone, *span), *span)
    except TimeoutError:
        raise Refused(f"took more than {SECONDS} s") from None


def compare(paths: list[Path], zone: ZoneInfo, readers: dict[str, Read]) -> Report:
    """Read every file with every reader."""
    report = Report()
    for path in paths:
        content = path.read_bytes()
        span = windows(content, zone)
        if span is None:
            continue
        report.files += 1
        try:
            here: Spans | None = attempt(ours, content, zone, span)
            refused = ""
        except Refused as error:
            here, refused = None, str(error)
        report.events += len(here or ())
        for name, read in readers.items():
            try:
                there: Spans | None = attempt(read, content, zone, span)
            except Refused as error:
                there = None
                if here is not None:
                    report.causes[name][f"it refuses: {error}"].append(path.name)
            if here is None:
                told = f"refused here: {refused}" + ("" if there is not None else ", and there")
                report.causes[name][told].append(path.name)
            elif there is not None and here == there:
                report.agreed[name] += 1
            elif there is not None:
                report.causes[name][cause(content, here, there)].append(path.name)
    return report


def show(report: Report, readers: dict[str, Read], examples: int) -> None:
    """Print the report."""
    print(f"{report.files:,} files with dates, {report.events:,} events read here")
    for name in readers:
        causes = report.causes[name]
        differ = sum(len(files) for files in causes.values())
        print(f"\n{name}: {report.agreed[name]:,} files the same, {differ:,} not")
        for why, files in sorted(causes.items(), key=lambda item: -len(item[1])):
            print(f"{len(files):6}  {why}: {', '.join(files[:examples])}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("Europe/Berlin"))
    parser.add_argument("--ical-js", type=Path, help="A folder with ical.js in its node_modules.")
    parser.add_argument("--examples", type=int, default=3)
    said = parser.parse_args()
    paths = sorted(path for path in said.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    readers: dict[str, Read] = {"icalendar + recurring_ical_events": theirs}
    if said.ical_js is not None:
        readers["ical.js"] = IcalJs(said.ical_js, said.zone)
    if not paths:
        sys.exit(f"no calendar files in {said.folder}")
    show(compare(paths, said.zone, readers), readers, said.examples)


if __name__ == "__main__":
    main()
