"""The dashboard's shell: status line, screens, keys, and the one event stream."""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Footer, Static

from buildos_box.client import BoxEvent, BoxRefused, BoxUnreachable, LiveClient
from buildos_box.clock import Clock, Instant, SystemClock, from_text
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.charts import Charts
from buildos_box.tui.cleanup import Cleanup
from buildos_box.tui.deliveries import Deliveries
from buildos_box.tui.dialogs import DialogApp, Reading
from buildos_box.tui.formatting import moment, plain
from buildos_box.tui.glyphs import AsciiLines, Glyphs
from buildos_box.tui.job import JobScreen
from buildos_box.tui.jobs import Jobs
from buildos_box.tui.key_help import KEYS
from buildos_box.tui.list_screen import ListScreen
from buildos_box.tui.log import Log
from buildos_box.tui.overview import Overview
from buildos_box.tui.palette import Commands
from buildos_box.tui.schedule import Schedule
from buildos_box.tui.status_bar import across, banner_words, status_words, tabs
from buildos_box.tui.theme import CSS, other, theme_for
from buildos_box.tui.users import Users

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
REFRESH_SECONDS = 30
"""How often the screen is fetched again without events, since ages and rates change with time."""
DENIED = 4
MOST_RECENT = 10
P = TypeVar("P", bound=Widget)
_ASCII_LINES = AsciiLines()
SCREENS = ("overview", "jobs", "schedule", "deliveries", "users", "cleanup", "charts", "log")


