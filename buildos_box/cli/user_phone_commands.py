"""`buildos-box user phone|confirm-phone`, and quiet hours, which are one pair for all channels."""

import click

from buildos_box.cli.completion import USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, find_user
from buildos_box.cli.option_value import given
from buildos_box.cli.output import AS_JSON, say, show_json, shown_time
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import zone_or_utc
from buildos_box.workspace.written_dates import read_time

NONE = "none"


@click.command()
@click.argument("name", type=USERS)
@click.argument("number")
@click.option(
    "--confirmed", is_flag=True, help="You know that it is theirs: no code is sent to it."
)
@AS_JSON
@with_client
def phone(client: BoxClient, name: str, number: str, confirmed: bool, as_json: bool) -> None:
    """Set a user's phone NUMBER (+4915112345678), and send a code to it; `none` takes it away."""
    found = find_user(client, name)
    if number == NONE or confirmed:
        _set_phone(client, found, None if number == NONE else number, as_json=as_json)
        return
    sent = client.post(url_path("users", found["id"], "phone"), {"phoneNumber": number})
    if as_json:
        show_json(sent)
        return
    until = shown_time(sent["expiresAt"], zone_or_utc(found["timezone"]))
    say(f"A code goes to {number}; it is valid until {until}")
    say(f"Then: buildos-box user confirm-phone {found['id']} CODE")


def _set_phone(client: BoxClient, found: Json, number: str | None, *, as_json: bool) -> None:
    change: Json = {"userId": found["id"], "phone_number": number}
    if number is not None:
        change["phone_verified"] = True
    client.post("/sms/scheduled", change)
    now = sms_settings(client, found["id"])
    if as_json:
        show_json(now)
    elif number is None:
        say(f"{found['name']} has no phone number")
    else:
        say(f"{found['name']} has the number {now['phone_number']}")


@click.command(name="confirm-phone")
@click.argument("name", type=USERS)
@click.argument("code")
@AS_JSON
@with_client
def confirm_phone(client: BoxClient, name: str, code: str, as_json: bool) -> None:
    """Confirm the user's phone number with the code that came there."""
    found = find_user(client, name)
    done = client.post(url_path("users", found["id"], "phone", "verify"), {"code": code})
    if as_json:
        show_json(done)
    else:
        say(f"{done['phoneNumber']} is confirmed")


def sms_settings(client: BoxClient, user_id: str) -> Json:
    """A user's phone number and SMS preferences; empty if nothing was ever set."""
    found: list[Json] = client.get("/sms/scheduled", user=user_id)["schedule"]
    return found[0] if found else {}


def set_quiet_hours(client: BoxClient, user_id: str, hours: str) -> None:
    """Set the hours in which no channel disturbs: `22:00-07:00`, or `none`."""
    start, end = given("--quiet", lambda: _read_hours(hours))
    path = url_path("users", user_id, "notification-preferences")
    client.put(path, {"dndStart": start, "dndEnd": end})
    sms = {"userId": user_id, "quiet_hours_start": start, "quiet_hours_end": end}
    client.post("/sms/scheduled", sms)


def _read_hours(hours: str) -> tuple[str | None, str | None]:
    if hours.strip().lower() == NONE:
        return None, None
    start, dash, end = hours.replace("–", "-").partition("-")
    if not dash:
        raise ValueError(f"{hours!r} must be like 22:00-07:00, or none")
    return read_time(start).isoformat("minutes"), read_time(end).isoformat("minutes")


def shown_phone(sms: Json) -> str | None:
    """The number, and whether messages may go there."""
    number: str | None = sms.get("phone_number")
    if number is None:
        return None
    if sms["opted_out"]:
        return f"{number} (has opted out)"
    return number if sms["phone_verified"] else f"{number} (not confirmed)"


def shown_quiet(start: str | None, end: str | None) -> str | None:
    """Quiet hours as they are given."""
    return f"{start}-{end}" if start else None
