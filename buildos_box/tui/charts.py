"""The charts: what the queue, mails, SMS and language models did over time."""

import time
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from buildos_box.client import BoxEvent
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.chart import Chart, new_plot, sign_of
from buildos_box.tui.chart_metrics import (
    LENGTHS,
    MEASURES,
    Curve,
    Measure,
    asked,
    curves,
    shown,
    step_bounds,
    step_count,
    step_words,
    ticks,
    total_words,
)
from buildos_box.tui.grid import Column, Grid

Json = dict[str, Any]
FRESH_SECONDS = 10.0
"""How often a chart is fetched again while things happen."""
LIBRARY_AFTER_SECONDS = 1.0
"""When the drawing library is loaded in the background: after the start, before anyone looks."""
CELLS_PER_LABEL = 14
LINES_PER_LABEL = 3


class Charts(BaseScreen):
    """One measure over one span of time, with a cursor that names a step and leads to its jobs."""

    BINDINGS = [
        Binding("down,j,m", "measure(1)", "Measure", key_display="↑↓"),
        Binding("up,k,M", "measure(-1)", "Measure before", show=False),
        Binding("s", "length", "Span"),
        Binding("b", "by", "By"),
        Binding("tab", "app.focus_next", "Table", show=False),
    ]
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("●", 1),
        Column("series", 24),
        Column("at the cursor", 13, right=True),
        Column("in all", 12, right=True),
        Column("highest", 10, right=True),
        Column("", 0),
    )

    def __init__(self) -> None:
        super().__init__("charts")
        self._number = 0
        self._length = 0
        self._by = MEASURES[0].bys[0]
        self._answer: Json | None = None
        self._fetched_at = float("-inf")

    def compose(self) -> ComposeResult:
        """The title, the chart, the cursor's step, the numbers."""
        yield Static("Loading …", id="chart-head", classes="note")
        yield Chart(self.host.signs, id="chart")
        yield Static(id="chart-cursor", classes="note")
        yield Grid("chart-series", self.COLUMNS)

    def on_mount(self) -> None:
        """Have the library ready before the first chart is asked for."""
        self.set_timer(
            LIBRARY_AFTER_SECONDS, lambda: self.run_worker(new_plot, thread=True, group="library")
        )

    @property
    def measure(self) -> Measure:
        """The measure that is shown."""
        return MEASURES[self._number]

    def take_focus(self) -> None:
        """Focus the chart."""
        self.screen.set_focus(self.query_one(Chart))

    async def load(self) -> None:
        """Fetch the steps of the span."""
        measure = self.measure
        span = asked(LENGTHS[self._length], self._by, self.host.now())
        fetch = self.client.llm_history if measure.of_models else self.client.history
        answer = await fetch(**span)
        if measure is self.measure and answer["by"] == self._by:
            self._answer = answer
        self._fetched_at = time.monotonic()

    def note(self, event: BoxEvent) -> None:
        """What ends changes the newest step; it is fetched now and then."""
        if time.monotonic() - self._fetched_at > FRESH_SECONDS:
            self._fetched_at = time.monotonic()
            self.load_soon()

    def paint(self) -> None:
        """The chart and its numbers."""
        self._paint(keep=True)

    def on_resize(self) -> None:
        """Other room, other labels."""
        self._paint(keep=True)

    def _paint(self, *, keep: bool) -> None:
        answer = self._answer
        if answer is None:
            return
        measure, found = self.measure, curves(self.measure, answer)
        length = LENGTHS[self._length].title
        by = "" if len(measure.bys) == 1 or self._by == "all" else f" by {self._by}"
        what = total_words(measure, found) or "p50 and p95" * (self._by == "all") or "p95"
        told = what if any(curve.sum for curve in found) else "nothing in this time"
        title = f"{measure.title}{by}, last {length}   {told}"
        self.query_one("#chart-head", Static).update(Text(title, "bold"))
        chart = self.query_one(Chart)
        top = max((curve.highest or 0 for curve in found), default=0)
        chart.draw(
            found,
            step_count(answer),
            self._labels(answer, chart.size.width),
            ticks(top, measure.unit, max(2, chart.size.height // LINES_PER_LABEL)),
            keep=keep,
        )
        self._say()

    def _labels(self, answer: Json, width: int) -> list[tuple[int, str]]:
        count = step_count(answer)
        wanted = max(2, min(count, width // CELLS_PER_LABEL))
        form = "%H:%M" if LENGTHS[self._length].back.days < 2 and self._by != "user" else "%d %b"
        places = sorted({round(n * (count - 1) / (wanted - 1)) for n in range(wanted)})
        return [
            (place, f"{self.host.here(step_bounds(answer, place)[0]):{form}}") for place in places
        ]

    @on(Chart.Moved)
    def _moved(self) -> None:
        self._say()

    def _say(self) -> None:
        """The cursor's step, and every series there."""
        answer, at = self._answer, self.query_one(Chart).cursor
        if answer is None:
            return
        measure, found = self.measure, curves(self.measure, answer)
        when = step_words(answer, at, self.host.here)
        there = "   ".join(
            f"{one.name} {shown(_value(one, at), measure.unit)}" for one in found[:4]
        )
        line = f"{when}   {there}" if there else when
        self.query_one("#chart-cursor", Static).update(
            Text(line, no_wrap=True, overflow="ellipsis")
        )
        rows = [
            (
                one.name,
                (
                    sign_of(self.host.signs, number),
                    one.name,
                    shown(_value(one, at), measure.unit),
                    "–" if measure.unit == "ms" else shown(one.sum, measure.unit),
                    shown(one.highest, measure.unit),
                    "",
                ),
            )
            for number, one in enumerate(found)
        ]
        self.query_one("#chart-series", Grid).show_rows(rows)

    @on(Chart.Opened)
    def _open_step(self) -> None:
        self._show_jobs("")

    @on(Grid.Opened, "#chart-series")
    def _open_series(self, event: Grid.Opened) -> None:
        named = {"type": "type", "lane": "lane", "user": "user"}.get(self._by)
        self._show_jobs(f" {named}:{event.key}" if named and not self.measure.lane else "")

    def _show_jobs(self, more: str) -> None:
        if self._answer is None:
            return
        first, last = step_bounds(self._answer, self.query_one(Chart).cursor)
        words = [f"ended:{first}..{last}", self.measure.words]
        if self.measure.lane:
            words.append(f"lane:{self.measure.lane}")
        self.host.show_jobs(" ".join(word for word in words if word) + more)

    def action_measure(self, by: int) -> None:
        """The next measure, or the one before."""
        self._number = (self._number + by) % len(MEASURES)
        self._by = self.measure.bys[0]
        self._show_other()

    def show_measure(self, measure: Measure) -> None:
        """Show that measure."""
        self.action_measure(MEASURES.index(measure) - self._number)

    def action_length(self) -> None:
        """The next span of time."""
        self._length = (self._length + 1) % len(LENGTHS)
        self._show_other()

    def action_by(self) -> None:
        """Tell the series apart in the next way."""
        bys = self.measure.bys
        self._by = bys[(bys.index(self._by) + 1) % len(bys)]
        self._show_other()

    def _show_other(self) -> None:
        self._answer = None
        self.query_one("#chart-head", Static).update(Text(f"{self.measure.title} …", "bold"))
        self.reload()


def _value(curve: Curve, at: int) -> float | None:
    return curve.values[at] if at < len(curve.values) else None