class BoxApp(DialogApp):
    """The dashboard of one server."""

    TITLE = "BuildOS Box"
    COMMANDS = {Commands}
    CSS = CSS
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (160, "-widest")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]
    BINDINGS = [
        *(
            Binding(str(number), f"screen_of('{name}')", name.title(), show=False)
            for number, name in enumerate(SCREENS, 1)
        ),
        Binding("ctrl+r", "refresh_all", "Refresh", show=False),
        Binding("z", "zone", "UTC or local", show=False),
        Binding("t", "theme", "Theme", show=False),
        Binding("question_mark", "keys", "Keys", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        read_only: bool = False,
        signs: Glyphs = "braille",
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.signs: Glyphs = signs
        self.recent: list[str] = []
        self.client = LiveClient(url, token)
        self.refusal = ""
        self.is_admin = False
        self._scope = ""
        self._acting = False
        self._read_only = read_only
        self._utc = False
        self._clock = clock or SystemClock()
        self._stream_open = False
        self._live = False
        self._lost_because = ""
        self._quiet_for = 0
        self.theme = theme_for(os.environ)

    @property
    def may_act(self) -> bool:
        """Whether the viewer may change anything; keys that change something are
        offered only then.
        """
        return self._acting and not self._read_only

    def compose(self) -> ComposeResult:
        """Status line, tabs, banner, screens, footer."""
        yield Static(id="status")
        yield Static(id="tabs")
        yield Static(id="banner")
        with ContentSwitcher(initial="overview"):
            yield Overview()
            yield Jobs()
            yield Schedule()
            yield Deliveries()
            yield Users()
            yield Cleanup()
            yield Charts()
            yield Log()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Start reading the event stream."""
        self._show_status()
        self.shown.take_focus()
        self.shown.reload()
        self.run_worker(self._listen())
        self.set_interval(1.0, self._tick)

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Quit, ending background work before the screens are removed."""
        self.workers.cancel_all()
        super().exit(result, return_code, message)

    @property
    def base(self) -> Screen[Any]:
        """The screen below all dialogs."""
        return self.screen_stack[0]

    @property
    def shown(self) -> BaseScreen:
        """The screen that is shown."""
        name = self.base.query_one(ContentSwitcher).current
        return self.base.query_one(f"#{name}", BaseScreen)

    def now(self) -> Instant:
        """The current instant."""
        return self._clock.now()

    def at(self, text: str | None) -> str:
        """An instant in the time zone that the viewer chose."""
        return moment(text, self.now(), utc=self._utc)

    def here(self, text: str) -> datetime:
        """An instant in the time zone that the viewer chose."""
        return from_text(text).astimezone(UTC if self._utc else None)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the one for terminals that show only ASCII."""
        own = super().get_line_filters()
        return [*own, _ASCII_LINES] if self.signs == "ascii" else own

    def _tick(self) -> None:
        self._show_status()
        self._quiet_for += 1
        if self._live and self._quiet_for >= REFRESH_SECONDS:
            self._quiet_for = 0
            self.shown.reload()

    async def _listen(self) -> None:
        """Read the event stream; after a disconnect, reconnect and resume."""
        last, wait = None, FIRST_WAIT_SECONDS
        while True:
            try:
                await self._learn_rights()
                async for event in self.client.events(last):
                    last, wait = event.id or last, FIRST_WAIT_SECONDS
                    self._heard(event)
                self._stream_open = False
                self.lost("the server ended the stream")
            except BoxUnreachable as error:
                self._stream_open = False
                self.lost(str(error))
            except BoxRefused as error:
                self._stream_open = False
                if self.tell_refused(error):
                    return
                self.lost(str(error))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    async def _learn_rights(self) -> None:
        me = await self.client.me()
        self._scope, self._acting = str(me["scope"]), bool(me["mayAct"])
        self.is_admin = bool(me["isAdmin"])
        self.refresh_bindings()

    def _heard(self, event: BoxEvent) -> None:
        self._quiet_for = 0
        if not self._stream_open:
            self._stream_open = True
            self._found()
        if event.type == "reset":
            self.shown.reload()
        elif event.type != "opened":
            self.shown.note(event)
            if isinstance(self.screen, JobScreen):
                self.screen.note(event)

    def answered(self) -> None:
        """The server has answered; if the stream is open too, the banner is removed."""
        if self._stream_open and not self._live:
            self._found()

    def _found(self) -> None:
        self._live = True
        self.base.query_one("#banner", Static).display = False
        self.base.query_one(ContentSwitcher).remove_class("stale")
        self._show_status()
        self.shown.reload()
        if isinstance(self.screen, JobScreen):
            self.screen.reload()

    def lost(self, reason: str) -> None:
        """Show that the server does not answer and that the content is old."""
        self._lost_because = plain(reason)
        if self._live and self._stream_open:
            # A single call failed while the stream is open: fetch again soon, which may remove the
            # banner.
            self.set_timer(2.0, self.shown.reload)
        self._live = False
        self.base.query_one(ContentSwitcher).add_class("stale")
        self._show_status()

    def tell_refused(self, error: BoxRefused) -> bool:
        """Show why the server refused. Ends the dashboard if the token is not valid."""
        if error.status == 401:
            self.refusal = str(error)
            self.exit(return_code=DENIED)
            return True
        reference = f" ({error.code} {error.correlation_id})" if error.code else ""
        self.say(f"{error}{reference}", wrong=True)
        return False

    def show_jobs(self, text: str) -> None:
        """Show the jobs of a filter."""
        self._show_filtered("jobs", text)

    def show_deliveries(self, text: str) -> None:
        """Show the messages of a filter."""
        self._show_filtered("deliveries", text)

    def _show_filtered(self, name: str, text: str) -> None:
        self._close_windows()
        self.base.query_one(ContentSwitcher).current = name
        self._show_status()
        self.base.query_one(f"#{name}", ListScreen).set_filter(text)

    def show_log(self, text: str) -> None:
        """Show the lines of the log of a filter."""
        self.action_screen_of("log")
        self.base.query_one("#log", Log).show_filter(text)

    def open_job(self, job_id: str) -> None:
        """Show all details of a job."""
        self.push_screen(JobScreen(job_id))

    def _close_windows(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_screen_of(self, name: str) -> None:
        """Show a screen."""
        self._close_windows()
        self.base.query_one(ContentSwitcher).current = name
        self.shown.take_focus()
        self._show_status()
        self.shown.reload()
        self.refresh_bindings()

    def action_refresh_all(self) -> None:
        """Fetch again."""
        self.shown.reload_all()

    def action_zone(self) -> None:
        """Switch between local time and UTC."""
        self._utc = not self._utc
        self._show_status()
        self.shown.paint()
        if isinstance(self.screen, JobScreen):
            self.screen.paint()

    def action_theme(self) -> None:
        """Switch between light and dark."""
        self.theme = other(self.theme)

    def action_keys(self) -> None:
        """Show all keys."""
        self.push_screen(Reading(KEYS))

    @property
    def panes(self) -> list[BaseScreen]:
        """Every screen's content, in the order of the keys."""
        return [self.base.query_one(f"#{name}", BaseScreen) for name in SCREENS]

    @property
    def shown_pane(self) -> BaseScreen:
        """The one that is shown."""
        return self.shown

    def pane(self, kind: type[P]) -> P:
        """The one of that class."""
        return self.base.query_one(kind)

    def go_to(self, pane: BaseScreen, then: Callable[[], object] | None = None) -> None:
        """Show that screen, and do something there."""
        self.action_screen_of(str(pane.id))
        if then is not None:
            then()

    async def run_pane_action(self, pane: BaseScreen, action: str) -> None:
        """Go to the screen, and do what its key does."""
        if pane is not self.shown:
            self.go_to(pane)
        await self.run_action(action, pane)

    async def run_screen_action(self, action: str) -> None:
        """Do what a key of the window over the screens does."""
        await self.run_action(action, self.screen)

    def used(self, title: str) -> None:
        """A command was used: it comes first the next time."""
        kept = [one for one in self.recent if one != title]
        self.recent = [title, *kept][:MOST_RECENT]

    def on_resize(self, event: events.Resize) -> None:
        """Show one line that asks for a larger terminal if it is too small."""
        self.call_after_refresh(self._show_status)

    def _show_status(self) -> None:
        base = self.base
        if not base.query("#status"):
            return  # not composed yet
        size = (self.size.width, self.size.height)
        now = self.now().astimezone(UTC if self._utc else None)
        looking = bool(self._scope) and not self.may_act
        left = status_words(self.client.url, self._scope, looking=looking, live=self._live)
        base.query_one("#status", Static).update(across(left, f"{now:%a %d %b %T %Z}", size[0]))
        current = base.query_one(ContentSwitcher).current
        base.query_one("#tabs", Static).update(tabs(SCREENS, current))
        lost = "" if self._live else self._lost_because
        words = banner_words(lost, self.shown.loaded_at, now, size)
        banner = base.query_one("#banner", Static)
        banner.update(Text(words))
        banner.display = bool(words)

    async def on_unmount(self) -> None:
        """Close the connections."""
        await self.client.aclose()
