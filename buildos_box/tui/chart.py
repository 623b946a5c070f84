"""A line chart in the terminal, drawn by plotext, with a cursor of its own."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget

from buildos_box.tui.chart_metrics import Curve
from buildos_box.tui.glyphs import Glyphs

COLOURS = ("blue", "orange", "green", "red", "magenta", "cyan")
_MARKERS = {"braille": ("braille",), "blocks": ("hd",), "ascii": ("*", "o", "+", "x", "#", "@")}
"""In plain ASCII each curve has a letter of its own, since dots cannot tell them apart."""
SIGNS_OF = {"braille": "●", "blocks": "█"}


def sign_of(signs: Glyphs, number: int) -> str:
    """What stands for a curve in the table beside the chart; nothing for one that is not drawn."""
    if number >= len(COLOURS):
        return " "
    return SIGNS_OF.get(signs) or _MARKERS["ascii"][number]


def new_plot() -> Any:
    """An empty plot. The first call loads the library, a fifth of a second: not at the start."""
    from textual_plotext.plot import Plot

    return Plot()


class Chart(Widget, can_focus=True):
    """Curves over steps of time. The cursor is at a step; left and right move it."""

    DEFAULT_CSS = "Chart { height: 1fr; min-height: 5; }"
    BINDINGS = [
        Binding("left,h", "step(-1)", "Earlier", show=False),
        Binding("right,l", "step(1)", "Later", show=False),
        Binding("ctrl+left,home", "far(-1)", "First", show=False),
        Binding("ctrl+right,end", "far(1)", "Last", show=False),
        Binding("enter", "open", "Its jobs", key_display="enter"),
    ]

    class Moved(Message):
        """The cursor is at another step."""

    class Opened(Message):
        """The viewer asks for the jobs of the step."""

    def __init__(self, signs: Glyphs, *, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._signs = signs
        self._curves: Sequence[Curve] = ()
        self._x: Sequence[tuple[int, str]] = ()
        self._y: Sequence[tuple[float, str]] = ()
        self._count = 0
        self.cursor = 0
        self._drawn: tuple[tuple[int, int], list[Text]] | None = None

    def draw(
        self,
        curves: Sequence[Curve],
        count: int,
        x: Sequence[tuple[int, str]],
        y: Sequence[tuple[float, str]],
        *,
        keep: bool,
    ) -> None:
        """Show these curves over `count` steps, with labels of both axes.

        The cursor goes to the newest step, or with `keep` stays as far from it as it was.
        """
        back = self._count - 1 - self.cursor if keep and self._count else 0
        self._curves, self._count, self._x, self._y = curves, count, x, y
        self.cursor = min(max(0, count - 1 - back), max(0, count - 1))
        self._drawn = None
        self.refresh()

    def render(self) -> Text:
        """The chart with the cursor in it."""
        size = (self.size.width, self.size.height)
        if not self._count or min(size) < 5:
            return Text("")
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._lines(*size))
        return Text("\n").join(self._with_cursor(self._drawn[1]))

    def _lines(self, width: int, height: int) -> list[Text]:
        plot = new_plot()
        plot.plotsize(width, height)
        plot._set_size(width, height)
        for colour in (plot.canvas_color, plot.axes_color, plot.ticks_color):
            colour("default")
        plot.xlim(0, max(1, self._count - 1))
        top = self._y[-1][0]
        plot.ylim(0, top or 1)
        plot.xticks([place for place, _ in self._x], [label for _, label in self._x])
        plot.yticks([value for value, _ in self._y], [label for _, label in self._y])
        markers = _MARKERS[self._signs]
        for number, curve in enumerate(self._curves[: len(COLOURS)]):
            for places, values in _unbroken(curve.values):
                plot.plot(
                    places, values, marker=markers[number % len(markers)], color=COLOURS[number]
                )
        if not any(curve.known for curve in self._curves):
            plot.plot([0], [0], marker=" ")
        return list(Text.from_ansi(plot.build(), no_wrap=True, overflow="crop").split("\n"))

    def _with_cursor(self, lines: list[Text]) -> list[Text]:
        axis = next((n for n in reversed(range(len(lines))) if "└" in lines[n].plain), None)
        if axis is None:
            return lines
        left = lines[axis].plain.index("└") + 1
        room = lines[axis].plain.rindex("┘") - left
        at = left + round(self.cursor * (room - 1) / max(1, self._count - 1))
        found = []
        for line in lines[:axis]:
            marked = line.copy()
            marked.stylize("reverse" if self.has_focus else "bold reverse", at, at + 1)
            found.append(marked)
        return [*found, *lines[axis:]]

    def _go(self, number: int) -> None:
        self.cursor = min(max(0, number), max(0, self._count - 1))
        self.refresh()
        self.post_message(self.Moved())

    def action_step(self, by: int) -> None:
        """To the step before or after."""
        self._go(self.cursor + by)

    def action_far(self, by: int) -> None:
        """To the first or the last step."""
        self._go(0 if by < 0 else self._count - 1)

    def action_open(self) -> None:
        """Ask for the jobs of the step."""
        self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor to that step, a second one opens it."""
        if self._drawn is None:
            return
        axis = next((line.plain for line in self._drawn[1] if "└" in line.plain), "")
        left, right = axis.find("└") + 1, axis.rfind("┘")
        if left <= event.x < right:
            self._go(round((event.x - left) * (self._count - 1) / max(1, right - left - 1)))
            if event.chain == 2:
                self.action_open()


def _unbroken(values: Sequence[float | None]) -> list[tuple[list[int], list[float]]]:
    """The runs of values between gaps, each with its places."""
    found = []
    for is_known, run in groupby(enumerate(values), lambda pair: pair[1] is not None):
        if is_known:
            pairs = [(place, value) for place, value in run if value is not None]
            found.append(([place for place, _ in pairs], [value for _, value in pairs]))
    return found
