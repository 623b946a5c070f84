"""The job list: pages of the job store under a filter, live, with actions on many jobs."""

from collections import Counter
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from buildos_box.client import BoxEvent
from buildos_box.plural import plural
from buildos_box.tui.filter import Filter, parse
from buildos_box.tui.formatting import STATES, plain, progress, state, tries
from buildos_box.tui.grid import Column, Grid
from buildos_box.tui.job import JobView
from buildos_box.tui.list_screen import PAGE, ListScreen

Json = dict[str, Any]
DETAIL_FROM = 160
_STATE_WORDS = {
    "pending": "waiting",
    "processing": "running",
    "queued_for_retry": "in retry",
}
LIVE = ("pending", "processing", "queued_for_retry")


class Jobs(ListScreen):
    """Jobs, newest first. More are fetched at the end of the list."""

    BINDINGS = [
        Binding("space", "select", "Select"),
        Binding("a", "select_all", "All", show=False),
        Binding("c", "act('cancel')", "Cancel"),
        Binding("r", "act('retry')", "Retry"),
        Binding("exclamation_mark", "act('promote')", "Promote", key_display="!"),
    ]
    ACTING = frozenset({"act", "select", "select_all"})
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("●", 1),
        Column("status", 11),
        Column("type", 23),
        Column("when", 12),
        Column("user", 10, most=20),
        Column("message", 0),
        Column("try", 4, at=96),
        Column("id", 13, at=96, middle=True, most=30),
    )
    HINT = "type:generate_daily_brief status:failed since:2h words"
    NOUN = "job"
    EMPTY = "No jobs yet. See one: buildos-box demo"

    def __init__(self) -> None:
        super().__init__("jobs")
        self._filter = Filter()
        self._total: int | None = None
        self._detail_of: str | None = None

    def compose(self) -> ComposeResult:
        """The list; on wide screens with the selected job beside it."""
        with Horizontal():
            with Vertical(id="jobs-list"):
                yield from super().compose()
            yield JobView("jobs-detail")

    def read_filter(self, text: str) -> None:
        """The filter language of jobs. Raises WrongWord."""
        self._filter = parse(text, self.host.now())

    async def load(self) -> None:
        """The newest jobs, and the number of matches if counts alone give it."""
        await super().load()
        counts = await self.client.counts()
        types = sorted({row["job_type"] for row in counts})
        words = {"type": types, "status": [*STATES], "user": (), "lane": (), "id": ()}
        more = {"corr": (), "since": (), "until": (), "ended": (), "error": ()}
        self.filter_input.words = {**words, **more, "archived": ("yes",)}
        self._total = self._filter.count(counts)

    async def fetch(self, cursor: str | None) -> tuple[list[Json], str | None]:
        """A page of the job store, without jobs that only this side can filter out."""
        page = await self.client.jobs(**self._filter.asked, limit=PAGE, cursor=cursor)
        return [job for job in page["jobs"] if self._filter.keeps(job)], page.get("nextCursor")

    def note(self, event: BoxEvent) -> None:
        """Update known jobs in place; count new ones without moving the list."""
        if event.type not in ("job.updated", "job.progress"):
            return
        news = event.data
        job = self.item(news["jobId"])
        if job is not None:
            job.update(
                status=news["status"],
                progress=news["progress"],
                attempts=news["attempts"],
                scheduled_for=news["scheduledFor"],
                error=news["error"],
            )
            self.paint_soon()
            if news["jobId"] == self._detail_of:
                self.query_one(JobView).show_soon(news["jobId"])
        elif self.watching:
            self.load_soon()
        elif len(self.new) < 10 * PAGE:
            self.new.add(news["jobId"])
            self.paint_soon()

    def paint(self) -> None:
        """The list, and beside it the job under the cursor."""
        super().paint()
        if self.grid.chosen and self.grid.chosen != self._detail_of:
            self.at_row(self.grid.chosen)

    def at_row(self, key: str) -> None:
        """Show the job beside the list, if there is space and the cursor rests."""
        if self.size.width >= DETAIL_FROM:
            self._detail_of = key
            self.query_one(JobView).show_soon(key)

    def cells_of(self, item: Json) -> tuple[str, ...]:
        """A job's row."""
        when = item["completed_at"] or item["started_at"] or item["scheduled_for"]
        return (
            "●" if item["id"] in self.grid.marked else " ",
            state(item["status"]),
            plain(item["job_type"]),
            self.host.at(when),
            plain(item["user_id"]),
            progress(item, 5),
            tries(item, "/"),
            plain(item["id"]),
        )

    def count_words(self, count: int) -> str:
        """The position of the cursor and the number of jobs."""
        if self._total is not None:
            return plural(self._total, "job")
        return super().count_words(count)

    @on(Grid.Opened, "#jobs-table")
    def _opened(self, event: Grid.Opened) -> None:
        self.host.open_job(event.key)

    def action_select(self) -> None:
        """Select or unselect the row, and go to the next."""
        if (job_id := self.grid.chosen) is not None:
            self.watching = False
            self.grid.marked ^= {job_id}
            self.grid.action_move(1)
            self.paint()

    def action_select_all(self) -> None:
        """Select every loaded job."""
        self.watching = False
        self.grid.marked = {job["id"] for job in self.window.items}
        self.paint()

    def action_act(self, action: str) -> None:
        """Cancel, retry or promote the selected jobs, else the current one;
        cancelling asks first.
        """
        chosen = self.grid.chosen
        held = [job["id"] for job in self.window.items]
        ids = [i for i in held if i in self.grid.marked] or ([chosen] if chosen else [])
        if not ids:
            return
        work = partial(self._do, action, ids)
        if action != "cancel":
            self.act(work)
            return
        question = self._question(ids)
        if question is None:
            self.host.say("nothing to cancel: what is finished stays as it is")
        else:
            self.host.ask(question, partial(self.act, work))

    def _question(self, ids: list[str]) -> str | None:
        """What cancelling these would do, by state; None if all of them are finished."""
        states = Counter(str((self.item(job_id) or {}).get("status")) for job_id in ids)
        live = {name: states[name] for name in LIVE if states[name]}
        if not live:
            return None
        if len(ids) == 1:
            return f"Cancel 1 {_STATE_WORDS[next(iter(live))]} job of type {self._type_of(ids[0])}?"
        words = [f"{count} {_STATE_WORDS[name]}" for name, count in live.items()]
        done = len(ids) - sum(live.values())
        rest = f" {plural(done, 'finished job')} will stay as they are." if done else ""
        return f"Cancel {plural(sum(live.values()), 'job')} ({', '.join(words)})?{rest}"

    def _type_of(self, job_id: str) -> str:
        return plain((self.item(job_id) or {}).get("job_type"))

    async def _do(self, action: str, ids: list[str]) -> None:
        self.host.say_report(await self.client.act(action, ids))
        self.grid.marked.clear()
        await self._read_again(ids)

    async def _read_again(self, ids: list[str]) -> None:
        """Show the current state of the jobs that were acted on."""
        for job_id in ids[:PAGE]:
            held = self.item(job_id)
            if held is not None:
                held.update(await self.client.job(job_id))
