"""Which keys take effect while the server runs, and which only at its next start.

The rules: docs/spec.md#config-reload.
"""

from typing import Any, NamedTuple

import msgspec

from buildos_box.settings.keys import all_keys
from buildos_box.settings.model import Settings

LIVE = (
    "frontend", "backup", "briefs", "chat", "email", "sms", "llm", "limits",
    "weather", "log.level",
    "push.vapid_subject", "push.max_subscriptions_per_user",
)  # fmt: skip
"""Sections and keys that the code reads where it uses them, or whose services are made anew."""
AT_START = (
    "server", "data", "auth", "queue", "egress", "log", "push",
    "limits.requests_in_flight_per_token", "limits.requests_in_flight_per_service_token",
    "limits.tracking_hits_per_minute", "limits.max_connections",
    "limits.max_connections_per_address", "limits.request_head_seconds",
    "limits.request_body_seconds", "limits.response_stall_seconds",
)  # fmt: skip
"""Sections and keys that are read once. Of the two tables the longest name that fits decides."""


class Changes(NamedTuple):
    """The keys that differ: those that can be applied now, and those that need a restart."""

    live: list[str]
    at_start: list[str]


def is_live(key: str) -> bool:
    """Whether a change of that key takes effect while the server runs."""
    return len(_longest(LIVE, key)) > len(_longest(AT_START, key))


def _longest(names: tuple[str, ...], key: str) -> str:
    fitting = [name for name in names if key == name or key.startswith(f"{name}.")]
    return max(fitting, key=len, default="")


def changes(before: Settings, after: Settings) -> Changes:
    """The keys whose values differ, in the order of the model."""
    differ = [key for key in all_keys() if value_of(before, key) != value_of(after, key)]
    return Changes(
        [key for key in differ if is_live(key)], [key for key in differ if not is_live(key)]
    )


def with_live(before: Settings, after: Settings) -> Settings:
    """The settings before, with the live keys of those after."""
    changed = before
    for key in changes(before, after).live:
        changed = _with_value(changed, key.split("."), value_of(after, key))
    return changed


def value_of(settings: Settings, key: str) -> Any:
    """The value of a dotted key."""
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _with_value(section: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    inner = _with_value(getattr(section, name), rest, value) if rest else value
    return msgspec.structs.replace(section, **{name: inner})
