"""Users with their zone, next and last brief, channels and stage of engagement."""

from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding

from buildos_box.client import BoxEvent
from buildos_box.tui.formatting import plain
from buildos_box.tui.grid import Column, Grid
from buildos_box.tui.list_screen import PAGE, ListScreen

Json = dict[str, Any]
_SIGN = {"completed": "✓", "failed": "✗", "processing": "▶", "pending": "·"}


class Users(ListScreen):
    """A list of users; a brief can be requested at once."""

    BINDINGS = [
        Binding("b", "brief", "Brief now"),
        Binding("d", "deliveries", "Deliveries"),
    ]
    ACTING = frozenset({"brief"})
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("user", 10, most=24),
        Column("name", 0),
        Column("zone", 16, most=24),
        Column("next brief", 12),
        Column("last brief", 12),
        Column("gets it by", 14),
        Column("mail", 26, at=120, most=36),
        Column("stage", 14, at=136, most=24),
        Column("last visit", 12, at=150),
    )
    HINT = "words in a name, an id, an address or a zone"
    NOUN = "user"
    EMPTY = "No users yet. Make one: buildos-box user add NAME --email ADDRESS"

    def __init__(self) -> None:
        super().__init__("users")
        self._text: str | None = None

    def read_filter(self, text: str) -> None:
        """Any text."""
        self._text = text.strip() or None

    async def fetch(self, cursor: str | None) -> tuple[list[Json], str | None]:
        """A page of users."""
        page = await self.client.people(text=self._text, limit=PAGE, cursor=cursor)
        return page["items"], page.get("nextCursor")

    def note(self, event: BoxEvent) -> None:
        """Fetch again after a brief was written or failed."""
        if event.type.startswith("brief.") and self.watching:
            self.load_soon()

    def cells_of(self, item: Json) -> tuple[str, ...]:
        """A user's row."""
        last = "never"
        if item["lastBrief"]:
            last = f"{_SIGN.get(item['lastBriefStatus'], '?')} {item['lastBrief']}"
        return (
            plain(item["id"]),
            plain(item["name"]),
            plain(item["timezone"]),
            self.host.at(item["nextBrief"]),
            last,
            ",".join(item["channels"]) or "–",
            plain(item["email"]),
            plain(item["lastDecision"]) or "–",
            self.host.at(item["lastVisitAt"]),
        )

    @on(Grid.Opened, "#users-table")
    def _opened(self, event: Grid.Opened) -> None:
        self.host.show_jobs(f"user:{event.key}")

    def action_deliveries(self) -> None:
        """Show the user's messages."""
        if user := self.grid.chosen:
            self.host.show_deliveries(f"user:{user}")

    def action_brief(self) -> None:
        """Request the user's brief now."""
        if user := self.grid.chosen:
            self.brief_of(user)

    def brief_of(self, user: str) -> None:
        """Request that user's brief now."""
        self.act(partial(self._brief, user))

    async def _brief(self, user: str) -> None:
        queued = await self.client.brief_now(user)
        done = " is written already" if queued.get("alreadyCompleted") else f": {queued['jobId']}"
        self.host.say(f"brief of {user}{done}")
