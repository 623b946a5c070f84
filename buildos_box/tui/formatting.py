"""How the dashboard shows states, instants and bars."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC
from typing import Any

from buildos_box.clock import Instant, from_text

STATES = {
    "pending": "· waiting",
    "processing": "▶ running",
    "queued_for_retry": "↻ retry",
    "completed": "✓ done",
    "failed": "✗ failed",
    "cancelled": "– cancelled",
}
WORDS = {
    "waiting": "pending",
    "running": "processing",
    "retry": "queued_for_retry",
    "done": "completed",
}
"""Names of states that may be typed in filters."""


SENT = {
    "queued": "· queued",
    "pending": "· waiting",
    "scheduled": "· waiting",
    "sending": "▶ sending",
    "sent": "✓ sent",
    "delivered": "✓ arrived",
    "opened": "✓ opened",
    "clicked": "✓ clicked",
    "completed": "✓ done",
    "failed": "✗ failed",
    "undelivered": "✗ lost",
    "unknown": "? unknown",
    "cancelled": "– cancelled",
    "skipped": "– skipped",
}
_STEPS = " ▁▂▃▄▅▆▇█"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z")


CHANNELS = {"in_app": "in-app", "webhook": "hook"}
"""Channels whose names are shown otherwise, to fit a column."""


def channel(name: str) -> str:
    """The name of a channel."""
    return CHANNELS.get(name, plain(name))


def sent(status: str) -> str:
    """The state of a message, by sign and word."""
    return SENT.get(status, plain(status))


def age(seconds: float) -> str:
    """How long ago, in the largest whole unit: `9 s`, `14 min`, `3 h`, `2 d`."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def with_local_times(text: Any, at: Callable[[str | None], str]) -> str:
    """A sentence of the server, its instants as the viewer's clock shows them."""
    return _INSTANT.sub(lambda found: at(found[0]), plain(text))


def tries(job: dict[str, Any], of: str) -> str:
    """How many; of how many unless their time is what is bounded."""
    bound = "" if job.get("retry_until") else f"{of}{job['max_attempts']}"
    return f"{job['attempts']}{bound}"


def spark(values: list[int]) -> str:
    """A line of bars relative to the highest value; empty without values."""
    most = max(values, default=0)
    return "".join(_STEPS[-(-8 * value // most)] if most else " " for value in values)


def span(ms: float | None) -> str:
    """A duration."""
    if ms is None:
        return "–"
    if ms < 1000:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s" if ms < 60_000 else f"{ms / 60_000:.0f} min"


def plain(value: Any) -> str:
    """Text on one line without characters that control the terminal."""
    text = "" if value is None else str(value)
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cf") else c for c in text)


def state(name: str) -> str:
    """A job's state by sign and word, so that colour is not needed."""
    return STATES.get(name, plain(name))


def moment(text: str | None, now: Instant, *, utc: bool = False) -> str:
    """An instant in the viewer's time zone; with the day if that is not today."""
    if not text:
        return "–"
    zone = UTC if utc else None
    at, here = from_text(text).astimezone(zone), now.astimezone(zone)
    return at.strftime("%H:%M:%S" if at.date() == here.date() else "%d %b %H:%M")


def bar(percent: float, width: int = 10) -> str:
    """A bar of that many cells."""
    full = round(max(0.0, min(percent, 100.0)) / 100 * width)
    return "█" * full + "░" * (width - full)


def progress(job: dict[str, Any], width: int = 10) -> str:
    """The progress of a running job; for others the error, if there is one."""
    found = job.get("progress")
    if job["status"] == "processing" and isinstance(found, dict):
        percent = float(found.get("current") or 0)
        return f"{bar(percent, width)} {percent:.0f} % {plain(found.get('message'))}"
    return plain(job.get("error") or job.get("cancel_reason"))
