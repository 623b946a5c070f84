"""Calendar files as people have them, imported by the real command: each was read wrong once."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cli.served import Cli

CASES = Path(__file__).parent.parent / "calendars" / "cases"
BERLIN = "Europe/Berlin"
_numbers = count(1)

Times = list[tuple[str, str | None]]


def imported(cli: Cli, file: Path, zone: str = BERLIN) -> tuple[list[dict[str, Any]], str]:
    """The events that a new user in that zone has after the import, and its notes."""
    user = f"case-{next(_numbers)}"
    cli.ok("user", "add", user, "--id", user, "--email", f"{user}@example.org",
           "--timezone", zone)  # fmt: skip
    result = cli.run("import", str(file), "--user", user, "--back", "3660", "--ahead", "3660")
    assert result.exit_code == 0, result.output
    events = list(cli.client().items(f"/users/{user}/calendar-events", limit=200))
    return sorted(events, key=start), result.stderr


def start(event: dict[str, Any]) -> str:
    return str(event["startAt"] or event["startDate"])


def times(events: list[dict[str, Any]]) -> Times:
    """Start and end of each: days, or instants in UTC to the minute."""
    return [
        (event["startDate"], event["endDate"])
        if event["allDay"]
        else (event["startAt"][:16], event["endAt"] and event["endAt"][:16])
        for event in events
    ]


@pytest.mark.parametrize(
    ("name", "expected", "note"),
    [
        ("03-windows-zone-numbered-no-vtimezone", [("2026-07-26T17:00", "2026-07-26T17:30")], ""),
        ("06-display-name-no-vtimezone", [("2026-05-25T19:00", "2026-05-25T19:30")], ""),
        ("07-escaped-comma-tzid", [("2026-05-25T19:00", "2026-05-25T19:30")], ""),
        ("08-empty-tzid", [("2026-08-26T07:00", "2026-08-26T08:00")], "without a name"),
        ("09-utc-display-name", [("2026-01-22T20:00", "2026-01-22T21:00")], ""),
        ("11-x-wr-timezone-floating", [("2026-01-22T19:00", "2026-01-22T20:00")], ""),
        ("15-tzid-PDT", [("2026-04-15T23:15", "2026-04-16T00:15")], ""),
        ("17-lowercase-iana", [("2026-01-22T19:00", "2026-01-22T20:00")], ""),
        ("18-gmt-offset-name", [("2026-01-22T19:00", "2026-01-22T20:00")], ""),
        ("20-dtend-without-tzid", [("2026-01-22T14:00", "2026-01-22T15:00")], ""),
        (
            "51-dst-gap",
            [
                ("2026-03-07T07:30", "2026-03-07T08:30"),
                ("2026-03-08T07:30", "2026-03-08T08:30"),
                ("2026-03-09T06:30", "2026-03-09T07:30"),
            ],
            "",
        ),
        (
            "52b-duration-over-dst",
            [
                ("2026-10-23T20:00", "2026-10-24T04:00"),
                ("2026-10-24T20:00", "2026-10-25T04:00"),
                ("2026-10-25T21:00", "2026-10-26T05:00"),
            ],
            "",
        ),
        (
            "57-count-minus-one",
            [
                ("2023-10-02", "2023-10-09"),
                ("2023-10-30", "2023-11-06"),
                ("2023-11-27", "2023-12-04"),
                ("2023-12-25", "2024-01-01"),
                ("2024-01-22", "2024-01-29"),
                ("2024-02-19", "2024-02-26"),
                ("2024-03-18", "2024-03-25"),
            ],
            "impossible COUNT",
        ),
        (
            "74-exrule",
            [
                ("2026-04-01T10:00", "2026-04-01T11:00"),
                ("2026-04-03T10:00", "2026-04-03T11:00"),
                ("2026-04-04T10:00", "2026-04-04T11:00"),
            ],
            "",
        ),
        ("83-microsoft-allday", [("2026-02-09", "2026-02-10")], ""),
        ("84-24h", [("2026-02-09T23:00", "2026-02-10T00:00")], ""),
        (
            "time-parts-on-all-day-rule",
            [
                ("2024-10-18", "2024-10-19"),
                ("2024-10-20", "2024-10-21"),
                ("2024-10-22", "2024-10-23"),
            ],
            "",
        ),
    ],
)
def test_a_file_is_taken_at_its_right_times(
    cli: Cli, name: str, expected: Times, note: str
) -> None:
    events, notes = imported(cli, CASES / f"{name}.ics")
    assert times(events) == expected
    assert note in notes if note else notes == ""


def test_floating_times_are_in_the_zone_that_the_calendar_names(cli: Cli) -> None:
    events, _ = imported(cli, CASES / "11-x-wr-timezone-floating.ics", "America/New_York")
    assert times(events) == [("2026-01-22T19:00", "2026-01-22T20:00")]


def test_a_leap_second_is_the_second_before(cli: Cli) -> None:
    (event,), _ = imported(cli, CASES / "86-leap-second.ics")
    assert event["startAt"] == "2026-06-30T23:59:59.000Z"


@pytest.mark.parametrize("name", ["53-birthday-1604", "54-birthday-1900"])
def test_a_birthday_of_long_ago_comes_each_year(cli: Cli, name: str) -> None:
    events, notes = imported(cli, CASES / f"{name}.ics")
    years = [int(event["startDate"][:4]) for event in events]
    assert years == list(range(years[0], years[0] + len(years)))
    assert len(years) >= 20
    assert {event["startDate"][4:] for event in events} == {"-12-15"}
    assert notes == ""


def test_a_leap_birthday_of_a_rule_without_a_month_comes_each_29_february(cli: Cli) -> None:
    events, _ = imported(cli, CASES / "yearly-bymonthday-without-bymonth.ics")
    assert len(events) >= 2
    assert {event["startDate"][4:] for event in events} == {"-02-29"}


@pytest.mark.parametrize(
    ("name", "titles", "note"),
    [
        ("68-crcrlf-fold", ["A long title that goes on over the fold and further"], ""),
        ("69-blank-line-fold", ["A long title that goes on"], ""),
        ("70-one-bad-byte", ["Müller über Öl", "cut \ufffd"], "not valid UTF-8"),
        ("73-same-uid-different-events", ["one", "two"], ""),
        ("93-quoted-printable-vcal1", ["Müller"], ""),
    ],
)
def test_a_file_is_taken_with_its_titles(cli: Cli, name: str, titles: list[str], note: str) -> None:
    events, notes = imported(cli, CASES / f"{name}.ics")
    assert [event["title"] for event in events] == titles
    assert note in notes if note else notes == ""


def test_every_case_is_tried_here() -> None:
    """A case file that nobody asserts anything about would be lost."""
    source = Path(__file__).read_text("utf-8")
    assert [path.name for path in CASES.iterdir() if path.stem not in source] == []
