"""Days, times, lists and numbers as a person's region writes them (docs/spec.md#languages)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from buildos_box.locales.language import language

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 29)
FIVE = datetime(2026, 11, 29, 16, tzinfo=UTC)


def test_who_chose_nothing_reads_what_briefs_always_said() -> None:
    usual = language()
    assert (usual.tag, usual.hour_cycle, usual.week_start) == ("en-US", 24, 1)
    assert usual.full_day(DAY) == "Sunday, November 29, 2026"
    assert usual.clock_time(FIVE, BERLIN) == "17:00"
    assert usual.clock_time(FIVE - timedelta(hours=8), BERLIN) == "09:00"
    assert usual.spoken_time(FIVE - timedelta(hours=8), BERLIN) == "9:00"


@pytest.mark.parametrize(
    ("tag", "time", "full", "short", "first"),
    [
        ("en-US", "5:00 PM", "Sunday, November 29, 2026", "Sun, Nov 29", 0),
        ("en-GB", "17:00", "Sunday, 29 November 2026", "Sun 29 Nov", 1),
        ("en-AU", "5:00 pm", "Sunday, 29 November 2026", "Sun 29 Nov", 1),
        ("de", "17:00", "Sonntag, 29. November 2026", "So., 29. Nov.", 1),
        ("fr", "17:00", "dimanche 29 novembre 2026", "dim. 29 nov.", 1),
        ("es-MX", "5:00 p.m.", "domingo, 29 de noviembre de 2026", "dom 29 de nov", 0),
        ("ja", "17:00", "2026年11月29日日曜日", "11月29日(日)", 1),
    ],
)
def test_each_region_has_its_own(tag: str, time: str, full: str, short: str, first: int) -> None:
    own = language(tag)
    assert own.clock_time(FIVE, BERLIN) == time
    assert (own.full_day(DAY), own.short_day(DAY), own.week_start) == (full, short, first)


def test_habits_that_were_chosen_go_before_those_of_the_region() -> None:
    chosen = language("en-US", 24, 6)
    assert (chosen.clock_time(FIVE, BERLIN), chosen.week_start) == ("17:00", 6)
    assert language("en-GB", 12).clock_time(FIVE, BERLIN) == "5:00 pm"
    assert language("en-US", None, 0, default="en-GB").hour_cycle == 12


def test_the_boxs_default_is_for_whoever_chose_none() -> None:
    assert language(default="en-GB").tag == "en-GB"
    assert language("en-US", default="en-GB").tag == "en-US"


def test_a_span_says_the_half_of_the_day_once() -> None:
    american = language("en-US")
    assert american.time_span(FIVE, FIVE + timedelta(minutes=90), BERLIN) == "5:00–6:30 PM"
    assert american.time_span(FIVE - timedelta(hours=8), FIVE, BERLIN) == "9:00 AM–5:00 PM"
    assert language().time_span(FIVE, FIVE + timedelta(hours=1), BERLIN) == "17:00–18:00"


def test_midnight_and_noon_on_clocks_of_twelve_hours() -> None:
    american = language("en-US")
    assert american.clock_time(FIVE - timedelta(hours=17), BERLIN) == "12:00 AM"
    assert american.clock_time(FIVE - timedelta(hours=5), BERLIN) == "12:00 PM"


def test_days_near_and_far() -> None:
    american = language("en-US")
    said = [american.coming_day(DAY + timedelta(days=away), DAY) for away in (0, 1, 2, 40, -1)]
    assert said == ["today", "tomorrow", "Tue, Dec 1", "Fri, Jan 8, 2027", "Sat, Nov 28"]


def test_lists_numbers_and_lengths() -> None:
    assert language("en-US").listed(["a", "b", "c"]) == "a, b, and c"
    assert language("en-GB").listed(["a", "b", "c"]) == "a, b and c"
    assert language("en-US").number(1_234_567) == "1,234,567"
    said = [language().length(timedelta(minutes=minutes)) for minutes in (45, 60, 150, 200)]
    assert said == ["45 min", "1 h", "2½ h", "3 h 20 min"]


def test_values_of_people_are_no_placeholders() -> None:
    assert language().say("{day}, {time}", day="{time}", time="{x.__class__}") == (
        "{time}, {x.__class__}"
    )
