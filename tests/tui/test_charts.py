"""The charts: what they ask, how they draw, where they lead."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.clock import from_text
from buildos_box.tui.chart import Chart
from buildos_box.tui.chart_metrics import (
    LENGTHS,
    MEASURES,
    Curve,
    asked,
    curves,
    ticks,
    total_words,
)
from tests.realtime.streams import Live, served
from tests.tui.dashboard import dashboard, dashboard_of_new_box, queue_brief

SIZES = [(80, 24), (120, 36), (200, 50)]
NOW = from_text("2024-10-23T08:07:31Z")


async def a_bad_minute(live: Live) -> None:
    """A brief with its mail, and ten minutes later two messages that fail."""
    await queue_brief(live.world)
    await live.world.work()
    live.world.clock.advance(timedelta(minutes=10))
    for text in ("a", "b"):
        request = {"userId": "ada", "phoneNumber": "+14155552671", "message": text}
        await live.world.post("/queue/sms", request)
    await live.world.work()


async def test_a_chart_of_nothing_has_no_mark(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await dash.press("7")
        await dash.sees("nothing in this time", "┌", "┘")
        inside = re.findall(r"[│┤]([^│┤]*)│", dash.screen())
        assert len(inside) > 5
        assert not "".join(inside).strip()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("signs", ["braille", "ascii"])
async def test_since_when_sms_fail_is_on_the_screen(
    tmp_path: Path, size: tuple[int, int], signs: Any
) -> None:
    async with served(tmp_path / "data") as live:
        await a_bad_minute(live)
        async with dashboard(live, size=size, signs=signs) as dash:
            await dash.press("7")
            await dash.sees("Throughput, last 1 h", "done in all")
            await dash.press("down")
            await dash.sees("Failures by type, last 1 h   2 failed in all")
            await dash.sees("Wed 23 Oct 08:10 to 08:11   send_sms 2")
            assert dash.column("chart-series", "in all") == ["2"]
            await dash.press("left")
            await dash.sees("08:09 to 08:10   send_sms 0")
            if signs == "ascii":
                assert dash.screen().isascii()
            else:
                assert any("\u2800" <= char <= "\u28ff" for char in dash.screen())
            assert max(map(len, dash.screen().splitlines())) <= size[0]
            await dash.press("right", "enter")
            await dash.sees("▸2 Jobs" if signs != "ascii" else ">2 Jobs", "status:failed")
            await dash.until(lambda: dash.column("jobs-table", "type") == ["send_sms"] * 2)


async def test_spans_series_and_measures_change_by_keys(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await a_bad_minute(live)
        async with dashboard(live) as dash:
            await dash.press("7", "s")
            await dash.sees("Throughput, last 24 h", "to 08:20")
            await dash.press("b")
            await dash.sees("Throughput by lane", "email")
            await dash.press("b")
            await dash.sees("Throughput by type", "generate_daily_brief")
            await dash.press("b")
            await dash.sees("Throughput by user", "ada")
            await dash.press("up")
            await dash.sees("Model cost, last 24 h   nothing in this time")
            await dash.press("up")
            await dash.sees("SMS, last 24 h   0 sent   2 failed")
            await dash.press("up")
            await dash.sees("Mails, last 24 h   1 sent   0 failed")


async def test_numbers_lead_to_the_jobs_of_their_series(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await a_bad_minute(live)
        async with dashboard(live) as dash:
            await dash.press("7", "b", "b")
            await dash.sees("Throughput by type")
            await dash.until(lambda: "send_sms" not in dash.column("chart-series", "series"))
            for _ in range(10):
                await dash.press("left")
            await dash.sees("08:00 to 08:01")
            await dash.press("tab", "enter")
            await dash.sees("ended:2024-10-23T08:00:00.000Z..2024-10-23T08:01:00.000Z", "type:")
            await dash.until(lambda: bool(dash.column("jobs-table", "type")))


async def test_an_empty_chart_says_so(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await dash.press("7")
        await dash.sees("nothing in this time")
        chart = dash.app.query_one(Chart)
        await dash.press("home")
        assert chart.cursor == 0
        await dash.press("end")
        assert chart.cursor == 59


def test_a_span_includes_the_present_step() -> None:
    assert asked(LENGTHS[0], "all", NOW) == {
        "from": "2024-10-23T07:08:00.000Z",
        "to": "2024-10-23T08:08:00.000Z",
        "step": 60,
        "by": "all",
    }
    users = asked(LENGTHS[0], "user", NOW)
    assert (users["from"], users["step"]) == ("2024-10-17T00:00:00.000Z", 86_400)


def test_curves_are_sorted_and_those_of_nothing_left_out() -> None:
    answer = {
        "by": "type",
        "series": [
            {"name": "a", "done": [1, 0]},
            {"name": "b", "done": [0, 0]},
            {"name": "c", "done": [1, 2]},
        ],
    }
    assert [curve.name for curve in curves(MEASURES[0], answer)] == ["c", "a"]


def test_of_many_series_one_percentile_each_is_drawn() -> None:
    wait = next(measure for measure in MEASURES if measure.title == "Wait")
    one = {"name": "all", "waitP50Ms": [1, None], "waitP95Ms": [9, None]}
    assert [c.name for c in curves(wait, {"by": "all", "series": [one]})] == ["p50", "p95"]
    (lane,) = curves(wait, {"by": "lane", "series": [{**one, "name": "llm"}]})
    assert (lane.name, lane.values) == ("llm", [9, None])


@pytest.mark.parametrize(
    ("top", "unit", "most", "words"),
    [
        (0, "jobs", 5, ["0"]),
        (7, "jobs", 5, ["0", "2", "4", "6", "8"]),
        (1, "jobs", 5, ["0", "1"]),
        (3_000, "ms", 4, ["0 ms", "1.0 s", "2.0 s", "3.0 s"]),
        (0.3, "usd", 4, ["$0.00", "$0.10", "$0.20", "$0.30"]),
    ],
)
def test_axes_have_round_numbers(top: float, unit: Any, most: int, words: list[str]) -> None:
    assert [word for _, word in ticks(top, unit, most)] == words


@pytest.mark.parametrize(
    ("title", "values", "words"),
    [("Throughput", [1, 2], "3 done in all"), ("Model cost", [1.5, 2.0], "$3.50 in all")],
)
def test_the_title_tells_what_a_chart_adds_up_to(
    title: str, values: list[float], words: str
) -> None:
    measure = next(one for one in MEASURES if one.title == title)
    assert total_words(measure, [Curve("x", values)]) == words
