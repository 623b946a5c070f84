"""What will be sent to whom in the coming days, what quiet hours move, what is skipped and why.

7 days: 14 will be sent, 1 of them moved by quiet hours; 3 skipped
when         user    what      by     of                outcome
16:30:00     ada     brief     email  2024-10-23        ✓ sent
24 Oct 08:00 ada     reminder  sms    Early             ↻ from 07:30: quiet hours unti…
25 Oct 05:00 ada     reminder  sms    Dawn              ✗ quiet hours
reminder of ada, Early: ↻ from 07:30: quiet hours until 08:00 Europe/Berlin
d Days  esc Back
"""

from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer, Static

from buildos_box.client import BoxRefused, BoxUnreachable
from buildos_box.plural import plural
from buildos_box.tui.formatting import plain
from buildos_box.tui.grid import Column, Grid
from buildos_box.tui.host import Hosted

Json = dict[str, Any]
SPANS = (7, 30, 1)
"""Numbers of days; a key switches to the next."""


class ForecastScreen(Hosted, Screen[None]):
    """The forecast as a list; nothing is sent or written."""

    BINDINGS = [
        Binding("d", "days", "Days"),
        Binding("ctrl+r", "reload", "Refresh", show=False),
        Binding("escape,q", "dismiss", "Back"),
    ]
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("when", 12),
        Column("user", 10),
        Column("what", 8),
        Column("by", 5),
        Column("of", 12),
        Column("outcome", 0),
    )

    def __init__(self) -> None:
        super().__init__()
        self._days = SPANS[0]
        self._found: list[Json] = []
        # Kept as attributes, because the screen may be closed while the forecast is fetched.
        self._note = Static("Loading …", id="forecast-note", classes="note")
        self._list = Grid("forecast", self.COLUMNS)
        self._row = Static(id="forecast-row", classes="note")

    def compose(self) -> ComposeResult:
        """The summary, the list, the selected row in full, the keys."""
        yield self._note
        yield self._list
        yield self._row
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Fetch it."""
        self._list.focus()
        self.action_reload()

    def action_reload(self) -> None:
        """Fetch again."""
        self.run_worker(self._load(), exclusive=True)

    def action_days(self) -> None:
        """Switch to the next number of days."""
        self._days = SPANS[(SPANS.index(self._days) + 1) % len(SPANS)]
        self.action_reload()

    async def _load(self) -> None:
        try:
            answer = await self.host.client.forecast(self._days)
        except BoxRefused as error:
            self._note.update(Text(f"✗ {error}"))
            self.host.tell_refused(error)
            return
        except BoxUnreachable as error:
            self._note.update(Text(f"✗ {error}"))
            self.host.lost(str(error))
            return
        self._found = answer["deliveries"]
        rows = [(str(number), self._cells(one)) for number, one in enumerate(self._found)]
        self._list.show_rows(rows)
        self._note.update(Text(summary(self._found, self._days, more=answer["more"])))
        self._say()

    def _cells(self, one: Json) -> tuple[str, ...]:
        return (
            self.host.at(one["at"]),
            plain(one["userId"]),
            plain(one["kind"]),
            plain(one["channel"]),
            plain(one.get("briefDate") or one.get("title") or ""),
            self._outcome(one),
        )

    def _outcome(self, one: Json) -> str:
        reason = plain(one.get("reason") or "").replace("_", " ")
        if one["outcome"] == "skip":
            return f"✗ {reason}"
        if one.get("movedFrom"):
            wanted, day = self.host.at(one["movedFrom"]), self.host.at(one["at"])[:6]
            return f"↻ from {wanted.removeprefix(day).strip()}: {reason}"
        return "✓ sent"

    def _say(self) -> None:
        chosen = self._list.chosen
        one = self._found[int(chosen)] if chosen is not None else None
        words = ""
        if one is not None:
            _, user, what, _, of, outcome = self._cells(one)
            words = f"{what} of {user}, {of}: {outcome}"
        self._row.update(Text(words))

    @on(Grid.Moved, "#forecast")
    def _moved(self, _event: Grid.Moved) -> None:
        self._say()

    @on(Grid.Opened, "#forecast")
    def _opened(self, event: Grid.Opened) -> None:
        user = self._found[int(event.key)]["userId"]
        self.dismiss()
        self.host.show_jobs(f"user:{user}")


def summary(found: list[Json], days: int, *, more: bool) -> str:
    """The numbers of deliveries that will be sent, that are delayed, and that are skipped."""
    span = plural(days, "day")
    if not found:
        return f"Nothing will be sent in {span}: nobody wants a brief, no event has a reminder"
    skipped = sum(one["outcome"] == "skip" for one in found)
    moved = sum(one["outcome"] != "skip" and bool(one.get("movedFrom")) for one in found)
    later = f", {moved} of them moved by quiet hours" if moved else ""
    cut = "; only the first of them are shown" if more else ""
    return f"{span}: {len(found) - skipped:,} will be sent{later}; {skipped:,} skipped{cut}"
