"""`buildos-box note add|list|show|remove`."""

import sys

import click

from buildos_box.cli.completion import NOTES, PROJECTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.file_faults import whole_text
from buildos_box.cli.find_by_name import (
    NEW_ID,
    Json,
    by_id,
    choose,
    find_project,
    given_values,
    person,
    project_for_new,
)
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
from buildos_box.client import BoxClient, url_path

PREVIEW_CHARS = 60


@click.group()
def note() -> None:
    """Notes of projects."""


@note.command()
@click.argument("content")
@click.option("--title", help="A heading.")
@click.option("--project", "-p", "project_name", type=PROJECTS, help="A project's name or id.")
@NEW_ID
@USER
@AS_JSON
@with_client
def add(
    client: BoxClient,
    content: str,
    title: str | None,
    project_name: str | None,
    key: str | None,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Add a note in Markdown; `-` reads it from standard input."""
    text = whole_text(sys.stdin) if content == "-" else content
    project = project_for_new(client, person(client, user_name), project_name)
    body: Json = {"id": key, "projectId": project["id"], "title": title, "content": text}
    made = client.post("/notes", given_values(**body))
    if as_json:
        show_json(made)
    else:
        say(f"Made note {made['id']} in {project['name']}")


@note.command(name="list")
@click.option(
    "--project", "-p", "project_name", type=PROJECTS, help="Only this project, by name or id."
)
@USER
@as_table
@with_client
def list_notes(
    client: BoxClient, project_name: str | None, user_name: str | None, as_json: bool
) -> None:
    """A user's notes, newest first."""
    owner = person(client, user_name)
    project = find_project(client, owner, project_name) if project_name else None
    path = url_path("users", owner.id, "notes")
    found = list(client.items(path, project=project and project["id"], limit=200))
    if as_json:
        show_json(found)
        return
    rows = [
        [n["id"], shown_time(n["updatedAt"], owner.zone), n["title"], _preview(n["content"])]
        for n in found
    ]
    show_table(["id", "changed", "title", "content"], rows, empty="No note.")


@note.command()
@click.argument("name", type=NOTES)
@USER
@AS_JSON
@with_client
def show(client: BoxClient, name: str, user_name: str | None, as_json: bool) -> None:
    """One note in full, by id or title."""
    found = _find(client, name, user_name)
    if as_json:
        show_json(found)
    else:
        say(f"# {found['title']}\n\n{found['content']}" if found["title"] else found["content"])


@note.command()
@click.argument("name", type=NOTES)
@YES
@USER
@with_client
def remove(client: BoxClient, name: str, yes: bool, user_name: str | None) -> None:
    """Delete a note, by id or title."""
    found = _find(client, name, user_name)
    called = found["title"] or _preview(found["content"])
    ask_first(f"Delete “{called}”?", yes)
    client.delete(url_path("notes", found["id"]))
    say(f"Deleted note “{called}”")


def _find(client: BoxClient, name: str, user_name: str | None) -> Json:
    found = by_id(client, "notes", name)
    if found is not None:
        return found
    path = url_path("users", person(client, user_name).id, "notes")
    return choose(name, client.items(path, limit=200), "note", lambda note: (note["title"],))


def _preview(content: str) -> str:
    line = " ".join(content.split())
    return line if len(line) <= PREVIEW_CHARS else f"{line[: PREVIEW_CHARS - 1]}…"
