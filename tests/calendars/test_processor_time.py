"""Reading a calendar takes no more of the processor than it may, whatever the calendar holds."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.calendars.ics.reader import CalendarImport, Reader, parse_calendar
from buildos_box.errors import TooLarge
from buildos_box.settings import LimitsSettings, Settings
from buildos_box.settings.model import EgressSettings
from tests.calendars.feeds import calendar, feed, serves, subscribe, sync, vevent
from tests.doubles.web import Answer, Web
from tests.world import BoxWorld, open_world

START = datetime(2024, 10, 1, tzinfo=UTC)


def looks(most: int) -> tuple[ProcessorTime, Callable[[], int]]:
    """Time that passes by a second with each look at it; and how often it was looked at."""
    seconds = count()
    seen = [0]

    def measure() -> float:
        seen[0] = next(seconds)
        return float(seen[0])

    return ProcessorTime(most, measure), lambda: seen[0]


def parse(data: bytes, most: int) -> tuple[CalendarImport, int]:
    processor_time, looked = looks(most)
    reader = Reader(
        user_id="ada", project_id=None, zone="UTC", window_start=START,
        window_end=START + timedelta(days=730), now=START, processor_time=processor_time,
    )  # fmt: skip
    return parse_calendar(data, reader), looked()


def wild() -> Iterator[tuple[str, bytes]]:
    rule = "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"
    every_second = (vevent(f"a{n}", "20240101T000000Z", rule) for n in range(2_000))
    yield "rules for every second", calendar(*every_second)
    days = [datetime(2024, 10, 1) + timedelta(days=n) for n in range(20_000)]
    overrides = (
        vevent("a", f"{day:%Y%m%d}T120000Z", f"RECURRENCE-ID:{day:%Y%m%d}T090000Z") for day in days
    )
    series = vevent("a", "20241001T090000Z", "RRULE:FREQ=DAILY")
    yield "twenty thousand overrides", calendar(series, *overrides)


WILD = dict(wild())


@pytest.mark.parametrize("data", WILD.values(), ids=WILD.keys())
def test_reading_ends_when_its_time_is_used_up(data: bytes) -> None:
    unlimited, needed = parse(data, 10**9)
    assert unlimited.complete or unlimited.warnings
    most = needed - 100
    found, looked = parse(data, most)
    assert looked <= most + 2
    assert not found.complete
    assert any("takes too long to read" in warning for warning in found.warnings)


def test_a_file_whose_lines_alone_take_too_long_is_refused() -> None:
    with pytest.raises(TooLarge, match="takes too long"):
        parse(WILD["twenty thousand overrides"], 100)


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(Answer(404)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    settings = Settings(
        egress=EgressSettings(allow_private=("127.0.0.1/32",)),
        limits=LimitsSettings(feed_cpu_seconds_per_day=0.001),
    )
    async with open_world(tmp_path, settings=settings) as world:
        await world.person()
        yield world


async def test_a_user_whose_calendars_took_all_they_may_waits_for_tomorrow(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("a", "20241024T120000Z"))
    await subscribe(box, web)
    spent = await box.db.all("SELECT * FROM daily_usage WHERE name = 'feed_cpu_seconds_per_day'")
    assert spent[0]["user_id"] == "ada"
    assert spent[0]["count"] > 0
    await sync(box)
    refused = await feed(box)
    assert refused["status"] == "failing"
    assert "has used up its processor time of today" in refused["error"]
    box.clock.set("2024-10-24T00:30:00Z")
    await sync(box)
    assert (await feed(box))["status"] == "ok"
