"""Anybody may fetch the pixel, as often as they like: that costs the database next to nothing."""

import re
from pathlib import Path
from typing import Any

from buildos_box.mail.tracking_store import MAX_HITS
from buildos_box.settings import LimitsSettings, Settings
from tests.mail.test_tracking import a_brief, clicks, mail_row, pixel, public
from tests.world import BoxWorld, open_world


async def hit(box: BoxWorld, url: str, times: int) -> None:
    for _ in range(times):
        assert (await public(box, "GET", url)).status_code in (200, 302)


def statements(box: BoxWorld) -> list[str]:
    """What the writer is given to do from now on, without the values."""
    found: list[str] = []
    writer: Any = box.db._writer
    writer._connection.set_trace_callback(lambda sql: found.append(re.sub(r"'.*?'|\d+", "?", sql)))
    return found


async def test_each_open_is_the_same_little_work(box: BoxWorld) -> None:
    await a_brief(box)
    await hit(box, pixel(box), 2)
    first = statements(box)
    await hit(box, pixel(box), 1)
    await hit(box, pixel(box), 100)
    later = statements(box)
    await hit(box, pixel(box), 1)
    assert later == first[: len(later)]
    assert not [sql for sql in later if "count(" in sql]
    assert (await mail_row(box))["openCount"] == 104


async def test_past_a_bound_nothing_is_written(box: BoxWorld) -> None:
    await a_brief(box)
    await hit(box, pixel(box), MAX_HITS)
    written = statements(box)
    await hit(box, pixel(box), 50)
    assert written == []
    row = await mail_row(box)
    assert (row["openCount"], row["clickCount"]) == (MAX_HITS, 0)
    rows = await box.db.all("SELECT count(*) AS n FROM email_tracking_events")
    assert rows[0]["n"] == MAX_HITS


async def test_one_address_is_counted_so_often_in_a_minute(tmp_path: Path) -> None:
    settings = Settings(limits=LimitsSettings(tracking_hits_per_minute=5))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await a_brief(box)
        await hit(box, pixel(box), 20)
        assert (await mail_row(box))["openCount"] == 5
        await hit(box, clicks(box)[0], 3)  # a reader is led on all the same
        assert (await mail_row(box))["clickCount"] == 0
        box.clock.set("2024-10-23T08:10:00Z")
        await hit(box, pixel(box), 1)
        assert (await mail_row(box))["openCount"] == 6
