"""`buildos-box user add|list|show|link|send-code|confirm|set|delete`.

`phone` and `confirm-phone` are in a module of their own.
"""

from typing import Any

import click

from buildos_box.cli.completion import USERS, ZONE
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import NEW_ID, Json, find_user, given_values
from buildos_box.cli.option_value import given
from buildos_box.cli.output import (
    AS_JSON,
    YES,
    as_table,
    ask_first,
    say,
    show_json,
    show_table,
    shown_time,
)
from buildos_box.cli.user_chat_commands import chat, confirm_chat
from buildos_box.cli.user_output import show_user
from buildos_box.cli.user_phone_commands import (
    NONE,
    confirm_phone,
    phone,
    set_quiet_hours,
)
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import zone_or_utc
from buildos_box.workspace.written_dates import read_time, read_weekdays

FREQUENCIES = ("daily", "weekdays", "weekly", "custom")
LOCALE_HELP = "What they are written to in: en-US, en-GB, … (BCP 47)."
USUAL = "usual"


@click.group()
def user() -> None:
    """Users."""


user.add_command(phone)
user.add_command(confirm_phone)
user.add_command(chat)
user.add_command(confirm_chat)


@user.command()
@click.argument("name")
@click.option("--email", help="Their mail address.")
@click.option("--timezone", type=ZONE, help="An IANA zone like Europe/Berlin; UTC by default.")
@click.option("--country", help="Two letters, like DE, for public holidays.")
@click.option("--language", help="A language tag, like en.")
@click.option("--locale", help=LOCALE_HELP)
@NEW_ID
@AS_JSON
@with_client
def add(client: BoxClient, name: str, key: str | None, as_json: bool, **fields: str | None) -> None:
    """Add a user."""
    _refuse_empty(name, "NAME")
    body: Json = {"id": key, "name": name, **fields}
    made = client.post("/users", {name: value for name, value in body.items() if value})
    if as_json:
        show_json(made)
    else:
        say(f"Made user {made['name']} ({made['id']}), {made['timezone']}")


def _refuse_empty(name: str, where: str) -> None:
    """Raises BadParameter; the API takes such a name from programs that know none."""
    if not name.strip():
        raise click.BadParameter("a user needs a name", param_hint=where)


@user.command(name="list")
@as_table
@with_client
def list_users(client: BoxClient, as_json: bool) -> None:
    """Every user, newest first."""
    found = list(client.items("/users", limit=200))
    if as_json:
        show_json(found)
        return
    rows = [[u["id"], u["name"], u["email"] or "", u["timezone"]] for u in found]
    show_table(["id", "name", "mail", "zone"], rows, empty="No user.")


@user.command()
@click.argument("name", type=USERS)
@AS_JSON
@with_client
def show(client: BoxClient, name: str, as_json: bool) -> None:
    """One user, by id, mail address or name, with their brief preferences."""
    found = find_user(client, name)
    show_user(client, found, as_json=as_json)


@user.command()
@click.argument("name", type=USERS)
@AS_JSON
@with_client
def link(client: BoxClient, name: str, as_json: bool) -> None:
    """A link that signs the user in to their web page: valid once, for a day."""
    found = find_user(client, name)
    made = client.post(url_path("users", found["id"], "sign-in-link"))
    if as_json:
        show_json(made)
        return
    until = shown_time(made["expiresAt"], zone_or_utc(found["timezone"]))
    click.echo(f"For {found['name']}, valid once, until {until} their time:", err=True)
    click.echo(made["url"])


@user.command(name="send-code")
@click.argument("name", type=USERS)
@AS_JSON
@with_client
def send_code(client: BoxClient, name: str, as_json: bool) -> None:
    """Send a code to the user's mail address, which is not confirmed yet."""
    found = find_user(client, name)
    sent = client.post(url_path("users", found["id"], "email", "code"))
    if as_json:
        show_json(sent)
        return
    until = shown_time(sent["expiresAt"], zone_or_utc(found["timezone"]))
    say(f"A code goes to {sent['email']}; it is valid until {until}")


@user.command()
@click.argument("name", type=USERS)
@click.argument("code")
@AS_JSON
@with_client
def confirm(client: BoxClient, name: str, code: str, as_json: bool) -> None:
    """Confirm the user's mail address with the code that came there."""
    found = find_user(client, name)
    done = client.post(url_path("users", found["id"], "email", "verify"), {"code": code})
    if as_json:
        show_json(done)
    else:
        say(f"{done['email']} is confirmed")


