"""`buildos-box account add|list|show|choose|password|sync|pause|resume|remove`."""

from typing import Any

import click

from buildos_box.cli.calendar_sources import CalendarSources, next_try
from buildos_box.cli.completion import ACCOUNTS, PROJECTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.file_faults import next_line
from buildos_box.cli.find_by_name import Json, Person, choose, find_project, person, project_names
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

_ACCOUNTS = CalendarSources("caldav-accounts", "account")


@click.group()
def account() -> None:
    """Accounts at calendar servers (CalDAV)."""


PASSWORD_FILE = click.option(
    "--password-file",
    type=click.File("r"),
    help="Where the app password is; `-` is standard input. It is asked for if not given.",
)


def _password(password_file: Any) -> str:
    if password_file is not None:
        return next_line(password_file)
    return str(click.prompt("App password", hide_input=True, err=True))


@account.group()
def add() -> None:
    """Add an account."""


@add.command()
@click.argument("address", metavar="URL")
@click.option("--login", required=True, metavar="NAME", help="The user name at the server.")
@PASSWORD_FILE
@click.option("--name", help="What to call it; the server's name if not said.")
@click.option(
    "--only",
    multiple=True,
    metavar="CALENDAR",
    help="Read the events of this calendar alone; can be repeated. All are read without it.",
)
@click.option(
    "--tasks",
    "task_list",
    metavar="LIST",
    help="Keep this task list in step with the project of --project.",
)
@click.option("--project", "-p", "project_name", type=PROJECTS, help="A project's name or id.")
@USER
@AS_JSON
@with_client
def caldav(
    client: BoxClient,
    address: str,
    login: str,
    password_file: Any,
    name: str | None,
    only: tuple[str, ...],
    task_list: str | None,
    project_name: str | None,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Add the CalDAV account NAME at URL: any address of the server will do.

    Its calendars are found and their events read from then on. Use an app password where the
    server has them: it can be withdrawn there.
    """
    if (task_list is None) != (project_name is None):
        raise click.UsageError("--tasks and --project go together")
    owner = person(client, user_name)
    project = find_project(client, owner, project_name) if project_name is not None else None
    body: Json = {"url": address, "username": login, "password": _password(password_file)}
    made = client.post(_ACCOUNTS.path(owner), body | ({"name": name} if name else {}))
    wanted = {_collection(made, title)["id"] for title in only}
    for found in made["collections"]:
        if wanted and found["readsEvents"] and found["id"] not in wanted:
            path = _ACCOUNTS.path(owner, made["id"], "collections", found["id"])
            made = client.patch(path, {"readsEvents": False})
    if project is not None:
        path = _ACCOUNTS.path(
            owner, made["id"], "collections", _collection(made, str(task_list))["id"]
        )
        made = client.patch(path, {"projectId": project["id"]})
    if as_json:
        show_json(made)
        return
    say(f"Added “{made['name']}” ({made['id']}), {made['url']}")
    _show_collections(client, owner, made)


def _show_collections(client: BoxClient, owner: Person, found: Json) -> None:
    linked = {c["projectId"] for c in found["collections"] if c["projectId"]}
    names = project_names(client, owner) if linked else {}
    rows = [[c["name"], _kind(c), _synced(c, names), c["id"]] for c in found["collections"]]
    show_table(["name", "has", "synced", "id"], rows, empty="It has no calendar and no task list.")


def _kind(collection: Json) -> str:
    kinds = (("events", collection["hasEvents"]), ("to-dos", collection["hasTodos"]))
    return " and ".join(word for word, has in kinds if has)


def _synced(collection: Json, project_names: dict[str, str]) -> str:
    words = [plural(collection["eventCount"], "event")] if collection["readsEvents"] else []
    if project := collection["projectId"]:
        count = plural(collection["todoCount"], "to-do")
        words.append(f"{count} with project “{project_names.get(project, project)}”")
    words += ["no longer at the server"] if collection["isMissing"] else []
    return ", ".join(words) or "–"


@account.command(name="list")
@USER
@as_table
@with_client
def list_accounts(client: BoxClient, user_name: str | None, as_json: bool) -> None:
    """A user's accounts."""
    owner = person(client, user_name)
    found = _ACCOUNTS.all_of(client, owner)
    if as_json:
        show_json(found)
        return
    rows = [
        [
            a["id"],
            a["name"],
            a["url"],
            a["username"],
            a["status"],
            shown_time(a["lastSuccessAt"], owner.zone),
            a["error"] or "",
        ]
        for a in found
    ]
    heads = ["id", "name", "at", "signed in as", "status", "synced", "trouble"]
    show_table(heads, rows, empty="No account.")


@account.command()
@click.argument("name", type=ACCOUNTS)
@USER
@AS_JSON
@with_client
def show(client: BoxClient, name: str, user_name: str | None, as_json: bool) -> None:
    """One account, with its calendars, task lists and their warnings."""
    owner = person(client, user_name)
    found = _ACCOUNTS.find(client, owner, name)
    if as_json:
        show_json(found)
        return
    show_facts(
        [
            ("id", found["id"]),
            ("name", found["name"]),
            ("at", found["url"]),
            ("signed in as", found["username"]),
            ("status", found["status"]),
            ("failures in a row", found["failures"] or None),
            ("trouble", found["error"]),
            ("synced", shown_time(found["lastSuccessAt"], owner.zone)),
            ("next try", next_try(found, owner.zone)),
        ]
    )
    _show_collections(client, owner, found)
    for collection in found["collections"]:
        for warning in collection["warnings"]:
            click.echo(clean(f"note: {collection['name']}: {warning}"))


@account.command(name="choose")
@click.argument("name", type=ACCOUNTS)
@click.argument("collection", metavar="CALENDAR")
@click.option("--events/--no-events", default=None, help="Whether its events are read.")
@click.option(
    "--project",
    "-p",
    "project_name",
    type=PROJECTS,
    help='Keep its to-dos and this project\'s tasks in step; `""` ends that.',
)
@USER
@with_client
def choose_collection(
    client: BoxClient,
    name: str,
    collection: str,
    events: bool | None,
    project_name: str | None,
    user_name: str | None,
) -> None:
    """Choose what is synced of a calendar or task list, by id or name.

    With --project both sides get what the other has; afterwards what changes or is deleted on one
    side does so on the other. Both keep what they have when that is ended.
    """
    owner = person(client, user_name)
    found = _ACCOUNTS.find(client, owner, name)
    chosen = _collection(found, collection)
    body: Json = {} if events is None else {"readsEvents": events}
    if project_name is not None:
        project = find_project(client, owner, project_name)["id"] if project_name else ""
        body["projectId"] = project
    if not body:
        raise click.UsageError("say what is to change: --events, --no-events or --project")
    path = _ACCOUNTS.path(owner, found["id"], "collections", chosen["id"])
    changed = client.patch(path, body)
    _show_collections(client, owner, changed)


@account.command()
@click.argument("name", type=ACCOUNTS)
@PASSWORD_FILE
@USER
@with_client
def password(client: BoxClient, name: str, password_file: Any, user_name: str | None) -> None:
    """Give an account another app password, which is tried first; a stopped one starts again."""
    owner = person(client, user_name)
    found = _ACCOUNTS.find(client, owner, name)
    client.patch(_ACCOUNTS.path(owner, found["id"]), {"password": _password(password_file)})
    say(f"“{found['name']}” has the new password")


@account.command()
@click.argument("name", type=ACCOUNTS)
@USER
@with_client
def sync(client: BoxClient, name: str, user_name: str | None) -> None:
    """Sync an account now, by id or name."""
    _ACCOUNTS.sync(client, name, user_name, "Syncing")


@account.command()
@click.argument("name", type=ACCOUNTS)
@USER
@with_client
def pause(client: BoxClient, name: str, user_name: str | None) -> None:
    """Stop syncing an account for now; its events and tasks stay."""
    _ACCOUNTS.set_active(client, name, user_name, active=False)


@account.command()
@click.argument("name", type=ACCOUNTS)
@USER
@with_client
def resume(client: BoxClient, name: str, user_name: str | None) -> None:
    """Sync a paused account again."""
    _ACCOUNTS.set_active(client, name, user_name, active=True)


@account.command()
@click.argument("name", type=ACCOUNTS)
@YES
@USER
@with_client
def remove(client: BoxClient, name: str, yes: bool, user_name: str | None) -> None:
    """Forget an account and delete its events here, by id or name.

    Tasks stay here, and the server keeps all.
    """
    owner = person(client, user_name)
    found = _ACCOUNTS.find(client, owner, name)
    ask_first(f"Forget “{found['name']}” and delete its events here?", yes)
    client.delete(_ACCOUNTS.path(owner, found["id"]))
    say(f"Removed “{found['name']}”")


def _collection(found: Json, name: str) -> Json:
    return choose(name, found["collections"], "calendar", lambda one: (one["name"],))
