"""`buildos-box project add|list|done|remove`."""

from datetime import date

import click

from buildos_box.cli.completion import PROJECTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import NEW_ID, Json, Person, find_project, person
from buildos_box.cli.option_value import given
from buildos_box.cli.output import AS_JSON, YES, as_table, ask_first, say, show_json, show_table
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import local_day
from buildos_box.workspace.written_dates import read_day

STATES = ("active", "paused", "completed", "archived")


@click.group()
def project() -> None:
    """Projects."""


@project.command()
@click.argument("name")
@click.option("--due", help="Its due date: 2026-11-30, friday, in 3 weeks.")
@click.option("--start", help="Its first day.")
@click.option("--description", default="", help="Its description.")
@NEW_ID
@USER
@AS_JSON
@with_client
def add(
    client: BoxClient,
    name: str,
    due: str | None,
    start: str | None,
    description: str,
    key: str | None,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Add a project."""
    owner = person(client, user_name)
    body: Json = {
        "id": key,
        "userId": owner.id,
        "name": name,
        "description": description,
        "startDate": _day("--start", start, owner),
        "dueDate": _day("--due", due, owner),
    }
    made = client.post("/projects", {name: value for name, value in body.items() if value})
    if as_json:
        show_json(made)
    else:
        ends = f", due {made['dueDate']}" if made["dueDate"] else ""
        say(f"Made project “{made['name']}” ({made['id']}){ends}")


@project.command(name="list")
@click.option("--status", type=click.Choice(STATES), help="Only this status.")
@USER
@as_table
@with_client
def list_projects(
    client: BoxClient, status: str | None, user_name: str | None, as_json: bool
) -> None:
    """A user's projects, newest first."""
    owner = person(client, user_name)
    path = url_path("users", owner.id, "projects")
    found = list(client.items(path, status=status, limit=200))
    if as_json:
        show_json(found)
        return
    rows = [[p["id"], p["name"], p["status"], p["dueDate"] or ""] for p in found]
    show_table(["id", "name", "status", "due"], rows, empty="No project.")


@project.command()
@click.argument("name", type=PROJECTS)
@USER
@AS_JSON
@with_client
def done(client: BoxClient, name: str, user_name: str | None, as_json: bool) -> None:
    """Mark a project, by name or id, as completed."""
    found = find_project(client, person(client, user_name), name)
    changed = client.patch(url_path("projects", found["id"]), {"status": "completed"})
    if as_json:
        show_json(changed)
    else:
        say(f"Completed project “{changed['name']}”")


@project.command()
@click.argument("name", type=PROJECTS)
@YES
@USER
@with_client
def remove(client: BoxClient, name: str, yes: bool, user_name: str | None) -> None:
    """Delete a project, by name or id, with its tasks and notes."""
    found = find_project(client, person(client, user_name), name)
    ask_first(f"Delete “{found['name']}” with its tasks and notes?", yes)
    client.delete(url_path("projects", found["id"]))
    say(f"Deleted project “{found['name']}”")


def _day(option: str, text: str | None, owner: Person) -> str | None:
    if text is None:
        return None
    found: date = given(option, lambda: read_day(text, local_day(owner.now, owner.zone)))
    return found.isoformat()
