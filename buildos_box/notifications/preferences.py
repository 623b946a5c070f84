"""Whether and when a notification may be delivered: pure functions of plain values.

The rules: docs/spec.md#notification-preferences.
"""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.clock import Instant
from buildos_box.notifications.event_types import Channel, EventType
from buildos_box.quiet_hours import QuietHours, quiet_until

HOURLY_CAP, DAILY_CAP = 20, 100
DUE_SOON_MINUTES = 60


class NotificationPreferences(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user's preferences: channels, and exceptions from them for single event types."""

    in_app: bool = True
    push: bool = True
    email: bool = True
    sms: bool = True
    chat: bool = True
    fallback: list[str] = msgspec.field(default_factory=list)
    """The channels that are tried in turn when one cannot deliver; the inbox has it in any case."""
    event_types: dict[str, dict[str, bool]] = msgspec.field(default_factory=dict)
    dnd_start: str | None = None
    dnd_end: str | None = None
    hourly_cap: int | None = HOURLY_CAP
    daily_cap: int | None = DAILY_CAP
    due_soon_minutes: int = DUE_SOON_MINUTES
    """How many minutes before a task is due to announce it; 0 for never."""

    @property
    def quiet(self) -> QuietHours | None:
        """The do-not-disturb hours; None if none are set."""
        return QuietHours.of(self.dnd_start, self.dnd_end)

    def wants(self, event_type: str, channel: Channel) -> bool:
        """Whether the user wants that event type over that channel: what was chosen for the type,
        else for the channel.
        """
        default: Any = getattr(self, channel)
        return self.event_types.get(event_type, {}).get(channel, bool(default))


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not deliver, for that reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Do not deliver before that instant."""

    until: Instant


def decide(
    wanted: NotificationPreferences,
    event: EventType,
    channel: Channel,
    *,
    is_admin: bool,
    sent_last_hour: int,
    sent_today: int,
    stale_at: Instant | None,
    now: Instant,
    zone: ZoneInfo,
) -> Skip | Wait | None:
    """Skip, Wait, or None to deliver now.

    Do-not-disturb and caps do not apply to urgent event types and to the inbox.
    """
    if event.admins_only and not is_admin:
        return Skip("only for admins")
    if not wanted.wants(event.name, channel):
        return Skip(f"{channel} is off for {event.name}")
    if stale_at is not None and now >= stale_at:
        return Skip("stale")
    if channel == "in_app" or event.urgent:
        return None
    until = quiet_until(wanted.quiet, now, zone)
    if until is not None:
        return Skip("stale after do-not-disturb") if _past(until, stale_at) else Wait(until)
    if wanted.hourly_cap is not None and sent_last_hour >= wanted.hourly_cap:
        return Skip("hourly cap")
    if wanted.daily_cap is not None and sent_today >= wanted.daily_cap:
        return Skip("daily cap")
    return None


def _past(at: Instant, stale_at: Instant | None) -> bool:
    return stale_at is not None and at >= stale_at
