"""SMS preferences as the API takes and shows them."""

import re
from dataclasses import replace
from typing import Literal

import msgspec

from buildos_box.errors import Forbidden, Unprocessable
from buildos_box.settings import LimitsSettings, Settings
from buildos_box.sms.phone import e164
from buildos_box.sms.preferences_store import SmsPreferences

_WALL = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


class SmsSettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """One user's SMS preferences."""

    user_id: str = msgspec.field(name="userId")
    phone_number: str | None
    phone_verified: bool
    opted_out: bool
    enabled: bool
    lead_time_minutes: int
    quiet_hours_start: str | None
    quiet_hours_end: str | None
    daily_limit: int
    reminder_channel: str

    @classmethod
    def of(cls, preferences: SmsPreferences) -> "SmsSettingsView":
        """The view of one user's preferences."""
        return cls(
            user_id=preferences.user_id,
            phone_number=preferences.phone_number,
            phone_verified=preferences.phone_verified,
            opted_out=preferences.opted_out,
            enabled=preferences.event_reminders_enabled,
            lead_time_minutes=preferences.lead_time_minutes,
            quiet_hours_start=preferences.quiet_hours_start,
            quiet_hours_end=preferences.quiet_hours_end,
            daily_limit=preferences.daily_limit,
            reminder_channel=preferences.reminder_channel,
        )


class SmsSettingsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The preferences to change; others stay."""

    user_id: str = msgspec.field(name="userId")
    phone_number: str | msgspec.UnsetType | None = msgspec.UNSET
    phone_verified: bool | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    lead_time_minutes: int | msgspec.UnsetType = msgspec.UNSET
    quiet_hours_start: str | msgspec.UnsetType | None = msgspec.UNSET
    quiet_hours_end: str | msgspec.UnsetType | None = msgspec.UNSET
    daily_limit: int | msgspec.UnsetType = msgspec.UNSET
    reminder_channel: Literal["sms", "chat"] | msgspec.UnsetType = msgspec.UNSET


def changed(
    before: SmsPreferences, asked: SmsSettingsRequest, settings: Settings, *, service: bool
) -> SmsPreferences:
    """The changed preferences. Raises Unprocessable (naming the field), Forbidden
    (`phone_verified`).
    """
    after = before
    if not isinstance(asked.phone_number, msgspec.UnsetType):
        number = asked.phone_number
        number = e164(number, settings.sms, "phone_number") if number else None
        if number != before.phone_number:
            after = replace(after, phone_number=number, phone_verified=False)
    if not isinstance(asked.phone_verified, msgspec.UnsetType):
        if not service:
            raise Forbidden("only a service or admin token may set phone_verified")
        after = replace(after, phone_verified=asked.phone_verified)
    if not isinstance(asked.enabled, msgspec.UnsetType):
        after = replace(after, event_reminders_enabled=asked.enabled)
    if not isinstance(asked.lead_time_minutes, msgspec.UnsetType):
        _between("lead_time_minutes", asked.lead_time_minutes, 1440)
        after = replace(after, lead_time_minutes=asked.lead_time_minutes)
    if not isinstance(asked.daily_limit, msgspec.UnsetType):
        _between("daily_limit", asked.daily_limit, 1000)
        ceiling = settings.limits.sms_per_day
        changes = asked.daily_limit != before.daily_limit
        if not service and ceiling and changes and asked.daily_limit > ceiling:
            raise Unprocessable.field("daily_limit", f"limits.sms_per_day allows {ceiling} at most")
        after = replace(after, daily_limit=asked.daily_limit)
    if not isinstance(asked.reminder_channel, msgspec.UnsetType):
        after = replace(after, reminder_channel=asked.reminder_channel)
    if not isinstance(asked.quiet_hours_start, msgspec.UnsetType):
        start = _wall("quiet_hours_start", asked.quiet_hours_start)
        after = replace(after, quiet_hours_start=start)
    if not isinstance(asked.quiet_hours_end, msgspec.UnsetType):
        after = replace(after, quiet_hours_end=_wall("quiet_hours_end", asked.quiet_hours_end))
    if (after.quiet_hours_start is None) != (after.quiet_hours_end is None):
        raise Unprocessable.field(
            "quiet_hours_end", "quiet hours need a start and an end, or neither"
        )
    return after


def daily_limit(preferences: SmsPreferences, limits: LimitsSettings) -> int:
    """How many texts a day the person gets at most: their own limit, under the operator's."""
    own, ceiling = preferences.daily_limit, limits.sms_per_day
    return min(own, ceiling) if ceiling else own


def _between(field: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise Unprocessable.field(field, f"must be from 0 to {most}")


def _wall(field: str, text: str | None) -> str | None:
    if text is not None and _WALL.fullmatch(text) is None:
        raise Unprocessable.field(field, f"{text!r} is not a time; write it like 22:00")
    return text
