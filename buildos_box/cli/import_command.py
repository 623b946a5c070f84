"""`buildos-box import FILE`: a document of `POST /sync`, or a calendar."""

import json
from datetime import timedelta
from pathlib import Path

import click

from buildos_box.cli.connection import with_client
from buildos_box.cli.naming import USER, Json, find_project, find_user, person
from buildos_box.cli.output import AS_JSON, clean, show_json, show_table
from buildos_box.client import BoxClient
from buildos_box.errors import Malformed

DAYS_BACK, DAYS_AHEAD = 30, 365
"""The window in which a calendar's repeating events are put down one by one."""
MOST_BYTES = 32 * 1024 * 1024
"""As much as POST /sync takes."""
FORMATS = {".json": "json", ".ics": "ics", ".ical": "ics"}


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--format", "chosen", type=click.Choice(("json", "ics")), help="By its name if not.")
@click.option("--project", "-p", "project_name", help="Of a calendar: where its tasks go.")
@click.option("--back", type=click.IntRange(0, 3660), default=DAYS_BACK, show_default=True,
              help="Of a calendar: from how many days ago.")  # fmt: skip
@click.option("--ahead", type=click.IntRange(1, 3660), default=DAYS_AHEAD, show_default=True,
              help="Of a calendar: for how many days.")  # fmt: skip
@USER
@AS_JSON
@with_client
def import_file(
    client: BoxClient,
    file: str,
    chosen: str | None,
    project_name: str | None,
    back: int,
    ahead: int,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Put a file's data into the box: all of it or, if anything is wrong with it, nothing.

    A .json file is what POST /sync takes. Of an .ics file the events become a user's events
    and its to-dos their tasks. The same file again changes nothing; `-` is standard input.
    """
    warnings: list[str] = []
    if (chosen or _format(file)) == "json":
        document = _document(file)
    else:
        document, warnings = _calendar(client, file, user_name, project_name, back, ahead)
    changed = client.sync(document)["changed"]
    for warning in warnings:
        click.echo(clean(f"note: {warning}"), err=True)
    if as_json:
        show_json({"changed": changed, "warnings": warnings})
        return
    counted = ("created", "updated", "unchanged", "deleted")
    rows = [[name, *(str(counts[what]) for what in counted)] for name, counts in changed.items()]
    show_table(["list", *counted], rows, empty="Nothing in it.")


def _format(file: str) -> str:
    found = FORMATS.get(Path(file).suffix.lower())
    if found is None:
        raise click.UsageError("say what it is with --format json or --format ics")
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


def _document(file: str) -> Json:
    try:
        document = json.loads(_read(file).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise click.ClickException(f"{file} must hold one object, as POST /sync takes it")
    return document


def _calendar(
    client: BoxClient,
    file: str,
    user_name: str | None,
    project_name: str | None,
    back: int,
    ahead: int,
) -> tuple[Json, list[str]]:
    from buildos_box.workspace.ics import parse_calendar

    owner = person(client, user_name)
    project = find_project(client, owner, project_name) if project_name else None
    try:
        found = parse_calendar(
            _read(file),
            user_id=owner.id,
            project_id=project["id"] if project else "",
            default_zone=owner.zone.key,
            window_start=owner.now - timedelta(days=back),
            window_end=owner.now + timedelta(days=ahead),
            user_email=find_user(client, owner.id)["email"],
        )
    except Malformed as error:
        raise click.ClickException(f"{file} is no calendar: {error}") from None
    if found.tasks and project is None:
        raise click.UsageError(f"{file} has tasks; say with --project where they go")
    document: Json = {"events": found.events, "tasks": found.tasks}
    return {name: items for name, items in document.items() if items}, found.warnings
