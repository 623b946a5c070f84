"""The server's log, live: filters, pause, and from a line to its job."""

from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from buildos_box.plural import plural
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.filter import WrongWord, read_words
from buildos_box.tui.filter_input import FilterInput
from buildos_box.tui.formatting import plain
from buildos_box.tui.grid import Column, Grid, Row

Json = dict[str, Any]
LOOK_EVERY_SECONDS = 1.0
MOST_LINES = 5_000
LEVELS = ("debug", "info", "warning", "error")
SIGNS = {"debug": "· debug", "info": "· info", "warning": "↻ warning", "error": "✗ error"}
FIRST = ("error", "code", "exception")
WORDS = ("level", "job", "corr")
ADMINS_ONLY = "The log is for admins: start with an admin's token (--token)"
NOTHING = "The box has logged nothing yet that fits"


def facts_of(line: Json) -> str:
    """The facts of a line as `name=value`, first what went wrong."""
    facts = line["facts"]
    order = sorted(facts, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    found = {name: plain(facts[name]) for name in order}
    return "  ".join(f"{name}={value}" for name, value in found.items() if value)


class Log(BaseScreen):
    """The newest lines at the end. They follow until the cursor leaves the last line, or `p`."""

    BINDINGS = [
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("p", "pause", "Pause"),
        Binding("n", "newest", "Newest", show=False),
        Binding("escape", "back", "Back", show=False),
        Binding("y", "copy", "Copy line", show=False),
    ]
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("when", 12),
        Column("level", 9),
        Column("what", 22, most=34),
        Column("facts", 0),
        Column("from", 24, at=150),
        Column("job or cause", 20, at=120, middle=True, most=30),
    )

    def __init__(self) -> None:
        super().__init__("log")
        self._lines: list[Json] = []
        self._asked: Json = {}
        self._last = 0
        self._paused = False
        self._fault = ""
        """What is wrong with the filter; empty if nothing is."""
        self.filter_input = FilterInput(
            placeholder="level:warning job:job-… corr:corr-… words", id="log-filter"
        )
        self.grid = Grid("log-table", self.COLUMNS)

    def compose(self) -> ComposeResult:
        """The filter, the lines, a line about them, and the chosen one whole."""
        yield self.filter_input
        yield self.grid
        yield Static("Loading …", id="log-note", classes="note")

    def on_mount(self) -> None:
        """Look for new lines all the time while this is shown."""
        self.filter_input.words = {"level": LEVELS, "job": (), "corr": ()}
        self.set_interval(LOOK_EVERY_SECONDS, self._look)

    def _look(self) -> None:
        if self.is_shown and not self._paused and self.host.is_admin:
            self.reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Inside the filter a slash is a letter."""
        if action == "filter":
            return not self.filter_input.has_focus
        return super().check_action(action, parameters)

    async def load(self) -> None:
        """Fetch the lines since the last one."""
        if not self.host.is_admin:
            return
        asked = self._asked
        found = await self.client.log(after=self._last, **asked)
        if found["lastNumber"] < self._last:  # another process: its lines begin anew
            self._lines, self._last = [], 0
            found = await self.client.log(**asked)
        if asked is not self._asked:  # another filter was chosen meanwhile: it is fetched next
            return
        self._last = found["lastNumber"]
        self._lines = [*self._lines, *found["lines"]][-MOST_LINES:]

    def paint(self) -> None:
        """The lines; the newest is at the cursor until the viewer moves it."""
        grid = self.grid
        follow = grid.cursor >= grid.row_count - 1 and not self._paused
        rows: list[Row] = [
            (str(line["number"]), partial(self._cells, line)) for line in self._lines
        ]
        grid.show_rows(rows)
        if follow:
            grid.action_last()
        self._say(follow=follow)

    def _say(self, *, follow: bool) -> None:
        line = self._chosen()
        whole = f"\n{plain(line['event'])}  {facts_of(line)}" if line else ""
        self.query_one("#log-note", Static).update(Text(f"{self._note(follow=follow)}{whole}"))

    @on(Grid.Moved, "#log-table")
    def _moved(self) -> None:
        self._say(follow=self.grid.cursor >= self.grid.row_count - 1 and not self._paused)

    def _note(self, *, follow: bool) -> str:
        if not self.host.is_admin:
            return ADMINS_ONLY
        if self._fault:
            return self._fault
        if not self._lines:
            text = self.filter_input.value
            return f"No line matches {text}: esc clears the filter" if text else NOTHING
        state = "paused: p goes on" if self._paused else "live" if follow else "n follows again"
        return f"{plural(len(self._lines), 'line')}   {state}"

    def _cells(self, line: Json) -> tuple[str, ...]:
        return (
            self.host.at(line["at"]),
            SIGNS.get(line["level"], plain(line["level"])),
            plain(line["event"]),
            facts_of(line),
            plain(line["logger"]).removeprefix("buildos_box."),
            plain(line["jobId"] or line["correlationId"] or ""),
        )

    def show_filter(self, text: str) -> None:
        """Show the lines that match the filter."""
        self.filter_input.value = text
        self.apply(text)

    @on(FilterInput.Submitted)
    def _submitted(self, event: FilterInput.Submitted) -> None:
        self.apply(event.value)

    def apply(self, text: str) -> None:
        """Parse the filter, and begin anew with it."""
        try:
            words = read_words(text, WORDS, self.host.now(), {"level": LEVELS})
        except WrongWord as error:
            self._fault = f"✗ {error}"
            self.paint()
            return
        self._fault = ""
        names = {"corr": "correlationId"}
        self._asked = {names.get(key, key): value for key, value in words.asked.items()}
        if words.text:
            self._asked["text"] = words.text
        self._lines, self._last, self._paused = [], 0, False
        self.grid.show_rows([])
        self.take_focus()
        self.reload()

    def _chosen(self) -> Json | None:
        return next((x for x in self._lines if str(x["number"]) == self.grid.chosen), None)

    @on(Grid.Opened, "#log-table")
    def _opened(self) -> None:
        line = self._chosen()
        if line is None:
            return
        if line["jobId"]:
            self.host.open_job(line["jobId"])
        elif line["correlationId"]:
            self.show_filter(f"corr:{line['correlationId']}")

    def action_filter(self) -> None:
        """Focus the filter."""
        self.screen.set_focus(self.filter_input)

    def action_pause(self) -> None:
        """Stand still, or go on."""
        self._paused = not self._paused
        if self._paused:
            self.paint()
        else:
            self.action_newest()

    def action_newest(self) -> None:
        """To the newest line, and follow."""
        self._paused = False
        self.grid.action_last()
        self.reload()

    def action_back(self) -> None:
        """Focus the lines; if they are focused, clear the filter."""
        if self.filter_input.has_focus:
            self.take_focus()
        elif self.filter_input.value:
            self.show_filter("")

    def action_copy(self) -> None:
        """Copy the whole line."""
        line = self._chosen()
        if line is not None:
            text = f"{line['at']} {line['level']} {plain(line['event'])} {facts_of(line)}"
            self.host.copy_to_clipboard(text)
            self.host.say("copied the line")
