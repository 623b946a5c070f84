"""The findings of `doctor`, with what to do about each."""

from typing import Literal

import msgspec

Level = Literal["ok", "note", "warning", "fault"]


class Finding(msgspec.Struct, frozen=True):
    """One check. `cure` says how to fix it."""

    name: str
    level: Level
    message: str
    cure: str | None = None


def ok(name: str, message: str) -> Finding:
    """The check passed."""
    return Finding(name, "ok", message)


def note(name: str, message: str, cure: str | None = None) -> Finding:
    """Worth knowing, nothing to fix."""
    return Finding(name, "note", message, cure)


def warning(name: str, message: str, cure: str) -> Finding:
    """It works, but not as it should."""
    return Finding(name, "warning", message, cure)


def fault(name: str, message: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(name, "fault", message, cure)
