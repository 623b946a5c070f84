"""A cleanup's numbers, and the cleanup once they are confirmed."""

import asyncio
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from buildos_box.plural import plural
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.formatting import plain, state
from buildos_box.tui.grid import Column, Grid

Json = dict[str, Any]


class Cleanup(BaseScreen):
    """Always counted first: nothing is deleted before its number was shown."""

    BINDINGS = [
        Binding("X", "clean", "Clean up"),
        Binding("y", "copy", "Copy id", show=False),
    ]
    ACTING = frozenset({"clean"})
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("type", 23),
        Column("status", 11),
        Column("stale job", 0, middle=True),
        Column("made", 12),
        Column("age", 7, right=True),
    )

    def __init__(self) -> None:
        super().__init__("cleanup")
        self._report: Json = {}
        self._stale: Json = {"staleJobs": [], "staleCount": 0}

    def compose(self) -> ComposeResult:
        """The counts, then the stale jobs."""
        yield Static("Counting …", id="cleanup-counts")
        yield Grid("stale", self.COLUMNS)
        yield Static(id="cleanup-note", classes="note")

    async def load(self) -> None:
        """Fetch a dry run, and the stale jobs."""
        if self.host.may_act:
            self._report, self._stale = await asyncio.gather(
                self.client.cleanup(dry_run=True), self.client.stale()
            )
        else:
            # A read-only token may not POST, not even a dry run.
            self._stale = await self.client.stale()

    def paint(self) -> None:
        """The counts and the list."""
        self.query_one("#cleanup-counts", Static).update(Text("\n".join(self._lines())))
        rows = [
            (
                job["id"],
                (
                    plain(job["job_type"]),
                    state(job["status"]),
                    plain(job["id"]),
                    self.host.at(job["created_at"]),
                    f"{job['age_hours']:,} h",
                ),
            )
            for job in self._stale["staleJobs"]
        ]
        self.query_one("#stale", Grid).show_rows(rows)
        shown, count = len(rows), self._stale["staleCount"]
        note = "" if not count else f"{count:,} stale"
        if count > shown:
            note += f", of which the oldest {shown} are listed"
        self.query_one("#cleanup-note", Static).update(Text(note or "No job is stale"))

    def _lines(self) -> list[str]:
        if not self._report:
            return [
                f"{self._stale['staleCount']:>8,}  unfinished for more than 24 hours",
                f"{self._stale.get('oldFailedCount', 0):>8,}  failed more than 7 days ago",
            ]
        counts = self._report
        total = self.total
        do = f"{total:,} in all: X does it" if total else "Nothing to clean up"
        return [
            f"{counts['staleCancelled']:>8,}  unfinished for more than 24 hours: cancelled",
            f"{counts['oldFailedCancelled']:>8,}  failed more than 7 days ago: archived",
            f"{counts['completedDeleted']:>8,}  done or cancelled more than 30 days ago: deleted",
            do,
        ]

    @property
    def total(self) -> int:
        """The number of jobs that a cleanup would change."""
        names = ("staleCancelled", "oldFailedCancelled", "completedDeleted")
        return sum(self._report.get(name, 0) for name in names)

    @on(Grid.Opened, "#stale")
    def _opened(self, event: Grid.Opened) -> None:
        self.host.open_job(event.key)

    def action_clean(self) -> None:
        """Clean up, after asking with the number."""
        if not self.total:
            self.host.say("nothing to clean up")
            return
        counts = self._report
        question = (
            f"Cancel {counts['staleCancelled']:,}, archive {counts['oldFailedCancelled']:,} and "
            f"delete {counts['completedDeleted']:,}: {plural(self.total, 'job')}? "
            f"This can't be undone."
        )
        self.host.ask(question, lambda: self.act(self._clean))

    def action_copy(self) -> None:
        """Copy the stale job's id."""
        if key := self.query_one("#stale", Grid).chosen:
            self.host.copy_to_clipboard(key)
            self.host.say(f"copied {key}")

    async def _clean(self) -> None:
        done = await self.client.cleanup(dry_run=False)
        self.host.say(
            f"cancelled {done['staleCancelled']:,}, archived {done['oldFailedCancelled']:,}, "
            f"deleted {done['completedDeleted']:,}"
        )
