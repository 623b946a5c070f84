"""`buildos-box import FILE`: a document of `POST /sync`, a calendar or a table."""

import codecs
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from buildos_box.cli.completion import PROJECTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, find_project, find_user, person
from buildos_box.cli.import_table import TableOptions, read_json_table, read_table_file
from buildos_box.cli.import_table import options as table_options
from buildos_box.cli.output import as_table, clean, show_json, show_table
from buildos_box.client import BoxClient
from buildos_box.errors import Malformed
from buildos_box.untrusted_json import read_json

DAYS_BACK, DAYS_AHEAD = 30, 365
"""The period in which a calendar's repeating events are expanded."""
MOST_BYTES = 32 * 1024 * 1024
"""The body limit of POST /sync."""
FORMATS = {".json": "json", ".ics": "ics", ".ical": "ics", ".csv": "csv", ".tsv": "csv"}


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--format", "chosen", type=click.Choice(("json", "ics", "csv")),
              help="By default from its name.")  # fmt: skip
@click.option("--project", "-p", "project_name", type=PROJECTS,
              help="Where a calendar's tasks go, and those of a table that name none.")  # fmt: skip
@click.option("--back", type=click.IntRange(0, 3660), default=DAYS_BACK, show_default=True,
              help="Of a calendar: from how many days ago.")  # fmt: skip
@click.option("--ahead", type=click.IntRange(1, 3660), default=DAYS_AHEAD, show_default=True,
              help="Of a calendar: for how many days.")  # fmt: skip
@table_options
@click.option("--dry-run", is_flag=True, help="Show what would be taken, and change nothing.")
@USER
@as_table
@with_client
def import_file(
    client: BoxClient,
    file: str,
    chosen: str | None,
    project_name: str | None,
    back: int,
    ahead: int,
    dry_run: bool,
    user_name: str | None,
    as_json: bool,
    **table: Any,
) -> None:
    """Put a file's data into the box: all of it or, if anything is wrong with it, nothing.

    A .json file is what POST /sync takes. Of an .ics file the events become a user's events
    and its to-dos their tasks. Of a .csv file each row becomes a task (or what --list says):
    exports of Todoist, TickTick, Trello, Asana, ClickUp, Linear, Notion, Outlook, Google Calendar,
    Google Tasks (Takeout, JSON) and Microsoft To Do (JSON) are recognised; of another table the
    columns are found by their usual names, or by --map.
    The same file again changes nothing; `-` is standard input.
    """
    warnings: list[str] = []
    rows: list[Json] | None = None
    said = TableOptions(project_name=project_name, **table)
    match chosen or _format(file):
        case "json":
            document = _document(file)
            found = read_json_table(client, file, document, lambda: person(client, user_name), said)
            if found is not None:
                document, rows, warnings = found.document, found.rows, found.warnings
            elif not isinstance(document, dict):
                raise click.ClickException(f"{file} must hold one object, as POST /sync takes it")
        case "ics":
            document, warnings = _calendar(client, file, user_name, project_name, back, ahead)
        case _:
            owner = person(client, user_name)
            found = read_table_file(client, file, _read(file), owner, said)
            document, rows, warnings = found.document, found.rows, found.warnings
    for warning in warnings:
        click.echo(clean(f"note: {warning}"), err=True)
    if dry_run:
        _show_plan(document, rows, warnings, as_json)
        return
    changed = client.sync(document)["changed"]
    if as_json:
        show_json({"changed": changed, "warnings": warnings})
        return
    counted = ("created", "updated", "unchanged", "deleted")
    counts = [[name, *(str(of[what]) for what in counted)] for name, of in changed.items()]
    show_table(["list", *counted], counts, empty="Nothing in it.")


def _show_plan(document: Json, rows: list[Json] | None, warnings: list[str], as_json: bool) -> None:
    """What would be taken: each row of a table, of anything else how many items."""
    if as_json:
        show_json({"document": document, "warnings": warnings})
        return
    if rows is None:
        rows = [
            {"list": name, "items": len(items)}
            for name, items in document.items()
            if isinstance(items, list)
        ]
    heads = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[str(row.get(head, "")) for head in heads] for row in rows]
    show_table(heads, cells, empty="Nothing in it.")
    click.echo("Nothing was changed.", err=True)


def _format(file: str) -> str:
    found = FORMATS.get(Path(file).suffix.lower())
    if found is None:
        raise click.UsageError("say what it is with --format json, ics or csv")
    return found


def _read(file: str) -> bytes:
    try:
        with click.open_file(file, "rb") as opened:
            content: bytes = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"cannot read {file}: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise click.ClickException(f"{file} is too large: 32 MiB at most; split it")
    return content


def _document(file: str) -> Any:
    try:
        return read_json(_read(file).removeprefix(codecs.BOM_UTF8))
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{file} is not JSON: {error}") from None


def _calendar(
    client: BoxClient,
    file: str,
    user_name: str | None,
    project_name: str | None,
    back: int,
    ahead: int,
) -> tuple[Json, list[str]]:
    from buildos_box.calendars.ics.reader import Reader, parse_calendar

    owner = person(client, user_name)
    project = find_project(client, owner, project_name) if project_name else None
    try:
        reader = Reader(
            user_id=owner.id,
            project_id=project["id"] if project else "",
            zone=owner.zone.key,
            window_start=owner.now - timedelta(days=back),
            window_end=owner.now + timedelta(days=ahead),
            now=owner.now,
            email=find_user(client, owner.id)["email"],
        )
        found = parse_calendar(_read(file), reader)
    except Malformed as error:
        raise click.ClickException(f"{file} is not a calendar: {error}") from None
    if found.tasks and project is None:
        raise click.UsageError(f"{file} has tasks; say with --project where they go")
    document: Json = {"events": found.events, "tasks": found.tasks}
    return {name: items for name, items in document.items() if items}, found.warnings
