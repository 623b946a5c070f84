"""Large calendars: what is over or far off is dropped while the file is read, and limits hold."""

import io
from datetime import timedelta

import pytest

from buildos_box.calendars.ics.component_parser import MAX_COMPONENTS, read_lines
from buildos_box.calendars.ics.decoding import MAX_LINE_BYTES, open_text
from buildos_box.calendars.ics.reader import InWindow, Reader, parse_calendar
from buildos_box.clock import from_text

START = from_text("2026-01-01T00:00:00Z")
READER = Reader(user_id="ada", project_id=None, zone="Europe/Berlin", window_start=START,
                window_end=START + timedelta(days=30), now=START)  # fmt: skip


def event(uid: str, *more: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{uid}", *more, "END:VEVENT", ""])


def calendar(*events: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


def titles(body: bytes) -> list[str]:
    return [item["title"] for item in parse_calendar(body, READER).events]


def kept(body: bytes, most: int = MAX_COMPONENTS) -> list[str]:
    """The UIDs of the components that are in memory once the file has been read."""
    file = read_lines(io.BytesIO(body), InWindow(READER), most=most)
    return [lines.value("UID") for lines in file.components]


def test_what_is_over_or_far_off_is_not_kept() -> None:
    body = calendar(
        event("long over", "DTSTART:20200101T100000Z", "DTEND:20200101T110000Z"),
        event("long over, with a length", "DTSTART:20200101T100000Z", "DURATION:P3D"),
        event("far off", "DTSTART:20300101T100000Z"),
        event("change of long ago", "RECURRENCE-ID:20200101T100000Z", "DTSTART:20200101T110000Z"),
        event("goes on", "DTSTART:20251201T100000Z", "DURATION:P40D"),
        event("goes on for weeks", "DTSTART:20251201T100000Z", "DURATION:P6W"),
        event("moved to now", "RECURRENCE-ID:20200101T100000Z", "DTSTART:20260105T110000Z"),
        event("moved away", "RECURRENCE-ID:20260105T100000Z", "DTSTART:20200101T110000Z"),
        event("series", "DTSTART:20200101T100000Z", "RRULE:FREQ=YEARLY"),
        event("dates", "DTSTART:20200101T100000Z", "RDATE:20260105T100000Z"),
        event("later ones", "RECURRENCE-ID;RANGE=THISANDFUTURE:20200101T100000Z",
              "DTSTART:20200101T110000Z"),
        event("now", "DTSTART:20260105T100000Z"),
        event("just over", "DTSTART:20251231T100000Z"),
        event("no date", "DTSTART:never"),
    )  # fmt: skip
    assert kept(body) == [
        "goes on", "goes on for weeks", "moved to now", "moved away", "series", "dates",
        "later ones", "now", "just over", "no date",
    ]  # fmt: skip


def test_of_too_many_components_the_newest_are_kept() -> None:
    days = (3, 9, 5, 12, 7)
    body = calendar(
        event("series", "DTSTART:20200101T100000Z", "RRULE:FREQ=YEARLY"),
        *(event(f"day {day}", f"DTSTART:202601{day:02}T100000Z") for day in days),
    )
    assert kept(body, most=3) == ["series", "day 9", "day 12"]
    assert read_lines(io.BytesIO(body), InWindow(READER), most=3).too_many
    assert not read_lines(io.BytesIO(body), InWindow(READER), most=6).too_many


def test_a_line_without_an_end_is_cut() -> None:
    body = b"BEGIN:VCALENDAR\r\nX-A:" + b"x" * (3 * MAX_LINE_BYTES) + b"\r\nEND:VCALENDAR"
    lines = list(open_text(io.BytesIO(body)).lines())
    assert [len(line) <= MAX_LINE_BYTES for line in lines] == [True] * 3
    folded = b"X-A:" + b"\r\n ".join([b"x" * 70] * 50_000)
    (line,) = open_text(io.BytesIO(folded)).lines()
    assert len(line) < MAX_LINE_BYTES + 100


@pytest.mark.parametrize(
    "line",
    ["X;A=\"" + ":" * 500_000, "DTSTART" + ";TZID=a" * 50_000, "SUMMARY" + ";" * 500_000,
     "SUMMARY;ENCODING=QUOTED-PRINTABLE" + ";" * 300_000 + ":x", "DTSTART;TZID=" + '"' * 300_000,
     "RRULE:" + ";" * 500_000, "RDATE:" + "20260105T100000Z," * 30_000],
)  # fmt: skip
def test_no_line_costs_more_than_its_length(line: str) -> None:
    """Each of these takes minutes if a pattern goes back over what it has read."""
    body = calendar(event("odd", line), event("fine", "DTSTART:20260105T100000Z"))
    assert "fine" in titles(body)


def test_line_ends_at_the_border_of_a_chunk_are_found() -> None:
    for ending in (b"\r\r\n", b"\r\n", b"\r", b"\n"):
        for size in range(64 * 1024 - 6, 64 * 1024 + 3):
            body = b"A:" + b"x" * size + ending + b" y" + ending + b"B:z" + ending
            lines = list(open_text(io.BytesIO(body)).lines())
            assert [line[:1] for line in lines] == ["A", "B"], (ending, size)
            assert lines[0].endswith("xy")
