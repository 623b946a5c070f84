"""What `doctor` finds: one line each, with what to do about it."""

from typing import Literal

import msgspec

Level = Literal["ok", "note", "warning", "fault"]


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `cure` says in words how to mend it."""

    name: str
    level: Level
    message: str
    cure: str | None = None


def ok(name: str, message: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", message)


def note(name: str, message: str, cure: str | None = None) -> Finding:
    """Worth knowing, nothing to mend."""
    return Finding(name, "note", message, cure)


def warning(name: str, message: str, cure: str) -> Finding:
    """It works, but not as it should."""
    return Finding(name, "warning", message, cure)


def fault(name: str, message: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(name, "fault", message, cure)
