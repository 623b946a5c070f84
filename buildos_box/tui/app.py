"""The dashboard's shell: status line, screens, keys, and the one event stream."""

import asyncio
from collections.abc import Callable

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import ContentSwitcher, Footer, Static

from buildos_box.client import BoxRefused, BoxUnreachable, LiveClient
from buildos_box.clock import Instant, SystemClock
from buildos_box.tui.dialogs import Question, Reading
from buildos_box.tui.job import describe
from buildos_box.tui.jobs import Jobs
from buildos_box.tui.overview import Overview
from buildos_box.tui.pane import Pane
from buildos_box.tui.words import moment, plain

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
DENIED = 4
KEYS = """\
1 Overview   2 Jobs
/ filter   enter open   esc back   arrows or j k g G ctrl+d ctrl+u
space select   a select all shown   c cancel   r retry   ! promote   y copy id   n newest
z local time or UTC   t light or dark   ctrl+r refresh   ctrl+p palette   ? keys   q quit

filter words: type: status: user: lane: id: corr: since: until: error: and free text;
a comma means or, a leading - means not: -status:done,cancelled since:2h"""


class BoxApp(App[None]):
    """The dashboard of one box."""

    TITLE = "BuildOS Box"
    CSS = """
    #status, #trouble, #lines, #job-note { height: auto; }
    #banner { display: none; height: auto; text-style: reverse; }
    #counts { height: auto; max-height: 12; }
    #job-table { height: 1fr; }
    #filter { height: 1; border: none; }
    ContentSwitcher { height: 1fr; }
    .stale { opacity: 60%; }
    """
    BINDINGS = [
        Binding("1", "screen_of('overview')", "Overview"),
        Binding("2", "screen_of('jobs')", "Jobs"),
        Binding("ctrl+r", "refresh_all", "Refresh", show=False),
        Binding("z", "zone", "UTC or local", show=False),
        Binding("t", "theme", "Theme", show=False),
        Binding("question_mark", "keys", "Keys", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, url: str, token: str | None, *, read_only: bool = False) -> None:
        super().__init__()
        self.client = LiveClient(url, token)
        self.refusal = ""
        self._read_only = read_only
        self._utc = False
        self._clock = SystemClock()
        self._live = False

    def compose(self) -> ComposeResult:
        """Status line, banner, the screens, the keys."""
        yield Static(id="status")
        yield Static(id="banner")
        with ContentSwitcher(initial="overview"):
            yield Overview()
            yield Jobs()
        yield Footer()

    def on_mount(self) -> None:
        """Listen to the box."""
        self._show_status()
        self.query_one("#counts").focus()
        self.run_worker(self._listen())

    @property
    def shown(self) -> Pane:
        """The screen that is shown."""
        name = self.screen_stack[0].query_one(ContentSwitcher).current
        return self.screen_stack[0].query_one(f"#{name}", Pane)

    def now(self) -> Instant:
        """The present instant."""
        return self._clock.now()

    def at(self, text: str | None) -> str:
        """An instant on the clock that the viewer has chosen."""
        return moment(text, self.now(), utc=self._utc)

    async def _listen(self) -> None:
        """Read the stream; when it is lost, come back and go on where it was."""
        last, wait = None, FIRST_WAIT_SECONDS
        while True:
            try:
                async for event in self.client.events(last):
                    last, wait = event.id or last, FIRST_WAIT_SECONDS
                    if not self._live:
                        self._found()
                    if event.type == "reset":
                        self.shown.reload()
                    elif event.type != "opened":
                        self.shown.note(event)
                self.lost("the box ended the stream")
            except BoxUnreachable as error:
                self.lost(str(error), wait)
            except BoxRefused as error:
                if self.tell_refused(error):
                    return
                self.lost(str(error), wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def _found(self) -> None:
        self._live = True
        banner = self.screen_stack[0].query_one("#banner", Static)
        banner.display = False
        self.screen_stack[0].query_one(ContentSwitcher).remove_class("stale")
        self._show_status()
        self.shown.reload()

    def lost(self, reason: str, wait: float = FIRST_WAIT_SECONDS) -> None:
        """Say that the box does not answer; what is shown is old."""
        self._live = False
        base = self.screen_stack[0]
        banner = base.query_one("#banner", Static)
        banner.update(
            Text(f"DISCONNECTED: {plain(reason)}; next try in {wait:g} s. What you see is old.")
        )
        banner.display = True
        base.query_one(ContentSwitcher).add_class("stale")
        self._show_status()

    def tell_refused(self, error: BoxRefused) -> bool:
        """Say why the box refused. Ends the dashboard, and tells so, if the token is no good."""
        if error.status == 401:
            self.refusal = str(error)
            self.exit(return_code=DENIED)
            return True
        reference = f" ({error.code} {error.correlation_id})" if error.code else ""
        self.say(f"{error}{reference}", wrong=True)
        return False

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A short word to the viewer."""
        self.notify(plain(sentence), severity="error" if wrong else "information", markup=False)

    def may_act(self) -> bool:
        """Whether anything may be changed; says so if not."""
        if self._read_only:
            self.say("read-only: nothing is changed", wrong=True)
        return not self._read_only

    def ask(self, question: str, then: Callable[[], object]) -> None:
        """Do it if the answer is yes."""

        def answered(yes: bool | None) -> None:
            if yes:
                then()

        self.push_screen(Question(question), answered)

    def show_jobs(self, text: str) -> None:
        """Go to the jobs of a filter."""
        self.action_screen_of("jobs")
        self.query_one(Jobs).set_filter(text)

    def open_job(self, job_id: str) -> None:
        """Show everything of a job."""
        self.run_worker(self.shown.tell(lambda: self._open_job(job_id)))

    async def _open_job(self, job_id: str) -> None:
        await self.push_screen(Reading(await describe(self.client, job_id)))

    def action_screen_of(self, name: str) -> None:
        """Go to a screen."""
        self.query_one(ContentSwitcher).current = name
        self.shown.query_one("DataTable").focus()
        self._show_status()
        self.shown.reload()

    def action_refresh_all(self) -> None:
        """Fetch afresh."""
        self.shown.reload()

    def action_zone(self) -> None:
        """Local time, or UTC."""
        self._utc = not self._utc
        self._show_status()
        self.shown.paint()

    def action_theme(self) -> None:
        """Light, or dark."""
        self.theme = "textual-light" if self.theme != "textual-light" else "textual-dark"

    def action_keys(self) -> None:
        """All keys."""
        self.push_screen(Reading(KEYS))

    def _show_status(self) -> None:
        zone = "UTC" if self._utc else self.now().astimezone().strftime("%Z")
        state = "● live" if self._live else "○ disconnected"
        mode = "  read-only" if self._read_only else ""
        text = f"BuildOS Box  {self.client.url}  {state}{mode}  {zone}"
        self.screen_stack[0].query_one("#status", Static).update(Text(text))

    async def on_unmount(self) -> None:
        """Let the connections go."""
        await self.client.aclose()
