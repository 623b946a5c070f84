"""The table that draws only what is seen, and the window of pages that it shows."""

from typing import Any

from textual.app import App, ComposeResult

from buildos_box.tui.formatting import span, spark
from buildos_box.tui.grid import Column, Grid, Row, widths_for
from buildos_box.tui.paged_list import MOST_PAGES, PagedList

COLUMNS = (Column("id", 6), Column("text", 0), Column("wide", 8, at=60))


def rows(*numbers: int) -> list[Row]:
    return [(f"k{n}", (f"k{n}", f"row {n}", "")) for n in numbers]


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Grid("grid", COLUMNS)

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def lines(self) -> list[str]:
        return ["".join(part.text for part in strip) for strip in self.grid.render_lines(
            self.grid.size.region)]  # fmt: skip


def test_columns_take_what_is_left_and_come_with_room() -> None:
    assert [*widths_for(COLUMNS, 40).values()] == [6, 33, 0]
    assert [*widths_for(COLUMNS, 60).values()] == [6, 44, 8]
    assert [*widths_for(COLUMNS, 4).values()] == [6, 0, 0]


async def test_the_cursor_stays_on_its_row_and_the_row_on_its_line() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        grid = app.grid
        grid.focus()
        grid.show_rows(rows(*range(30)))
        await pilot.press(*["j"] * 12)
        assert (grid.chosen, round(grid.scroll_y)) == ("k12", 4)
        grid.show_rows(rows(99, 98, 97, *range(30)))
        await pilot.pause()
        assert (grid.chosen, round(grid.scroll_y)) == ("k12", 7)
        grid.show_rows(rows(*range(6)))
        await pilot.pause()
        assert grid.chosen == "k5"
        grid.show_rows([])
        assert grid.chosen is None
        await pilot.press("j", "enter")


async def test_vim_keys_pages_and_the_mouse_move_the_cursor() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        grid = app.grid
        grid.focus()
        grid.show_rows(rows(*range(100)))
        await pilot.pause()
        await pilot.press("G")
        assert grid.chosen == "k99"
        assert "row 99" in app.lines()[-1]
        await pilot.press("g", "ctrl+d")
        assert grid.chosen == "k8"
        await pilot.press("ctrl+u", "k")
        assert grid.chosen == "k0"
        await pilot.click("#grid", offset=(3, 4))
        assert grid.chosen == "k3"
        await pilot.click("#grid", offset=(3, 0))
        assert grid.chosen == "k3"
        await pilot.click("#grid", offset=(3, 1))
        assert grid.chosen == "k0"


async def test_wide_characters_keep_the_columns_in_line() -> None:
    app = Host()
    async with app.run_test(size=(20, 5)) as pilot:
        app.grid.show_rows([("a", ("日本語日本語", "x", "")), ("b", ("ok", "y" * 50, ""))])
        await pilot.pause()
        lines = app.lines()
        assert lines[1].startswith("日本 … x") or lines[1].startswith("日本…  x")
        assert lines[2].rstrip().endswith("…")


class JobList:
    """A thousand things, newest first, in pages; things can be added meanwhile."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked = 0

    async def fetch(self, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        self.asked += 1
        top = self.count if cursor is None else int(cursor)
        items = [{"id": n} for n in range(top, max(top - 10, 0), -1)]
        return items, str(top - 10) if top > 10 else None


class Bars(Host):
    def compose(self) -> ComposeResult:
        yield Grid("grid", (Column("id", 6), Column("bars", 0, end=True)))


async def test_of_bars_that_do_not_fit_the_newest_are_seen() -> None:
    app = Bars()
    async with app.run_test(size=(12, 4)) as pilot:
        app.grid.show_rows([("k", ("k", " ▁▂▃▄▅▆▇█"))])
        await pilot.pause()
        assert app.lines()[1] == "k      ▄▅▆▇█"


async def test_a_window_holds_few_pages_and_goes_both_ways_without_gaps() -> None:
    jobs = JobList(1_000)
    window = PagedList(jobs.fetch, 10)
    await window.first()
    for _ in range(50):
        await window.more()
        numbers = [item["id"] for item in window.items]
        assert numbers == list(range(numbers[0], numbers[-1] - 1, -1))
        assert len(numbers) <= 10 * MOST_PAGES
    assert window.items[-1]["id"] == 491
    jobs.count = 1_007  # seven more at the top
    while window.has_back:
        await window.back()
        numbers = [item["id"] for item in window.items]
        assert numbers == list(range(numbers[0], numbers[-1] - 1, -1))
    assert window.items[0]["id"] == 1_007
    assert len(window.items) <= 10 * MOST_PAGES


async def test_a_window_ends_where_the_list_ends() -> None:
    window = PagedList(JobList(25).fetch, 10)
    await window.first()
    await window.more()
    await window.more()
    await window.more()
    assert [item["id"] for item in window.items] == list(range(25, 0, -1))
    assert not window.has_more


def test_figures_are_short() -> None:
    assert spark([0, 1, 4, 8]) == " ▁▄█"
    assert spark([0, 0]) == "  "
    assert spark([1_000_000, 1]) == "█▁"
    assert [span(ms) for ms in (None, 12, 1_500, 90_000)] == ["–", "12 ms", "1.5 s", "2 min"]
