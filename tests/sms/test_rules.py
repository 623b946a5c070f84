"""The rules of quiet hours and of message texts (docs/spec.md#sms-text)."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buildos_box.clock import from_text, to_text
from buildos_box.locales.language import language
from buildos_box.quiet_hours import QuietHours, quiet_until
from buildos_box.sms.planning import covered_until
from buildos_box.sms.text import fits, is_gsm, plain, reminder_text, segments

NIGHT = QuietHours.of("22:00", "08:00")
BY: Any = {"sender": "BuildOS", "language": language()}
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2024-10-23T21:30:00Z", "2024-10-24T06:00:00.000Z"),
        ("2024-10-24T03:00:00Z", "2024-10-24T06:00:00.000Z"),
        ("2024-10-24T06:00:00Z", None),
        ("2024-10-24T19:59:00Z", None),
        ("2024-10-26T21:00:00Z", "2024-10-27T07:00:00.000Z"),
        ("2024-03-30T22:00:00Z", "2024-03-31T06:00:00.000Z"),
    ],
)
def test_quiet_hours_wrap_midnight_and_follow_the_clocks(at: str, end: str | None) -> None:
    until = quiet_until(NIGHT, from_text(at), BERLIN)
    assert (to_text(until) if until else None) == end


def test_quiet_hours_that_end_in_the_repeated_hour_end_after_now() -> None:
    quiet, at = QuietHours.of("22:00", "02:45"), from_text("2024-10-27T01:30:00Z")
    assert quiet_until(quiet, at, BERLIN) == from_text("2024-10-27T01:45:00Z")


def test_no_quiet_hours_where_the_ends_are_equal() -> None:
    quiet = QuietHours.of("08:00", "08:00")
    assert quiet_until(quiet, from_text("2024-10-23T06:00:00Z"), BERLIN) is None


def test_typographic_marks_become_plain() -> None:
    assert plain("“Ann’s” plan — done…\nsee https://x.example/a") == '"Ann\'s" plan - done... see'


@pytest.mark.parametrize(
    "title", ["word " * 80, "слово " * 40, "x" * 400, "{} [€] " * 30, "😀" * 99]
)
def test_a_reminder_fits_and_keeps_its_time(title: str) -> None:
    start = from_text("2024-10-23T12:00:00Z")
    text = reminder_text(
        title, start, BERLIN, start - timedelta(minutes=15), sender="BuildOS", language=language()
    )
    assert fits(text)
    assert segments(text) <= (1 if is_gsm(text) else 2)
    assert text.endswith(" at 14:00, in 15 min")


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, False), (1, True), (90, True), (91, False), (120, False)]
)
def test_minutes_are_said_up_to_an_hour_and_a_half(minutes: int, said: bool) -> None:
    start = from_text("2024-10-23T12:00:00Z")
    text = reminder_text("Standup", start, BERLIN, start - timedelta(minutes=minutes), **BY)
    assert text == "BuildOS: Standup at 14:00" + (f", in {minutes} min" if said else "")


def test_a_days_plan_covers_what_is_due_before_the_next_day_is_planned() -> None:
    midnight = from_text("2024-10-24T00:00:00Z")
    assert covered_until(midnight, timedelta(hours=2)) == from_text("2024-10-24T02:30:00Z")


def test_words_stay_whole() -> None:
    start = from_text("2024-10-23T12:00:00Z")
    text = reminder_text(
        "abcdefg " * 40, start, BERLIN, start, sender="BuildOS", language=language()
    )
    assert set(text.removeprefix("BuildOS: ").split("...")[0].split()) == {"abcdefg"}
