"""`buildos-box feed add|list|show|change|sync|pause|resume|remove`."""

import sys
from collections.abc import Callable
from typing import Any

import click

from buildos_box.cli.calendar_sources import CalendarSources, next_try
from buildos_box.cli.completion import FEEDS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.file_faults import next_line
from buildos_box.cli.find_by_name import Json, person
from buildos_box.cli.output import (
    AS_JSON,
    YES,
    as_table,
    ask_first,
    clean,
    say,
    show_facts,
    show_json,
    show_table,
    shown_time,
)
from buildos_box.client import BoxClient
from buildos_box.plural import plural

_FEEDS = CalendarSources("calendar-feeds", "calendar feed")


@click.group()
def feed() -> None:
    """Subscribed calendars, which are read periodically."""


def _login_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options with which a calendar's server is signed in to."""
    for option in reversed((
        click.option("--login", metavar="NAME",
                     help="Sign in to the calendar's server as NAME; the password is asked for."),
        click.option("--password-file", type=click.File("r"),
                     help="Where the password is; `-` is standard input."),
    )):  # fmt: skip
        command = option(command)
    return command


def _login(login: str | None, password_file: Any) -> Json:
    """The fields of the API for what was said, the password asked for if it was not."""
    if login is None:
        if password_file is not None:
            raise click.UsageError("--password-file needs --login")
        return {}
    if not login:
        return {"username": ""}
    if password_file is not None:
        return {"username": login, "password": next_line(password_file)}
    return {"username": login, "password": click.prompt("Password", hide_input=True, err=True)}


def _given(address: str) -> str:
    return next_line(sys.stdin).strip() if address == "-" else address


@feed.command()
@click.argument("address", metavar="URL")
@click.option("--name", help="What to call it; the calendar's own name if not said.")
@_login_options
@USER
@AS_JSON
@with_client
def add(
    client: BoxClient,
    address: str,
    name: str | None,
    login: str | None,
    password_file: Any,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Subscribe to the calendar at URL (https: or webcal:); `-` reads it from standard input.

    It is read once before it is added. Whoever knows the address can read the calendar: with `-`
    it stays out of the shell's history. With `--password-file -` the password is the next line.
    """
    owner = person(client, user_name)
    body: Json = {"url": _given(address), **_login(login, password_file)}
    made = client.post(_FEEDS.path(owner), body | ({"name": name} if name else {}))
    if as_json:
        show_json(made)
        return
    events = plural(made["eventCount"], "event")
    say(f"Subscribed to “{made['name']}” ({made['id']}), {made['url']}: {events}")
    _show_notes(made)


def _show_notes(found: Json) -> None:
    for warning in found["warnings"]:
        click.echo(clean(f"note: {warning}"), err=True)


@feed.command(name="list")
@USER
@as_table
@with_client
def list_feeds(client: BoxClient, user_name: str | None, as_json: bool) -> None:
    """A user's subscribed calendars."""
    owner = person(client, user_name)
    found = _FEEDS.all_of(client, owner)
    if as_json:
        show_json(found)
        return
    rows = [
        [
            f["id"],
            f["name"],
            f["url"],
            f["status"],
            str(f["eventCount"]),
            shown_time(f["lastSuccessAt"], owner.zone),
            f["error"] or "",
        ]
        for f in found
    ]
    heads = ["id", "name", "from", "status", "events", "read", "trouble"]
    show_table(heads, rows, empty="No calendar feed.")


@feed.command()
@click.argument("name", type=FEEDS)
@USER
@AS_JSON
@with_client
def show(client: BoxClient, name: str, user_name: str | None, as_json: bool) -> None:
    """One subscribed calendar, with its warnings."""
    owner = person(client, user_name)
    found = _FEEDS.find(client, owner, name)
    if as_json:
        show_json(found)
        return
    show_facts(
        [
            ("id", found["id"]),
            ("name", found["name"]),
            ("from", found["url"]),
            ("signed in as", found["username"]),
            ("status", found["status"]),
            ("failures in a row", found["failures"] or None),
            ("trouble", found["error"]),
            ("events", found["eventCount"]),
            ("read", shown_time(found["lastSuccessAt"], owner.zone)),
            ("next try", next_try(found, owner.zone)),
        ]
    )
    for warning in found["warnings"]:
        click.echo(clean(f"note: {warning}"))


@feed.command()
@click.argument("name", type=FEEDS)
@click.option("--address", help="Another address; `-` reads it from standard input.")
@click.option("--name", "new_name", help="Another name.")
@_login_options
@USER
@with_client
def change(
    client: BoxClient,
    name: str,
    address: str | None,
    new_name: str | None,
    login: str | None,
    password_file: Any,
    user_name: str | None,
) -> None:
    """Give a calendar, by id or name, another address, name or password.

    It is read with the new address or password first; nothing changes if that fails. An address
    on another server forgets the password. `--login ""` forgets it anyway.
    """
    owner = person(client, user_name)
    found = _FEEDS.find(client, owner, name)
    body: Json = {"url": _given(address)} if address is not None else {}
    body |= _login(login, password_file)
    body |= {"name": new_name} if new_name is not None else {}
    if not body:
        raise click.UsageError("say what is to change: --address, --name or --login")
    changed = client.patch(_FEEDS.path(owner, found["id"]), body)
    say(f"Changed “{changed['name']}”, {changed['url']}")


@feed.command()
@click.argument("name", type=FEEDS)
@USER
@with_client
def sync(client: BoxClient, name: str, user_name: str | None) -> None:
    """Read a calendar now, by id or name."""
    _FEEDS.sync(client, name, user_name, "Reading")


@feed.command()
@click.argument("name", type=FEEDS)
@USER
@with_client
def pause(client: BoxClient, name: str, user_name: str | None) -> None:
    """Stop reading a calendar for now; its events stay."""
    _FEEDS.set_active(client, name, user_name, active=False)


@feed.command()
@click.argument("name", type=FEEDS)
@USER
@with_client
def resume(client: BoxClient, name: str, user_name: str | None) -> None:
    """Resume a paused calendar."""
    _FEEDS.set_active(client, name, user_name, active=True)


@feed.command()
@click.argument("name", type=FEEDS)
@YES
@USER
@with_client
def remove(client: BoxClient, name: str, yes: bool, user_name: str | None) -> None:
    """Unsubscribe from a calendar and delete its events, by id or name."""
    owner = person(client, user_name)
    found = _FEEDS.find(client, owner, name)
    ask_first(f"Unsubscribe from “{found['name']}” and delete its events?", yes)
    client.delete(_FEEDS.path(owner, found["id"]))
    say(f"Unsubscribed from “{found['name']}”")
