"""The first screen: is anything wrong, and what is going on?"""

from collections import Counter
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from buildos_box.client import BoxEvent
from buildos_box.tui.pane import Pane
from buildos_box.tui.table import Table
from buildos_box.tui.words import bar, moment, plain, progress

Json = dict[str, Any]
COLUMNS = ("pending", "processing", "queued_for_retry", "failed", "completed", "cancelled")
MOST_RUNNING = 5
MOST_CRONS = 4


class Overview(Pane):
    """Jobs by type and status, lanes, the next crons, what runs now."""

    BINDINGS = [
        Binding("enter", "open_type", "Open", priority=True),
        Binding("f", "failed", "Failed"),
    ]

    def __init__(self) -> None:
        super().__init__("overview")
        self._counts: list[Json] = []
        self._lanes: list[Json] = []
        self._pauses: list[Json] = []
        self._crons: list[Json] = []
        self._active: dict[str, Json] = {}
        self._alert = ""

    def compose(self) -> ComposeResult:
        """Trouble, the table, then lines."""
        yield Static(id="trouble")
        heads = ("type", "waiting", "running", "retry", "failed", "done", "cancelled")
        yield Table("counts", heads, (22, 7, 7, 5, 6, 6, 9))
        yield Static("Loading …", id="lines")

    async def load(self) -> None:
        """Counts, lanes, crons and running jobs."""
        self._counts = await self.client.counts()
        lanes = await self.client.lanes()
        self._lanes, self._pauses = lanes["lanes"], lanes["pauses"]
        self._crons = await self.client.crons()
        running = (await self.client.jobs(status="processing", limit=50))["jobs"]
        self._active = {job["id"]: job for job in running}

    def note(self, event: BoxEvent) -> None:
        """Progress is shown at once; counts are fetched at most once a second."""
        if event.type == "queue.alert":
            self._alert = plain(event.data.get("message"))
            self.paint_soon()
        elif event.type == "job.progress" and event.data["jobId"] in self._active:
            self._active[event.data["jobId"]]["progress"] = event.data["progress"]
            self.paint_soon()
        else:
            self.load_soon()

    def paint(self) -> None:
        """All of it, in place."""
        by_type: dict[str, Counter[str]] = {}
        for row in self._counts:
            by_type.setdefault(row["job_type"], Counter())[row["status"]] += row["count"]
        self.query_one("#counts", Table).show_rows(
            [
                (name, (plain(name), *(str(found[column]) for column in COLUMNS)))
                for name, found in sorted(by_type.items())
            ]
        )
        failed = sum(found["failed"] for found in by_type.values())
        self.query_one("#trouble", Static).update(Text("\n".join(self._trouble(failed))))
        empty = ["No jobs yet. See one work: buildos-box demo"] if not by_type else []
        lines = [*empty, self._lane_line(), *self._cron_lines(), *self._running_lines()]
        self.query_one("#lines", Static).update(Text("\n".join(lines)))

    def _trouble(self, failed: int) -> list[str]:
        lines = [f"! {failed} failed   [f] show"] if failed else []
        lines += [f"! {self._alert}"] if self._alert else []
        paused = [plain(f"{pause['kind']} {pause['name']}") for pause in self._pauses]
        lines += [f"! paused: {', '.join(paused)}"] if paused else []
        return lines or ["✓ nothing is wrong"]

    def _lane_line(self) -> str:
        parts = []
        for lane in self._lanes:
            limit = lane["concurrency"]
            load = bar(100 * lane["running"] / max(limit, 1), 4)
            paused = " PAUSED" if lane["paused"] else ""
            waiting = f" +{lane['waiting']}" if lane["waiting"] else ""
            parts.append(f"{plain(lane['name'])} {load} {lane['running']}/{limit}{waiting}{paused}")
        return "lanes   " + "   ".join(parts)

    def _cron_lines(self) -> list[str]:
        soonest = sorted(self._crons, key=lambda cron: str(cron["nextRun"]))[:MOST_CRONS]
        found = [f"{self.box.at(cron['nextRun'])} {plain(cron['name'])}" for cron in soonest]
        return ["next    " + "   ".join(found)] if found else []

    def _running_lines(self) -> list[str]:
        jobs = [*self._active.values()]
        lines = [
            f"{'now' if n == 0 else '':<8}{plain(job['job_type'])} {plain(job['user_id'])} "
            f"{progress(job, 16)}  since {moment(job['started_at'], self.box.now())}"
            for n, job in enumerate(jobs[:MOST_RUNNING])
        ]
        more = len(jobs) - MOST_RUNNING
        return [*lines, f"        and {more} more"] if more > 0 else lines

    def action_open_type(self) -> None:
        """Go to the jobs of the type under the cursor."""
        if name := self.query_one("#counts", Table).chosen:
            self.box.show_jobs(f"type:{name}")

    def action_failed(self) -> None:
        """Go to what failed."""
        self.box.show_jobs("status:failed")
