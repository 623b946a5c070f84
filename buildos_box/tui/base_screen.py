"""What all screens share: loading, showing errors, limited repaints."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.containers import Vertical

from buildos_box.client import BoxEvent, BoxRefused, BoxUnreachable, LiveClient
from buildos_box.clock import Instant
from buildos_box.tui.grid import Grid
from buildos_box.tui.host import Hosted

REPAINT_SECONDS = 0.1
RELOAD_SECONDS = 1.0


class BaseScreen(Hosted, Vertical):
    """One screen's content. Subclasses fetch data, and paint it."""

    ACTING: ClassVar[frozenset[str]] = frozenset()
    """Actions that change something; not offered to viewers who may only read."""
    ADMIN: ClassVar[frozenset[str]] = frozenset()
    """Actions that only an admin's token may do."""

    def __init__(self, pane_id: str) -> None:
        super().__init__(id=pane_id)
        self.loaded_at: Instant | None = None
        """When the shown data was fetched."""
        self._paint_due = False
        self._load_due = False
        self._again = False
        self._gate = asyncio.Lock()

    @property
    def client(self) -> LiveClient:
        """The API client."""
        return self.host.client

    @property
    def is_shown(self) -> bool:
        """Whether the screen is visible."""
        return self.host.shown is self

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the key is offered."""
        if action in self.ADMIN:
            return self.host.may_act and self.host.is_admin
        return self.host.may_act if action in self.ACTING else True

    async def load(self) -> None:
        """Fetch the data."""

    def paint(self) -> None:
        """Show the data, changing cells in place."""

    def note(self, event: BoxEvent) -> None:
        """React to an event while the screen is shown."""

    def take_focus(self) -> None:
        """Focus the list."""
        self.screen.set_focus(self.query(Grid).first())

    def paint_soon(self) -> None:
        """Repaint, at most ten times a second; before the first data there is nothing to tell."""
        if not self._paint_due:
            self._paint_due = True
            self.set_timer(REPAINT_SECONDS, self._paint_now)

    def _paint_now(self) -> None:
        self._paint_due = False
        if self.loaded_at is not None:
            self.paint()

    def load_soon(self) -> None:
        """Fetch again, at most once a second."""
        if not self._load_due:
            self._load_due = True
            self.set_timer(RELOAD_SECONDS, self._load_now)

    def _load_now(self) -> None:
        self._load_due = False
        self.reload()

    def reload(self) -> None:
        """Fetch and show again in the background; never twice at a time."""
        self._again = True
        if not self._gate.locked():
            self.run_worker(self._reload(), exclusive=False)

    def reload_all(self) -> None:
        """Also fetch what is otherwise fetched seldom, because the viewer asked."""
        self.reload()

    async def _reload(self) -> None:
        async with self._gate:
            while self._again:
                self._again = False
                if await self.tell(self.load):
                    self.loaded_at = self.host.now()
                    self.paint()

    async def tell(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Call the API; if it refuses, show its sentence."""
        try:
            await work()
        except BoxRefused as error:
            self.host.tell_refused(error)
            return False
        except BoxUnreachable as error:
            self.host.lost(str(error))
            return False
        except (KeyError, TypeError, ValueError) as error:
            # A server of another version may answer differently, which must not end the dashboard.
            self.host.say(f"the server's answer is not understood: {error!r}", wrong=True)
            return False
        if not self.is_attached:
            return False  # the screen may have been closed meanwhile
        self.host.answered()
        return True

    def act(self, work: Callable[[], Awaitable[object]]) -> None:
        """Call the API in the background; never if the viewer may only read."""
        self.run_worker(self._act(work), exclusive=False)

    async def _act(self, work: Callable[[], Awaitable[object]]) -> None:
        if self.host.may_act and await self.tell(work):
            self.reload()
