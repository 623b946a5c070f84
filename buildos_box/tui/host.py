"""What the screens may ask of the dashboard that shows them, so that they need not import it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

from buildos_box.client import BoxRefused, LiveClient
from buildos_box.clock import Instant
from buildos_box.tui.glyphs import Glyphs


class Host(Protocol):
    """The dashboard, as its screens know it; `app.BoxApp` is the one that there is."""

    client: LiveClient
    is_admin: bool
    signs: Glyphs

    @property
    def may_act(self) -> bool:
        """Whether this viewer may change anything."""
        ...

    @property
    def shown(self) -> Widget:
        """The screen that is shown."""
        ...

    def now(self) -> Instant:
        """The present instant."""
        ...

    def at(self, text: str | None) -> str:
        """An instant on the clock that the viewer has chosen."""
        ...

    def here(self, text: str) -> datetime:
        """An instant in the time zone that the viewer has chosen."""
        ...

    def answered(self) -> None:
        """The server has answered."""
        ...

    def lost(self, reason: str) -> None:
        """The server does not answer."""
        ...

    def tell_refused(self, error: BoxRefused) -> bool:
        """Say why the server refused; True if that ends the dashboard."""
        ...

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """A short message to the viewer."""
        ...

    def say_report(self, report: dict[str, Any]) -> None:
        """What came of an action on jobs."""
        ...

    def ask(self, question: str, then: Callable[[], object]) -> None:
        """Do it if the viewer says yes."""
        ...

    def choose(
        self, title: str, choices: Sequence[tuple[str, str]], then: Callable[[str], object]
    ) -> None:
        """Let the viewer choose one, and do it."""
        ...

    def show_jobs(self, text: str) -> None:
        """Go to the jobs of a filter."""
        ...

    def show_deliveries(self, text: str) -> None:
        """Go to the messages of a filter."""
        ...

    def show_log(self, text: str) -> None:
        """Go to the lines of the log of a filter."""
        ...

    def open_job(self, job_id: str) -> None:
        """Show everything of a job."""
        ...

    def push_screen(self, screen: Screen[Any]) -> Any:
        """Show a window over the screen."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Put the text into the viewer's clipboard."""
        ...


P = TypeVar("P", bound=Widget)


class PaletteHost(Host, Protocol):
    """What the palette may ask of the dashboard besides."""

    recent: Sequence[str]
    """Titles of the commands that were used lately, the last one first."""

    @property
    def panes(self) -> Sequence[Any]:
        """Every screen's content, in the order of the keys."""
        ...

    @property
    def shown_pane(self) -> Any:
        """The one that is shown."""
        ...

    def pane(self, kind: type[P]) -> P:
        """The one of that class."""
        ...

    def go_to(self, pane: Any, then: Callable[[], object] | None = None) -> None:
        """Show that screen, and do something there."""
        ...

    async def run_pane_action(self, pane: Any, action: str) -> None:
        """Go to the screen, and do what its key does."""
        ...

    async def run_screen_action(self, action: str) -> None:
        """Do what a key of the window over the screens does."""
        ...

    def used(self, title: str) -> None:
        """A command was used."""
        ...

    def action_change_theme(self) -> None:
        """Choose among all themes."""
        ...

    def action_theme(self) -> None:
        """Light, or dark."""
        ...

    def action_zone(self) -> None:
        """Local time, or UTC."""
        ...

    def action_refresh_all(self) -> None:
        """Fetch afresh."""
        ...

    def action_keys(self) -> None:
        """All keys."""
        ...

    def exit(self) -> Any:
        """End the dashboard."""
        ...


class Hosted(MessagePump):
    """A widget or screen of the dashboard."""

    @property
    def host(self) -> Host:
        """The dashboard that this is a part of."""
        return cast(Host, self.app)
