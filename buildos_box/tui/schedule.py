"""Crons with their last and next run, and the next briefs."""

import asyncio
import re
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from buildos_box.client import BoxEvent
from buildos_box.clock import from_text
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.forecast import ForecastScreen
from buildos_box.tui.formatting import plain, span
from buildos_box.tui.grid import Column, Grid

Json = dict[str, Any]
BRIEFS_SHOWN = 50
_ENDED = {"ok": "✓ ok", "completed": "✓ ok", "failed": "✗ failed", "running": "▶ runs"}


class Schedule(BaseScreen):
    """Crons, which can be run at once, and the next briefs."""

    BINDINGS = [
        Binding("r", "run", "Run now"),
        Binding("f", "forecast", "Forecast"),
        Binding("tab", "app.focus_next", "Other list", show=False),
    ]
    ADMIN = frozenset({"run"})
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("cron", 21),
        Column("when (UTC)", 12),
        Column("last run", 12),
        Column("ended", 9),
        Column("took", 7, right=True),
        Column("next run", 12),
        Column("what came of it", 0, at=112),
    )
    BRIEFS: ClassVar[tuple[Column, ...]] = (
        Column("next briefs", 0),
        Column("their time", 10),
        Column("their zone", 20, most=32),
        Column("here", 12),
    )

    def __init__(self) -> None:
        super().__init__("schedule")
        self._crons: list[Json] = []
        self._briefs: list[Json] = []
        self._under_way: set[str] = set()

    def compose(self) -> ComposeResult:
        """Crons, details of the selected one, briefs."""
        yield Grid("crons", self.COLUMNS)
        yield Static("Loading …", id="cron-note", classes="note")
        yield Grid("next-briefs", self.BRIEFS)

    async def load(self) -> None:
        """Both lists."""
        crons, self._briefs = await asyncio.gather(
            self.client.crons(), self.client.next_briefs(BRIEFS_SHOWN)
        )
        self._crons = sorted(crons, key=lambda cron: str(cron["name"]))

    def note(self, event: BoxEvent) -> None:
        """A brief that was written or queued changes its user's next one."""
        if event.type.startswith("brief."):
            self.load_soon()

    def paint(self) -> None:
        """Both lists, and the details of the selected cron."""
        self.query_one("#crons", Grid).show_rows([(c["name"], self._cells(c)) for c in self._crons])
        rows = [
            (
                brief["userId"],
                (
                    plain(brief["name"] or brief["userId"]),
                    plain(brief["localTime"]),
                    plain(brief["timezone"]),
                    self.host.at(brief["at"]),
                ),
            )
            for brief in self._briefs
        ]
        self.query_one("#next-briefs", Grid).show_rows(rows)
        self._say()

    def _cells(self, cron: Json) -> tuple[str, ...]:
        last, name = cron["lastRun"], cron["name"]
        took = None
        if last and last["endedAt"]:
            took = (from_text(last["endedAt"]) - from_text(last["startedAt"])).total_seconds()
        ended = "never" if last is None else _ENDED.get(last["status"], plain(last["status"]))
        return (
            plain(name),
            plain(cron["schedule"]),
            self.host.at(last["startedAt"]) if last else "–",
            "▶ runs" if name in self._under_way else ended,
            span(None if took is None else took * 1000),
            self.host.at(cron["nextRun"]),
            _came_of(last),
        )

    def _say(self) -> None:
        chosen = self.query_one("#crons", Grid).chosen
        cron = next((cron for cron in self._crons if cron["name"] == chosen), None)
        if cron is None:
            return
        came = _came_of(cron["lastRun"])
        said = f"\n{'' if came.startswith('✗') else 'last: '}{came}" if came else ""
        more = "" if self._briefs else "\nNo brief is planned: users without preferences get none"
        text = f"{plain(cron['does'])}{said}{more}"
        self.query_one("#cron-note", Static).update(Text(text))

    @on(Grid.Moved, "#crons")
    def _moved(self, _event: Grid.Moved) -> None:
        self._say()

    @on(Grid.Opened, "#next-briefs")
    def _opened(self, event: Grid.Opened) -> None:
        self.host.show_jobs(f"user:{event.key}")

    def action_forecast(self) -> None:
        """Show the forecast."""
        self.host.push_screen(ForecastScreen())

    def action_run(self) -> None:
        """Run the selected cron now."""
        if (name := self.query_one("#crons", Grid).chosen) is not None:
            self.run_cron(name)

    def run_cron(self, name: str) -> None:
        """Run that cron now, unless it runs."""
        if name not in self._under_way:
            self._under_way.add(name)
            self.paint()
            self.act(partial(self._run, name))

    def show_cron(self, name: str) -> None:
        """Put the cursor on that cron."""
        self.query_one("#crons", Grid).go_to(name)

    async def _run(self, name: str) -> None:
        try:
            run = await self.client.run_cron(name)
        finally:
            self._under_way.discard(name)
        wrong = run["error"]
        self.host.say(f"{name} failed: {wrong}" if wrong else f"{name}: done", wrong=bool(wrong))


def _came_of(run: Json | None) -> str:
    """The error of a run, or what it counted."""
    if run is None:
        return ""
    if run["error"]:
        return f"✗ {plain(run['error'])}"
    if not isinstance(run["summary"], dict):
        return ""
    found = [(name, value) for name, value in run["summary"].items() if value is not None]
    return plain(", ".join(f"{_words(name)} {_shown(value)}" for name, value in found))


def _words(name: str) -> str:
    """A field's name as words: `old_failed` and `oldFailed` are `old failed`."""
    return re.sub(r"_|(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)
