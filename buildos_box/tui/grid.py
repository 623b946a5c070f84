"""A table that renders only its visible lines, however long the list is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Cells = Sequence[str]
LEAST_GREEDY = 48
"""Cells that columns leave to the text that takes the rest before they grow."""
Row = tuple[str, Cells | Callable[[], Cells]]
"""A row's key and its cells, or a function that returns them once the row is visible."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and its least width in cells; 0 takes the remaining width.

    `most` is the width to which the column grows where there is room, the first columns first;
    `at` is the width of the table from which on the column is shown; `right` aligns numbers;
    `middle` shortens in the middle, for ids, of which both ends tell them apart; `end` keeps the
    end, for bars, of which the last is the newest.
    """

    head: str
    width: int
    at: int = 0
    right: bool = False
    most: int = 0
    middle: bool = False
    end: bool = False


class Grid(ScrollView, can_focus=True):
    """Rows by key below fixed headings. The cursor stays on its row when others are added or
    removed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--head", "grid--cursor", "grid--idle", "grid--on",
        "grid--good", "grid--bad", "grid--busy", "grid--again",
    }  # fmt: skip
    SIGNS: ClassVar[dict[str, str]] = {
        "✓": "grid--good", "✗": "grid--bad", "▶": "grid--busy", "█": "grid--busy",
        "↻": "grid--again", "?": "grid--again",
    }  # fmt: skip
    """Colour repeats what a sign before the word says already."""
    DEFAULT_CSS = """
    Grid { background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    Grid > .grid--head { text-style: bold underline; }
    Grid > .grid--cursor { text-style: reverse; }
    Grid > .grid--idle { text-style: bold; }
    Grid > .grid--on { text-style: bold; }
    Grid > .grid--good { color: $text-success; }
    Grid > .grid--bad { color: $text-error; text-style: bold; }
    Grid > .grid--busy { color: $text-accent; }
    Grid > .grid--again { color: $text-warning; }
    """
    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "Top", show=False),
        Binding("end,G", "last", "Bottom", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    class Moved(Message):
        """The viewer moved the cursor to another row."""

        def __init__(self, grid: "Grid", key: str, number: int) -> None:
            super().__init__()
            self.grid = grid
            self.key = key
            self.number = number

        @property
        def control(self) -> "Grid":
            """The table."""
            return self.grid

    class Seen(Message):
        """Other rows became visible: the first and the last of them."""

        def __init__(self, grid: "Grid", first: int, last: int) -> None:
            super().__init__()
            self.grid = grid
            self.first = first
            self.last = last

        @property
        def control(self) -> "Grid":
            """The table."""
            return self.grid

    class Opened(Message):
        """The viewer opened a row."""

        def __init__(self, grid: "Grid", key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> "Grid":
            """The table."""
            return self.grid

    def __init__(self, grid_id: str, columns: Sequence[Column]) -> None:
        super().__init__(id=grid_id)
        self.columns = tuple(columns)
        self.marked: set[str] = set()
        """Keys of selected rows, which are marked by a dot."""
        self._rows: list[Row] = []
        self._number_of: dict[str, int] = {}
        self.cursor = 0

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor][0] if self.cursor < len(self._rows) else None

    def column(self, head: str) -> list[str]:
        """The cells of that column, row by row."""
        index = [column.head for column in self.columns].index(head)
        return [self._cells(number)[index] for number in range(len(self._rows))]

    def show_rows(self, rows: Sequence[Row], *, follow: bool = False) -> None:
        """Show these rows in this order; with `follow` the cursor stays on the first row."""
        chosen, offset = self.chosen, self.cursor - round(self.scroll_y)
        before = len(self._rows)
        self._rows = list(rows)
        self._number_of = {key: number for number, (key, _) in enumerate(self._rows)}
        if follow or chosen is None:
            self.cursor = 0
        else:
            here = self._number_of.get(chosen, min(self.cursor, len(self._rows) - 1))
            self.cursor = max(0, here)
        if len(self._rows) != before:
            self.virtual_size = Size(0, len(self._rows) + 1)
            if self.styles.height is not None and self.styles.height.is_auto:
                self.refresh(layout=True)
        # Keep the row at the same line of the screen.
        self.set_scroll(None, max(0, self.cursor - max(0, offset)))
        self.refresh()

    def _cells(self, number: int) -> Cells:
        """The row's cells, computed once when first visible."""
        key, cells = self._rows[number]
        if callable(cells):
            cells = cells()
            self._rows[number] = (key, cells)
        return cells

    def set_scroll(self, _x: float | None, y: float | None) -> None:
        """Scroll there without animation."""
        if y is not None and round(self.scroll_y) != round(y):
            self.scroll_to(y=y, animate=False, immediate=True)

    def on_mount(self) -> None:
        """There is nothing to scroll to yet."""
        self.virtual_size = Size(0, len(self._rows) + 1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The height of all rows and the headings, if the height is automatic."""
        return len(self._rows) + 1

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the headings or a row."""
        width = self.scrollable_content_region.width
        if y == 0:
            heads = [column.head for column in self.columns]
            return self._strip(heads, width, self._style("grid--head"))
        number = y - 1 + round(self.scroll_y)
        if not 0 <= number < len(self._rows):
            return Strip.blank(width, self.rich_style)
        key = self._rows[number][0]
        style, plain = self.rich_style, True
        if number == self.cursor:
            style = self._style("grid--cursor" if self.has_focus else "grid--idle")
        elif key in self.marked:
            style = self._style("grid--on")
        else:
            plain = False
        return self._strip(self._cells(number), width, style, signs=not plain)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    def _strip(
        self, cells: Sequence[str], width: int, style: Style, *, signs: bool = False
    ) -> Strip:
        widths = widths_for(self.columns, width)
        segments, used = [], 0
        for column, cell, room in zip(self.columns, cells, widths.values(), strict=True):
            if not room or used >= width:
                continue
            text = _fit(cell, room, column)
            name = self.SIGNS.get(cell[:1]) if signs else None
            segments.append(Segment(text, style if name is None else self._style(name)))
            segments.append(Segment(" ", style))
            used += room + 1
        return Strip(segments).adjust_cell_length(width, style)

    def go_to(self, key: str) -> None:
        """Put the cursor on that row, if there is one."""
        if key in self._number_of:
            self._go(self._number_of[key])

    def _go(self, number: int) -> None:
        if not self._rows:
            return
        self.cursor = min(max(number, 0), len(self._rows) - 1)
        room = max(1, self.scrollable_content_region.height - 1)
        top = round(self.scroll_y)
        if self.cursor < top:
            self.set_scroll(None, self.cursor)
        elif self.cursor >= top + room:
            self.set_scroll(None, self.cursor - room + 1)
        self.refresh()
        self.post_message(self.Moved(self, self._rows[self.cursor][0], self.cursor))

    def action_move(self, step: int) -> None:
        """Up or down."""
        self._go(self.cursor + step)

    def action_page(self, step: int) -> None:
        """A page up or down."""
        self._go(self.cursor + step * max(1, self.scrollable_content_region.height - 2))

    def action_first(self) -> None:
        """To the first row."""
        self._go(0)

    def action_last(self) -> None:
        """To the last row."""
        self._go(len(self._rows) - 1)

    def action_open(self) -> None:
        """Open the row."""
        if self.chosen is not None:
            self.post_message(self.Opened(self, self.chosen))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens the row."""
        number = event.y - 1 + round(self.scroll_y)
        if event.y >= 1 and 0 <= number < len(self._rows):
            self._go(number)
            if event.chain == 2:
                self.action_open()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor is drawn differently without focus."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Also the mouse wheel can make the end of the list visible."""
        super().watch_scroll_y(old, new)
        room = max(1, self.scrollable_content_region.height - 1)
        self.post_message(self.Seen(self, round(new), min(len(self._rows), round(new) + room) - 1))


def widths_for(columns: Sequence[Column], width: int) -> Mapping[int, int]:
    """The width of each column in a table of that width, by position; 0 hides it."""
    shown = {n: c for n, c in enumerate(columns) if width >= c.at}
    found = {n: shown[n].width if n in shown else 0 for n in range(len(columns))}
    greedy = [n for n, c in shown.items() if c.width == 0]
    least = LEAST_GREEDY * len(greedy)
    rest = max(0, width - sum(found.values()) - max(0, len(shown) - 1))
    for n, column in shown.items():
        more = min(max(0, column.most - column.width), max(0, rest - least))
        found[n] += more
        rest -= more
    for place, n in enumerate(greedy):
        found[n] = rest // len(greedy) + (rest % len(greedy) if place == 0 else 0)
    return found


def _fit(text: str, room: int, column: Column) -> str:
    """The text in exactly that many cells, with `…` where words were cut."""
    size = cell_len(text)
    if size > room:
        if column.end and size == len(text):
            return text[size - room :]
        if column.middle and room >= 5 and size == len(text):
            tail = (room - 1) // 2
            return f"{text[: room - 1 - tail]}…{text[-tail:]}"
        return f"{set_cell_size(text, room - 1)}…" if room > 1 else set_cell_size(text, room)
    return " " * (room - size) + text if column.right else text + " " * (room - size)