@user.command(name="set")
@click.argument("name", type=USERS)
@click.option("--name", "new_name", help="Their name.")
@click.option("--email", help="Their mail address.")
@click.option("--timezone", type=ZONE, help="An IANA zone like Europe/Berlin.")
@click.option("--country", help="Two letters, like DE.")
@click.option("--language", help="A language tag, like en.")
@click.option("--locale", help=LOCALE_HELP)
@click.option("--hour-cycle", type=click.Choice(("12", "24", "usual")), help="Hours of clocks.")
@click.option("--week-start", help="The day that weeks begin with: monday, or usual.")
@click.option("--tracking/--no-tracking", default=None, help="Count opens and clicks of mail.")
@click.option("--briefs/--no-briefs", default=None, help="Whether they get briefs at all.")
@click.option("--at", help="The wall time of the brief, 07:30.")
@click.option("--frequency", type=click.Choice(FREQUENCIES), help="How often.")
@click.option("--on", help="Of weekly ones the day: monday. Of custom ones the days: mon,wed.")
@click.option("--by-mail/--no-mail", default=None, help="Briefs by mail.")
@click.option("--by-sms/--no-sms", default=None, help="Briefs by SMS.")
@click.option("--reminders/--no-reminders", default=None, help="Reminders of calendar events.")
@click.option("--place", help="Whose weather is in their briefs: a city, or none.")
@click.option("--reminders-by", type=click.Choice(("sms", "chat")), help="Where they go.")
@click.option("--quiet", help="When nothing disturbs them: 22:00-07:00, or none.")
@AS_JSON
@with_client
def set_user(
    client: BoxClient,
    name: str,
    at: str | None,
    frequency: str | None,
    on: str | None,
    quiet: str | None,
    reminders: bool | None,
    reminders_by: str | None,
    place: str | None,
    as_json: bool,
    **given_fields: Any,
) -> None:
    """Change a user, by id, mail address or name, and their brief preferences."""
    if given_fields["new_name"] is not None:
        _refuse_empty(given_fields["new_name"], "--name")
    found = find_user(client, name)
    path = url_path("users", found["id"])
    preferences = client.get(f"{path}/preferences")
    wanted = _preferences(given_fields, preferences, at=at, frequency=frequency, on=on)
    fields = given_values(
        name=given_fields["new_name"],
        email=given_fields["email"],
        timezone=given_fields["timezone"],
        country=given_fields["country"],
        language=given_fields["language"],
        locale=given_fields["locale"],
        emailTracking=given_fields["tracking"],
    )
    reminding = given_values(enabled=reminders, reminder_channel=reminders_by)
    if not fields and not wanted and quiet is None and not reminding and place is None:
        raise click.UsageError("give at least one option to change; see --help")
    if fields:
        found = client.patch(path, fields)
    if wanted:
        client.put(f"{path}/preferences", wanted)
    if quiet is not None:
        set_quiet_hours(client, found["id"], quiet)
    if place is not None:
        _set_place(client, f"{path}/place", place)
    if reminding:
        client.post("/sms/scheduled", {"userId": found["id"], **reminding})
    show_user(client, found, as_json=as_json)


@user.command()
@click.argument("name", type=USERS)
@YES
@with_client
def delete(client: BoxClient, name: str, yes: bool) -> None:
    """Erase a user, by id, mail address or name, with all their data."""
    found = find_user(client, name)
    called = f"{found['name'] or found['email']} ({found['id']})"
    ask_first(f"Erase {called} with all their data?", yes)
    client.delete(url_path("users", found["id"]))
    say(f"Erased {called}")


def _preferences(
    options: Json, before: Json, *, at: str | None, frequency: str | None, on: str | None
) -> Json:
    days: Json = {}
    if on is not None:
        days = _days(on, frequency or before["frequency"])
    return _habits(options) | given_values(
        isActive=options["briefs"],
        timeOfDay=None if at is None else _wall_time(at),
        frequency=frequency,
        emailDailyBrief=options["by_mail"],
        smsDailyBrief=options["by_sms"],
        **days,
    )


def _habits(options: Json) -> Json:
    """Clocks and weeks as chosen; null for what is usual in the person's region."""
    wanted: Json = {}
    cycle, first = options["hour_cycle"], options["week_start"]
    if cycle is not None:
        wanted["hourCycle"] = None if cycle == USUAL else int(cycle)
    if first is not None:
        wanted["weekStart"] = None if first == USUAL else _days(first, "weekly")["dayOfWeek"]
    return wanted


def _wall_time(at: str) -> str:
    return given("--at", lambda: read_time(at)).isoformat("minutes")


def _days(on: str, frequency: str) -> Json:
    found = given("--on", lambda: read_weekdays(on))
    if frequency == "custom":
        return {"days": found}
    if frequency != "weekly":
        raise click.BadParameter(
            f"means nothing with {frequency} briefs; add --frequency weekly or custom",
            param_hint="--on",
        )
    if len(found) != 1:
        raise click.BadParameter("weekly briefs have one day", param_hint="--on")
    return {"dayOfWeek": found[0]}


def _set_place(client: BoxClient, path: str, place: str) -> None:
    if place == NONE:
        client.delete(path)
    else:
        client.put(path, {"place": place})
