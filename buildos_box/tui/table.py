"""A table whose rows are known by key: the cursor stays on its row while others come and go."""

from collections.abc import Sequence

from rich.text import Text
from textual.binding import Binding
from textual.widgets import DataTable

Row = tuple[str, Sequence[str]]


class Table(DataTable[Text]):
    """Rows by key, changed in place, with vim's keys."""

    BINDINGS = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "scroll_top", "Top", show=False),
        Binding("G", "scroll_bottom", "Bottom", show=False),
        Binding("ctrl+d", "page_down", "Page down", show=False),
        Binding("ctrl+u", "page_up", "Page up", show=False),
    ]

    def __init__(self, table_id: str, heads: Sequence[str], widths: Sequence[int]) -> None:
        super().__init__(id=table_id, cursor_type="row", zebra_stripes=False)
        self._heads = heads
        self._shown: dict[str, Sequence[str]] = {}
        # Widths are fixed: measured ones come too late for the first paint, which is kept.
        for head, width in zip(heads, widths, strict=True):
            self.add_column(head, key=head, width=width)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        if not self._shown or not 0 <= self.cursor_row < len(self.ordered_rows):
            return None
        return self.ordered_rows[self.cursor_row].key.value

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows in this order."""
        if [key for key, _ in rows] == [*self._shown]:
            self._change_cells(rows)
            return
        chosen, row_before, top = self.chosen, self.cursor_row, self.scroll_y
        self.clear()
        for key, cells in rows:
            self.add_row(*(Text(cell) for cell in cells), key=key)
        self._shown = dict(rows)
        keys = [*self._shown]
        row = keys.index(chosen) if chosen in self._shown else min(row_before, len(keys) - 1)
        if keys:
            self.move_cursor(row=max(row, 0), animate=False, scroll=False)
            self.scroll_to(y=top, animate=False)

    def _change_cells(self, rows: Sequence[Row]) -> None:
        for key, cells in rows:
            before = self._shown[key]
            for head, old, new in zip(self._heads, before, cells, strict=True):
                if old != new:
                    self.update_cell(key, head, Text(new))
            self._shown[key] = cells
