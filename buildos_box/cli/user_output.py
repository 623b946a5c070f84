"""A user as the commands show one."""

from buildos_box.cli.find_by_name import Json
from buildos_box.cli.output import show_facts, show_json, shown_time
from buildos_box.cli.user_chat_commands import shown_chat
from buildos_box.cli.user_phone_commands import shown_phone, shown_quiet, sms_settings
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import zone_or_utc

WEEK = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def show_user(client: BoxClient, user: Json, *, as_json: bool) -> None:
    """Print the user as stored now. Raises click.ClickException if the server refuses."""
    path = url_path("users", user["id"])
    preferences = client.get(f"{path}/preferences")
    notices = client.get(f"{path}/notification-preferences")
    sms = sms_settings(client, user["id"])
    chatting = client.get(f"{path}/chat")
    place = client.get(f"{path}/place")
    if as_json:
        more = {"preferences": preferences, "sms": sms, "notifications": notices}
        show_json({**user, **more, "chat": chatting, "place": place})
        return
    zone = zone_or_utc(user["timezone"])
    show_facts(
        [
            ("id", user["id"]),
            ("name", user["name"]),
            ("mail", _mail(user)),
            ("phone", shown_phone(sms)),
            ("chat", shown_chat(chatting)),
            ("zone", user["timezone"]),
            ("warning", user["timezoneWarning"]),
            ("mail warning", user["emailWarning"]),
            ("country", user["country"]),
            ("language", user["language"]),
            ("written to in", user["locale"]),
            ("clocks", f"{preferences['hourCycle']} hours" if preferences["hourCycle"] else None),
            ("weeks from", _week_start(preferences)),
            ("last visit", shown_time(user["lastVisitAt"], zone)),
            ("mail tracking", "yes" if user["emailTracking"] else "no"),
            ("briefs", _when(preferences)),
            ("weather of", place["label"]),
            ("reminders", _reminders(sms)),
            ("quiet hours", shown_quiet(notices["dndStart"], notices["dndEnd"])),
            ("since", shown_time(user["createdAt"], zone)),
        ]
    )


def _week_start(preferences: Json) -> str | None:
    first = preferences["weekStart"]
    return None if first is None else WEEK[first]


def _mail(user: Json) -> str | None:
    """The address, and whether mail may go there."""
    address: str | None = user["email"]
    if not address or user["emailConfirmed"]:
        return address
    return f"{address} (not confirmed: buildos-box user confirm {user['id']} CODE)"


def _reminders(sms: Json) -> str | None:
    if not sms.get("enabled"):
        return None
    return "by chat" if sms["reminder_channel"] == "chat" else "by SMS"


def _when(preferences: Json) -> str:
    if not preferences["isActive"]:
        return "none"
    often = preferences["frequency"]
    if often == "weekly":
        often = f"weekly on {WEEK[preferences['dayOfWeek']]}"
    elif often == "custom":
        often = f"on {', '.join(WEEK[day] for day in preferences['days'] or ())}"
    ways = [
        way
        for way, wanted in (
            ("mail", preferences["emailDailyBrief"]),
            ("SMS", preferences["smsDailyBrief"]),
        )
        if wanted
    ]
    by = f" by {' and '.join(ways)}" if ways else ", shown but not sent"
    return f"{often} at {preferences['timeOfDay']}{by}"
