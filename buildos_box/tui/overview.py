"""The first screen: problems, and what is running."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from buildos_box.client import BoxEvent
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.chart_metrics import LENGTHS, asked
from buildos_box.tui.formatting import plain, span, spark
from buildos_box.tui.grid import Column, Grid
from buildos_box.tui.log import facts_of
from buildos_box.tui.overview_formatting import (
    backlog_lines,
    brief_lines,
    cost_line,
    cron_lines,
    delivery_lines,
    event_line,
    failure_lines,
    fitted,
    lane_lines,
    later_line,
    provider_line,
    rest_line,
    running_lines,
    trouble,
)

Json = dict[str, Any]
STATES = ("processing", "queued_for_retry", "failed")
SLOWLY_SECONDS = 10.0
"""How often the last hour, providers and budget are fetched, since they change slowly."""
MOST_EVENTS = 200
NO_EVENTS = (
    "Jobs, briefs, mails, texts and",
    "alerts appear here as they happen.",
)
TALL = 36
"""Lines of the terminal from which on there is more than the essentials."""
MOST_OF_SECTION = 12
WEEK = next(length for length in LENGTHS if length.back.days == 7)
MOST_BACKLOG = 2
"""Lanes with a backlog that are told of where there is no room for all."""


class EventLines(Static):
    """The newest lines that fit, which is known only after layout."""

    _newest: Sequence[str] = ()

    def show(self, lines: Sequence[str]) -> None:
        """Show these lines, oldest first."""
        self._newest = lines
        self._fit()

    def on_resize(self) -> None:
        """Fit the lines to the new size."""
        self._fit()

    def _fit(self) -> None:
        room = self.size.height - 1
        if room > 0:
            text = "\n".join(["EVENTS", *(self._newest[-room:] or NO_EVENTS)])
            self.update(Text(text, no_wrap=True, overflow="ellipsis"))


class Overview(BaseScreen):
    """Jobs by type and status, the last hour, lanes, the next crons, running jobs."""

    BINDINGS = [
        Binding("f", "failed", "Failed"),
        Binding("P", "pause", "Pause lane"),
    ]
    ACTING = frozenset({"pause"})
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("type", 23),
        Column("due", 5, right=True, most=8),
        Column("later", 5, right=True, most=8),
        Column("run", 4, right=True, most=8),
        Column("retry", 5, right=True, most=8),
        Column("failed", 6, right=True, most=8),
        Column("done/h", 6, right=True, most=8),
        Column("p50", 6, right=True, most=8),
        Column("last hour", 0, end=True),
        Column("done", 8, at=100, right=True),
        Column("cancelled", 9, at=100, right=True),
    )

    def __init__(self) -> None:
        super().__init__("overview")
        self._counts: list[Json] = []
        self._lanes: Json = {"lanes": [], "pauses": []}
        self._crons: list[Json] = []
        self._active: dict[str, Json] = {}
        self._overview: Json = {"throughput": {"types": []}, "diskFreeBytes": None, "providers": []}
        self._budget: Json = {}
        self._week: Json = {}
        self._reasons: list[str] = []
        self._alerts: deque[str] = deque(maxlen=2)
        self._events: deque[BoxEvent] = deque(maxlen=MOST_EVENTS)
        self._slow_at = float("-inf")
        self._failed: list[Json] = []
        self._messages: list[Json] = []
        self._briefs: list[Json] = []
        self._log: list[Json] = []

    def compose(self) -> ComposeResult:
        """Problems, the table, lines; on wide screens with the events beside them."""
        with Horizontal():
            with Vertical(id="overview-main"):
                yield Static(id="trouble")
                yield Grid("counts", self.COLUMNS)
                yield Static("Loading …", id="lines")
                yield Static(id="more")
            yield EventLines(id="stream")

    async def load(self) -> None:
        """Fetch what changes fast each time, and what changes slowly now and then."""
        is_due = time.monotonic() - self._slow_at >= SLOWLY_SECONDS
        await asyncio.gather(self._load_fast(), *([self._load_slow()] if is_due else []))

    async def _load_fast(self) -> None:
        self._counts, self._lanes, self._crons, running = await asyncio.gather(
            self.client.counts(),
            self.client.lanes(),
            self.client.crons(),
            self.client.jobs(status="processing", limit=50),
        )
        self._active = {job["id"]: job for job in running["jobs"]}
        if self.app.size.height >= TALL:
            await self._load_more()

    async def _load_more(self) -> None:
        """What a tall terminal has room for."""
        failed, messages, self._briefs = await asyncio.gather(
            self.client.jobs(status="failed", limit=MOST_OF_SECTION),
            self.client.messages(limit=MOST_OF_SECTION),
            self.client.next_briefs(MOST_OF_SECTION),
        )
        self._failed, self._messages = failed["jobs"], messages["items"]
        if self.host.is_admin:
            self._log = (await self.client.log(limit=MOST_OF_SECTION))["lines"]

    async def _load_slow(self) -> None:
        self._overview, self._budget, health, self._week = await asyncio.gather(
            self.client.overview(),
            self.client.budget(),
            self.client.health(),
            self.client.llm_history(**asked(WEEK, "all", self.host.now())),
        )
        self._reasons = [
            plain(reason) for reason in (*(health.get("reasons") or ()), *backup_trouble(health))
        ]
        self._slow_at = time.monotonic()

    def reload_all(self) -> None:
        """Fetch everything now."""
        self._slow_at = float("-inf")
        self.reload()

    def note(self, event: BoxEvent) -> None:
        """Progress is shown at once; counts are fetched at most once a second."""
        self._events.append(event)
        self.paint_soon()
        if event.type == "queue.alert":
            self._alerts.append(f"{self.host.at(event.at)} {plain(event.data.get('message'))}")
        elif event.type == "job.progress" and event.data["jobId"] in self._active:
            self._active[event.data["jobId"]]["progress"] = event.data["progress"]
        else:
            self.load_soon()

    def paint(self) -> None:
        """Update everything in place."""
        by_type: dict[str, Counter[str]] = {}
        for row in self._counts:
            found = by_type.setdefault(row["job_type"], Counter())
            found[row["status"]] += row["count"]
            found["scheduled"] += row["scheduled"]
        hours = {found["jobType"]: found for found in self._overview["throughput"]["types"]}
        self.query_one("#counts", Grid).show_rows(
            [(name, _row(name, found, hours.get(name))) for name, found in sorted(by_type.items())]
        )
        lines = trouble(
            failed=sum(found["failed"] for found in by_type.values()),
            hours=self._overview["throughput"]["types"],
            pauses=self._lanes["pauses"],
            providers=self._overview["providers"],
            budget=self._budget,
            reasons=self._reasons,
            alerts=[*self._alerts],
            at=self.host.at,
        )
        said = Text("\n").join(
            Text(line, "bold red" if line.startswith("!") else "green") for line in lines
        )
        self.query_one("#trouble", Static).update(said)
        words = "\n".join(self._lines(empty=not by_type))
        self.query_one("#lines", Static).update(Text(words, no_wrap=True, overflow="ellipsis"))
        self._paint_more()
        self._paint_stream()

    def on_resize(self) -> None:
        """Another height, another number of lines."""
        if self.loaded_at is not None:
            self._paint_more()
        if self.app.size.height >= TALL:
            self.load_soon()

    def _paint_more(self) -> None:
        at, more = self.host.at, self.query_one("#more", Static)
        sections = [
            ("RECENT FAILURES   f shows all", failure_lines(self._failed, at)),
            ("LAST DELIVERIES   4 shows all", delivery_lines(self._messages, at)),
            ("NEXT BRIEFS   3 shows all", brief_lines(self._briefs, at)),
        ]
        if self.host.is_admin:
            newest = [f"{at(one['at'])} {plain(one['event'])} {facts_of(one)}" for one in self._log]
            sections.append(("LOG   8 shows all", newest[::-1]))
        room = more.size.height if self.app.size.height >= TALL else 0
        more.update(Text("\n".join(fitted(sections, room)), no_wrap=True, overflow="ellipsis"))

    def _lines(self, *, empty: bool) -> list[str]:
        at, lanes = self.host.at, self._lanes["lanes"]
        is_tall = self.app.size.height >= TALL
        return [
            *(["No jobs yet. See one work: buildos-box demo"] if empty else []),
            *lane_lines(lanes, self.query_one("#lines").size.width or 80),
            *backlog_lines(lanes, self.host.now(), at, len(lanes) if is_tall else MOST_BACKLOG),
            *later_line(lanes, at),
            rest_line(self._overview, self._crons, self.host.now(), at),
            provider_line(self._overview["providers"]) + cost_line(self._budget, self._week),
            *cron_lines(self._crons, at),
            *running_lines([*self._active.values()], self.host.now()),
        ]

    def _paint_stream(self) -> None:
        lines = [event_line(event, self.host.at) for event in self._events]
        self.query_one(EventLines).show(lines)

    @on(Grid.Opened, "#counts")
    def _opened(self, event: Grid.Opened) -> None:
        self.host.show_jobs(f"type:{event.key}")

    def action_failed(self) -> None:
        """Show failed jobs."""
        self.host.show_jobs("status:failed")

    def action_pause(self) -> None:
        """Choose a lane to pause or to resume."""
        choices = [
            (lane["name"], f"{'resume' if lane['paused'] else 'pause '}  {plain(lane['name'])}")
            for lane in self._lanes["lanes"]
        ]
        if not choices:
            self.host.say("the lanes are not loaded yet")
            return
        self.host.choose("Pause or resume a lane; what runs goes on", choices, self._switch)

    def _switch(self, name: str) -> None:
        paused = any(lane["name"] == name and lane["paused"] for lane in self._lanes["lanes"])
        self.switch(name, paused=paused)

    def switch(self, name: str, *, paused: bool) -> None:
        """Resume a lane that is paused, pause one that is not."""

        async def work() -> None:
            await self.client.pause(name, paused=not paused)
            self.host.say(f"lane {name}: {'resumed' if paused else 'paused'}")

        self.act(work)


def _row(name: str, found: Counter[str], hour: Json | None) -> tuple[str, ...]:
    return (
        plain(name),
        f"{found['pending'] - found['scheduled']:,}",
        f"{found['scheduled']:,}",
        *(f"{found[state]:,}" for state in STATES),
        f"{sum(hour['done']):,}" if hour else "0",
        span(hour["p50Ms"]) if hour else "–",
        spark(hour["done"]) if hour else "",
        f"{found['completed']:,}",
        f"{found['cancelled']:,}",
    )


def backup_trouble(health: Json) -> list[str]:
    """What is wrong with backups: the last nightly one or the last restore drill failed."""
    state = health.get("backup") or {}
    runs = {"nightly backup": state.get("lastBackup"), "restore drill": state.get("lastDrill")}
    return [f"{name} failed: {run['error']}" for name, run in runs.items() if run and not run["ok"]]
