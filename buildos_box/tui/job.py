"""One job: why it is in its state, timeline, data; beside the list or alone."""

import json
from collections.abc import Callable
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Static

from buildos_box.client import BoxEvent, BoxRefused, BoxUnreachable, LiveClient
from buildos_box.tui.formatting import plain, progress, state, tries, with_local_times
from buildos_box.tui.host import Hosted

Json = dict[str, Any]
At = Callable[[str | None], str]
REST_SECONDS = 0.2
"""How long the cursor must rest before a job is fetched."""


async def everything(client: LiveClient, job_id: str) -> Json:
    """A job with its `why`, attempts and audit trail."""
    return {
        **await client.job(job_id),
        "why": (await client.job(job_id, "why"))["why"],
        "made": (await client.job(job_id, "attempts"))["attempts"],
        "trail": (await client.job(job_id, "events"))["events"],
    }


def head(job: Json, at: At) -> str:
    """The job's facts, state and `why`."""
    bar = f"\n{progress(job, 20)}" if job["status"] == "processing" and job["progress"] else ""
    user = f"  {plain(job['user_id'])}" if job["user_id"] else ""
    return (
        f"{plain(job['id'])}  {plain(job['job_type'])}{user}\n"
        f"{state(job['status'])}: {with_local_times(job['why'], at)}{bar}\n"
        f"created {at(job['created_at'])}   due {at(job['scheduled_for'])}   "
        f"lane {plain(job['lane'])}   priority {job['priority']}   "
        f"try {tries(job, ' of ')}\n{plain(job['correlation_id'])}"
    )


def timeline(job: Json, at: At) -> str:
    """Attempts and audit trail."""
    lines = ["ATTEMPTS"]
    for attempt in job["made"]:
        ended = at(attempt["ended_at"]) if attempt["ended_at"] else "runs"
        lines.append(
            plain(f"{attempt['number']}  {at(attempt['started_at'])} to {ended}  ")
            + plain(attempt["outcome"])
        )
        if attempt["error"]:
            lines.append(plain(f"   {attempt['error_code']}: {attempt['error']}"))
    lines += ["none yet"] if not job["made"] else []
    lines += ["", "TRAIL"]
    for event in job["trail"]:
        lines.append(f"{at(event['at'])}  {state(event['to_status'])}")
        lines.append(f"   {plain(event['reason'])}, by {plain(event['actor'])}")
    return "\n".join(lines)


def data(job: Json) -> str:
    """Payload, result and error, with the last attempt's stack."""
    lines = ["PAYLOAD", *_block(job["metadata"]), "", "RESULT", *_block(job["result"])]
    lines += ["", "ERROR", *_block(job["error"])]
    stacks = [attempt["stack"] for attempt in job["made"] if attempt.get("stack")]
    return "\n".join([*lines, "", "STACK", *_block(stacks[-1])] if stacks else lines)


def _block(value: Any) -> list[str]:
    if value is None:
        return ["–"]
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    # Line by line, so that a program's text keeps its lines and cannot control the terminal.
    return [
        line[: len(line) - len(line.lstrip())] + plain(line.lstrip()) for line in text.splitlines()
    ]


class JobView(Hosted, Vertical):
    """The head, with timeline and data below; fetched again on request."""

    def __init__(self, view_id: str) -> None:
        super().__init__(id=view_id, classes="job-view")
        self.job: Json | None = None
        self._wanted: str | None = None
        self._timer: Timer | None = None
        # Kept as attributes, because the screen may be closed while the job is fetched.
        self._head = Static("Loading …", classes="job-head")
        self._timeline = Static()
        self._data = Static()

    def compose(self) -> ComposeResult:
        """Three texts; the lower two can scroll."""
        yield self._head
        with Horizontal(classes="job-body"):
            with VerticalScroll(classes="job-timeline"):
                yield self._timeline
            with VerticalScroll(classes="job-data"):
                yield self._data

    def show_soon(self, job_id: str) -> None:
        """Show that job once the cursor has rested."""
        self._wanted = job_id
        if self._timer is None:
            self._timer = self.set_timer(REST_SECONDS, self._show_wanted)

    def _show_wanted(self) -> None:
        self._timer = None
        self.run_worker(self.show(), exclusive=True)

    async def show(self, job_id: str | None = None) -> None:
        """Fetch and show."""
        wanted = job_id or self._wanted
        if wanted is None:
            return
        try:
            found = await everything(self.host.client, wanted)
        except BoxRefused as error:
            self._head.update(Text(f"✗ {error}"))
            return
        except BoxUnreachable as error:
            self.host.lost(str(error))
            return
        if self._wanted in (None, wanted):
            self.job = found
            self.paint()

    def paint(self) -> None:
        """Show what is known."""
        if self.job is None:
            return
        at = self.host.at
        self._head.update(Text(head(self.job, at)))
        self._timeline.update(Text(timeline(self.job, at)))
        self._data.update(Text(data(self.job)))


class JobScreen(Hosted, Screen[None]):
    """One job alone, live."""

    BINDINGS = [
        Binding("r", "act('retry')", "Retry"),
        Binding("c", "act('cancel')", "Cancel"),
        Binding("exclamation_mark", "act('promote')", "Promote", key_display="!"),
        Binding("o", "related", "Related"),
        Binding("l", "log", "Log"),
        Binding("y", "copy", "Copy id"),
        Binding("tab", "app.focus_next", "Other pane", show=False),
        Binding("escape,q", "dismiss", "Back"),
    ]

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id

    def compose(self) -> ComposeResult:
        """The job and the keys."""
        yield JobView("job")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Fetch it; keys scroll its data."""
        self.query_one(".job-timeline").focus()
        self.reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the key is offered."""
        if action == "log":
            return self.host.is_admin
        return self.host.may_act if action == "act" else True

    def reload(self) -> None:
        """Fetch again."""
        self.run_worker(self.query_one(JobView).show(self.job_id), exclusive=False)

    def paint(self) -> None:
        """Show what is known, on another clock perhaps."""
        self.query_one(JobView).paint()

    def note(self, event: BoxEvent) -> None:
        """Fetch again after an event about this job."""
        if event.data.get("jobId") == self.job_id:
            self.query_one(JobView).show_soon(self.job_id)

    def action_act(self, action: str) -> None:
        """Cancel (after asking), retry or promote it."""
        if action == "cancel":
            self.host.ask(f"Cancel {self.job_id}?", lambda: self.run_worker(self._do(action)))
        else:
            self.run_worker(self._do(action))

    async def _do(self, action: str) -> None:
        try:
            self.host.say_report(await self.host.client.act(action, [self.job_id]))
        except BoxRefused as error:
            self.host.tell_refused(error)
        except BoxUnreachable as error:
            self.host.lost(str(error))
        self.reload()

    def action_related(self) -> None:
        """Show the jobs of the same correlation id."""
        job = self.query_one(JobView).job
        if job is not None:
            self.dismiss()
            self.host.show_jobs(f"corr:{job['correlation_id']}")

    def action_log(self) -> None:
        """Show what the server logged of the job."""
        self.dismiss()
        self.host.show_log(f"job:{self.job_id}")

    def action_copy(self) -> None:
        """Copy the job's id."""
        self.host.copy_to_clipboard(self.job_id)
        self.host.say(f"copied {self.job_id}")
