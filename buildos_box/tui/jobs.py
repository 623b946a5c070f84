"""The job list: a window of the ledger under a filter, live, with actions on many."""

from functools import partial
from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import DataTable, Input, Static

from buildos_box.client import BoxEvent
from buildos_box.tui.filter import Filter, WrongWord, parse
from buildos_box.tui.pane import Pane
from buildos_box.tui.table import Table
from buildos_box.tui.words import plain, progress, state

Json = dict[str, Any]
PAGE = 100
MOST_ROWS = 300
"""The window: a table of all rows would take seconds to fill."""
MOST_PAGES = 10
"""How far one step looks for jobs that only this side can tell apart."""


class Jobs(Pane):
    """Jobs, newest first. Further ones are fetched at the end of the list."""

    BINDINGS = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("space", "select", "Select"),
        Binding("a", "select_all", "All"),
        Binding("c", "act('cancel')", "Cancel"),
        Binding("r", "act('retry')", "Retry"),
        Binding("exclamation_mark", "act('promote')", "Promote", key_display="!"),
        Binding("n", "newest", "Newest", show=False),
        Binding("y", "copy", "Copy id", show=False),
        Binding("escape", "leave_filter", "Back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("jobs")
        self._filter = Filter()
        self._jobs: dict[str, Json] = {}
        self._selected: set[str] = set()
        self._next: str | None = None
        self._moved_on = False
        self._new: set[str] = set()

    def compose(self) -> ComposeResult:
        """The filter, the list, and what is to be said of it."""
        yield Input(placeholder="type:daily_brief status:failed since:2h words", id="filter")
        heads = ("●", "status", "type", "user", "try", "when", "message", "id")
        yield Table("job-table", heads, (1, 11, 20, 10, 3, 8, 40, 27))
        yield Static("Loading …", id="job-note")

    async def load(self) -> None:
        """The newest jobs under the filter; unless a person has moved further down."""
        if not self._moved_on:
            self._jobs, self._next = {}, None
            self._new.clear()
            await self._fetch()

    async def _fetch(self) -> None:
        """Add a page or, if few of a page are wanted, as many as it takes."""
        wanted = len(self._jobs) + PAGE
        for _ in range(MOST_PAGES):
            page = await self.client.jobs(**self._filter.asked, limit=PAGE, cursor=self._next)
            found = [job for job in page["jobs"] if self._filter.keeps(job)]
            self._jobs.update({job["id"]: job for job in found})
            self._next = page.get("nextCursor")
            if self._next is None or len(self._jobs) >= wanted:
                break
        for job_id in [*self._jobs][:-MOST_ROWS]:
            del self._jobs[job_id]

    def note(self, event: BoxEvent) -> None:
        """Known jobs change in place; of new ones the list is told without moving it."""
        if event.type not in ("job.updated", "job.progress"):
            return
        news = event.data
        job = self._jobs.get(news["jobId"])
        if job is not None:
            job.update(
                status=news["status"],
                progress=news["progress"],
                attempts=news["attempts"],
                scheduled_for=news["scheduledFor"],
                error=news["error"],
            )
            self.paint_soon()
        elif self._moved_on:
            self._new.add(news["jobId"])
            self.paint_soon()
        else:
            self.load_soon()

    def paint(self) -> None:
        """The list and its note."""
        self._selected &= self._jobs.keys()
        table = self.query_one("#job-table", Table)
        table.show_rows([(job_id, self._cells(job)) for job_id, job in self._jobs.items()])
        self.query_one("#job-note", Static).update(Text(self._note_line()))

    def _cells(self, job: Json) -> tuple[str, ...]:
        when = job["completed_at"] or job["started_at"] or job["scheduled_for"]
        return (
            "●" if job["id"] in self._selected else " ",
            state(job["status"]),
            plain(job["job_type"]),
            plain(job["user_id"]),
            f"{job['attempts']}/{job['max_attempts']}",
            self.box.at(when),
            progress(job)[:80],
            plain(job["id"]),
        )

    def _note_line(self) -> str:
        text = self.query_one("#filter", Input).value.strip()
        if not self._jobs:
            if self._next:
                return f"None among the newest {PAGE * MOST_PAGES:,} jobs matches {text}"
            return f"No job matches {text}" if text else "No jobs yet. See one: buildos-box demo"
        more = ", more below" if self._next else ""
        parts = [f"{len(self._jobs)} shown{more}"]
        if self._selected:
            parts.insert(0, f"{len(self._selected)} selected")
        if self._new:
            parts.append(f"{len(self._new)} new: n shows them")
        return "   ".join(parts)

    def set_filter(self, text: str) -> None:
        """Show the jobs of that filter."""
        box = self.query_one("#filter", Input)
        box.value = text
        self._apply(text)

    @on(Input.Submitted, "#filter")
    def _submitted(self, event: Input.Submitted) -> None:
        self._apply(event.value)

    def _apply(self, text: str) -> None:
        try:
            self._filter = parse(text, self.box.now())
        except WrongWord as error:
            self.query_one("#job-note", Static).update(Text(f"✗ {error}"))
            return
        self._selected.clear()
        self.query_one("#job-table").focus()
        self.action_newest()

    @on(DataTable.RowHighlighted)
    def _at_row(self, event: DataTable.RowHighlighted) -> None:
        if self._next and event.cursor_row >= len(self._jobs) - 2 and event.cursor_row > 0:
            self._moved_on = True
            self.run_worker(self._more(), exclusive=True, group="more")
        elif event.cursor_row == 0 and not self._new:
            self._moved_on = False

    async def _more(self) -> None:
        async with self._gate:
            if await self.tell(self._fetch):
                self.paint()

    @on(DataTable.RowSelected)
    def _opened(self, event: DataTable.RowSelected) -> None:
        if event.row_key.value:
            self.box.open_job(event.row_key.value)

    def action_filter(self) -> None:
        """Write a filter."""
        self.query_one("#filter").focus()

    def action_leave_filter(self) -> None:
        """Back to the list; there, undo the selection, then the filter."""
        if self.query_one("#filter").has_focus:
            self.query_one("#job-table").focus()
        elif self._selected:
            self._selected.clear()
            self.paint()
        elif self.query_one("#filter", Input).value:
            self.set_filter("")

    def action_newest(self) -> None:
        """Back to the newest."""
        self._moved_on = False
        self.query_one("#job-table", Table).move_cursor(row=0)
        self.reload()

    def action_select(self) -> None:
        """Select the row, or no longer, and go on to the next."""
        table = self.query_one("#job-table", Table)
        if (job_id := table.chosen) is not None:
            self._selected ^= {job_id}
            self.paint()
            table.action_cursor_down()

    def action_select_all(self) -> None:
        """Select every job shown."""
        self._selected = set(self._jobs)
        self.paint()

    def action_act(self, action: str) -> None:
        """Cancel, retry or promote what is selected, else the row; many only after a question."""
        chosen = self.query_one("#job-table", Table).chosen
        ids = [i for i in self._jobs if i in self._selected] or ([chosen] if chosen else [])
        if not ids or not self.box.may_act():
            return
        work = partial(self._do, action, ids)
        if action == "cancel":
            self.box.ask(f"Cancel {len(ids)} job{'s' * (len(ids) > 1)}?", partial(self.act, work))
        else:
            self.act(work)

    async def _do(self, action: str, ids: list[str]) -> None:
        report = await self.client.act(action, ids)
        refused = [plain(item["reason"]) for item in report["refused"]]
        said = f"{action}: {report['done']} of {report['matched']}"
        self.box.say("; ".join([said, *refused[:3]]), wrong=bool(refused))
        self._selected.clear()
        self._moved_on = False

    def action_copy(self) -> None:
        """Copy the job's id."""
        if job_id := self.query_one("#job-table", Table).chosen:
            self.box.copy_to_clipboard(job_id)
            self.box.say(f"copied {job_id}")
