"""Every key in one text, and every action by its words for the palette."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from textual.app import SystemCommand
from textual.binding import Binding

from buildos_box.tui.host import Host

KEYS = """\
1 Overview  2 Jobs  3 Schedule  4 Deliveries  5 Users  6 Cleanup
arrows or j k g G ctrl+d ctrl+u   enter open   esc back   / filter
z local time or UTC   t light or dark   ctrl+r refresh   ctrl+p palette
? keys   q quit

Overview    f what failed   P pause or resume a lane
Jobs        c cancel  r retry  ! promote   y copy id   n the newest
            space select   a select all held
Job         c r ! y as above   o jobs of the same cause   tab other pane
Schedule    r run the cron now   f what will be sent in the coming days
Deliveries  enter what it says   y copy id
Users       b brief now   d deliveries   enter their jobs
Cleanup     X clean up, after a question with the number

Filter words of jobs: type: status: user: lane: id: corr: since: until:
error: and free text; tab completes. A comma means or, a leading - means
not: -status:done,cancelled since:2h
Of deliveries: user: channel: status: since: and free text.
Of users: free text."""


class PaletteHost(Host, Protocol):
    """The actions that the palette offers whatever is shown."""

    def action_screen_of(self, name: str) -> None:
        """Go to a screen."""
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

    async def run_worker_action(self, action: str) -> None:
        """Do what a key of the shown screen would."""
        ...

    def exit(self) -> Any:
        """End the dashboard."""
        ...


def palette(app: PaletteHost, screens: Sequence[str]) -> Iterable[SystemCommand]:
    """The screens, ready-made filters, and what the shown screen can do."""
    for number, name in enumerate(screens, 1):
        yield SystemCommand(
            f"Go to {name.title()}", f"Key {number}", partial(app.action_screen_of, name)
        )
    for title, text in (
        ("Failed jobs", "status:failed"),
        ("Running jobs", "status:running"),
        ("Jobs waiting to be retried", "status:retry"),
        ("Jobs of the last hour", "since:1h"),
    ):
        yield SystemCommand(title, text, partial(app.show_jobs, text))
    shown = app.shown
    for binding in Binding.make_bindings(type(shown).BINDINGS):
        name = binding.action.partition("(")[0]
        if binding.show and shown.check_action(name, ()):
            yield SystemCommand(
                binding.description, f"Key {binding.key_display or binding.key}",
                partial(app.run_worker_action, binding.action),
            )  # fmt: skip
    for title, words, action in (
        ("Themes", "Choose among all themes", app.action_change_theme),
        ("Light or dark", "The theme on the other ground", app.action_theme),
        ("UTC or local time", "By which clock times are told", app.action_zone),
        ("Refresh", "Fetch afresh", app.action_refresh_all),
        ("Keys", "Every key", app.action_keys),
        ("Quit", "Leave the dashboard", app.exit),
    ):
        yield SystemCommand(title, words, action)
