"""The lines above every screen: server, rights, connection, time."""

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from buildos_box.clock import Instant

LEAST = (80, 23)
LONG_AGO_SECONDS = 120


def status_words(url: str, scope: str, *, looking: bool, live: bool) -> str:
    """The server and the state of the connection."""
    rights = f"  {scope}{' read-only' if looking else ''}" if scope else ""
    return f" BuildOS Box  {url}{rights}  {'● live' if live else '○ disconnected'}"


def across(left: str, right: str, width: int) -> Text:
    """Both texts on one line, as far apart as possible."""
    room = width - cell_len(left) - cell_len(right) - 1
    return Text(f"{left}{' ' * max(2, room)}{right}", no_wrap=True, overflow="ellipsis")


def tabs(names: Sequence[str], current: str | None) -> Text:
    """Every screen with its key; the one that is shown is marked."""
    text = Text(no_wrap=True)
    for number, name in enumerate(names, 1):
        here = name == current
        text.append(f"{'▸' if here else ' '}{number} {name.title()}", "bold" if here else "")
    return text


def banner_words(lost: str, loaded_at: Instant | None, now: datetime, size: tuple[int, int]) -> str:
    """That the connection is lost and how old the content is; else that the
    terminal is too small.
    """
    if lost:
        shown = "Nothing is loaded yet"
        if loaded_at is not None:
            age = max(0, int((now - loaded_at).total_seconds()))
            ago = f"{age} s" if age < LONG_AGO_SECONDS else f"{age // 60} min"
            at = loaded_at.astimezone(now.tzinfo)
            shown = f"What you see is {ago} old, from {at:%T}"
        return f"DISCONNECTED: {lost}. {shown}. Trying again by itself."
    width, height = size
    if 0 < width < LEAST[0] or 0 < height < LEAST[1]:
        return f"More room, please: 80×24 at least; this is {width}×{height}"
    return ""
