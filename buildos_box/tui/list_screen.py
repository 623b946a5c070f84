"""A screen with one long list: a filter, loaded rows, a line about them."""

from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.filter import WrongWord
from buildos_box.tui.filter_input import FilterInput
from buildos_box.tui.grid import Column, Grid, Row
from buildos_box.tui.paged_list import PagedList

Json = dict[str, Any]
PAGE = 100
NEAR = PAGE // 2
"""How many rows before the end of the loaded ones more are fetched: early, so that they are there
before a key that is held down comes to the end.
"""


class ListScreen(BaseScreen):
    """Newest first. New rows are shown by themselves until the viewer moves the cursor."""

    BINDINGS = [
        # First, so that text typed after it goes into the filter, however fast.
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("n", "newest", "Newest", show=False),
        Binding("escape", "back", "Back", show=False),
        Binding("y", "copy", "Copy id", show=False),
    ]
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    HINT = ""
    NOUN = "row"
    EMPTY = "Nothing yet"

    def __init__(self, pane_id: str) -> None:
        super().__init__(pane_id)
        self.window = PagedList(self.fetch, PAGE)
        self.watching = True
        self.new: set[str] = set()
        self._filled = False
        self._fault = ""
        """What is wrong with the filter; empty if nothing is."""
        # Kept as attributes, because a screen may be closed while its rows are fetched.
        self.filter_input = FilterInput(placeholder=self.HINT, id=f"{pane_id}-filter")
        self.grid = Grid(f"{pane_id}-table", self.COLUMNS)
        self._note = Static("Loading …", id=f"{pane_id}-note", classes="note")

    def compose(self) -> ComposeResult:
        """The filter, the list, and the line below."""
        yield self.filter_input
        yield self.grid
        yield self._note

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the key is offered; inside the filter a slash is a letter."""
        if action == "filter":
            return not self.filter_input.has_focus
        return super().check_action(action, parameters)

    @property
    def filter_text(self) -> str:
        """The filter's text."""
        return self.filter_input.value.strip()

    async def fetch(self, cursor: str | None) -> tuple[list[Json], str | None]:
        """A page of matching rows, and the cursor of the next page."""
        raise NotImplementedError

    def key_of(self, item: Json) -> str:
        """The row's key."""
        return str(item["id"])

    def cells_of(self, item: Json) -> tuple[str, ...]:
        """The row's cells, in the order of the columns."""
        raise NotImplementedError

    def read_filter(self, text: str) -> None:
        """Apply a filter. Raises WrongWord."""
        raise NotImplementedError

    async def load(self) -> None:
        """Fetch the newest rows, unless the viewer has scrolled on."""
        if self.watching or not self._filled:
            await self.window.first()
            self._filled = True
            self.new.clear()

    def item(self, key: str | None) -> Json | None:
        """The loaded row of that key."""
        return next((found for found in self.window.items if self.key_of(found) == key), None)

    def paint(self) -> None:
        """The list and its note."""
        rows: list[Row] = [
            (self.key_of(item), partial(self.cells_of, item)) for item in self.window.items
        ]
        self.grid.marked &= {key for key, _ in rows}
        self.grid.show_rows(rows, follow=self.watching)
        self.say_note(self._fault or self.note_line())

    def say_note(self, text: str) -> None:
        """The line below the list."""
        self._note.update(Text(text))

    def note_line(self) -> str:
        """The number of rows, and other facts."""
        text = self.filter_text
        count = self.grid.row_count
        if not count:
            if self.window.has_more:
                return f"None among the newest matches {text}"
            return f"No {self.NOUN} matches {text}: esc clears the filter" if text else self.EMPTY
        parts = [self.count_words(count)]
        if self.grid.marked:
            parts.insert(0, f"{len(self.grid.marked)} selected")
        if self.new:
            parts.append(f"{len(self.new)} new: n shows them")
        return "   ".join(parts)

    def count_words(self, count: int) -> str:
        """How many rows are loaded."""
        return f"{count:,} loaded{', more below' if self.window.has_more else ''}"

    def set_filter(self, text: str) -> None:
        """Show the rows that match the filter."""
        self.filter_input.value = text
        self.apply(text)

    @on(FilterInput.Submitted)
    def _submitted(self, event: FilterInput.Submitted) -> None:
        self.apply(event.value)

    def apply(self, text: str) -> None:
        """Parse the filter and start at the newest row."""
        try:
            self.read_filter(text)
        except WrongWord as error:
            self._fault = f"✗ {error}"
            self.say_note(self._fault)
            return
        self._fault = ""
        self.grid.marked.clear()
        self.take_focus()
        self.action_newest()

    @on(Grid.Moved)
    def _moved(self, event: Grid.Moved) -> None:
        if event.grid is self.grid:
            self.watching = False
            self.look_around(event.number, event.number)
            self.at_row(event.key)

    @on(Grid.Seen)
    def _seen(self, event: Grid.Seen) -> None:
        if event.grid is self.grid and event.first > 0:
            self.watching = False
            self.look_around(event.first, event.last)

    def at_row(self, key: str) -> None:
        """The cursor moved to that row."""

    def look_around(self, first: int, last: int) -> None:
        """Fetch the next page when the end of the loaded rows is near."""
        if self.window.has_more and last >= self.grid.row_count - NEAR:
            self.run_worker(self._step(down=True), exclusive=False)
        elif self.window.has_back and first < NEAR:
            self.run_worker(self._step(down=False), exclusive=False)

    async def _step(self, *, down: bool) -> None:
        if self._gate.locked():
            return
        async with self._gate:
            if await self.tell(self.window.more if down else self.window.back):
                self.paint()
        await self._reload()  # what was asked for meanwhile; nothing otherwise

    def action_filter(self) -> None:
        """Focus the filter."""
        self.screen.set_focus(self.filter_input)

    def action_back(self) -> None:
        """Focus the list; if it is focused, clear the selection, then the filter."""
        if self.filter_input.has_focus:
            self.take_focus()
        elif self.grid.marked:
            self.grid.marked.clear()
            self.paint()
        elif self.filter_text:
            self.set_filter("")

    def action_newest(self) -> None:
        """Back to the newest."""
        self.watching = True
        self.grid.set_scroll(None, 0)
        self.reload()

    def action_copy(self) -> None:
        """Copy the row's id."""
        if key := self.grid.chosen:
            self.host.copy_to_clipboard(key)
            self.host.say(f"copied {key}")
