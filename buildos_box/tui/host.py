"""What the screens may ask of the dashboard that shows them, so that they need not import it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

from buildos_box.client import BoxRefused, LiveClient
from buildos_box.clock import Instant


class Host(Protocol):
    """The dashboard, as its screens know it; `app.BoxApp` is the one that there is."""

    client: LiveClient
    is_admin: bool

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

    def open_job(self, job_id: str) -> None:
        """Show everything of a job."""
        ...

    def push_screen(self, screen: Screen[Any]) -> Any:
        """Show a window over the screen."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Put the text into the viewer's clipboard."""
        ...


class Hosted(MessagePump):
    """A widget or screen of the dashboard."""

    @property
    def host(self) -> Host:
        """The dashboard that this is a part of."""
        return cast(Host, self.app)
