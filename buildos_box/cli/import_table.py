"""A table as the body of `POST /sync`, for `buildos-box import`."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from buildos_box.cli.find_by_name import Json, Person, project_for_new
from buildos_box.cli.option_value import given
from buildos_box.cli.output import clean
from buildos_box.client import BoxClient, url_path
from buildos_box.errors import Malformed, Unprocessable
from buildos_box.imports.csv_table import Table, read_table
from buildos_box.imports.dates import Dates
from buildos_box.imports.programs import BY_NAME, Program, recognise, table_of
from buildos_box.plural import plural

if TYPE_CHECKING:  # reading items loads the calendar reader, which takes long to import
    from buildos_box.imports.csv_items import Taken

TAB = ("tab", "\\t")


@dataclass(frozen=True, slots=True)
class TableOptions:
    """The options for tables."""

    kind: str | None
    columns: tuple[str, ...]
    delimiter: str | None
    date_formats: tuple[str, ...]
    project_name: str | None
    program_name: str | None
    skip_bad: bool


@dataclass(frozen=True, slots=True)
class TableDocument:
    """The body of `POST /sync`, its rows for people, and notes about it."""

    document: Json
    rows: list[Json]
    warnings: list[str]


def options(command: Any) -> Any:
    """The options of `TableOptions`, on the command."""
    for option in reversed((
        click.option("--from", "program_name", type=click.Choice(sorted(BY_NAME)),
                     help="The program that wrote it; recognised by its columns if not given."),
        click.option("--list", "kind", type=click.Choice(("tasks", "projects", "events")),
                     help="Of a table: what its rows are; tasks if nothing else is known."),
        click.option("--map", "columns", multiple=True, metavar="COLUMN=FIELD",
                     help="Of a table: a column and what it is; `COLUMN=` leaves it out."),
        click.option("--delimiter", help="Of a table: what stands between cells; `tab` is one."),
        click.option("--date-format", "date_formats", metavar="FORM", multiple=True,
                     help="Of a table: how its dates are written, such as %d/%m/%Y; repeatable."),
        click.option("--skip-bad", is_flag=True,
                     help="Of a table: leave cells that cannot be read empty, and list them."),
    )):  # fmt: skip
        command = option(command)
    return command


def read_table_file(
    client: BoxClient, file: str, content: bytes, owner: Person, said: TableOptions
) -> TableDocument:
    """The body for a table's rows. Ends the command with every faulty cell, by line.

    At a terminal it asks whether to leave those cells empty.
    """
    try:
        table = read_table(content, _delimiter(said.delimiter))
    except Malformed as error:
        raise click.UsageError(f"{file}: {error}") from None
    program = BY_NAME[said.program_name] if said.program_name else recognise(table.columns)
    return _read(client, file, table, program, owner, said)


def read_json_table(
    client: BoxClient, file: str, document: Any, owner: Callable[[], Person], said: TableOptions
) -> TableDocument | None:
    """The same for a JSON export of a known program; None if it is not one."""
    found = table_of(document)
    if found is None:
        return None
    program, table = found
    return _read(client, file, table, program, owner(), said)


def _read(
    client: BoxClient,
    file: str,
    table: Table,
    program: Program | None,
    owner: Person,
    said: TableOptions,
) -> TableDocument:
    from buildos_box.imports.csv_items import Owner, take

    projects = {
        project["id"]: project["name"]
        for project in client.items(url_path("users", owner.id, "projects"), limit=200)
    }

    @cache
    def usual_project() -> str:
        return str(project_for_new(client, owner, said.project_name)["id"])

    kind = said.kind or (program.kind if program else "tasks")
    dates = given("--date-format", lambda: Dates(owner.zone, said.date_formats))
    whose = Owner(owner.id, projects, usual_project)

    def taken(skip_bad: bool) -> "Taken":
        return take(table, kind, said.columns, dates, whose, program=program, skip_bad=skip_bad)

    try:
        found = taken(said.skip_bad)
    except Malformed as error:
        raise click.UsageError(f"{file}: {error}") from None
    except Unprocessable as error:
        found = _ask_to_skip(file, error, lambda: taken(True))
    made = {project["id"]: project["name"] for project in found.document.get("projects", [])}
    rows = [
        _shown(line, item, projects | made)
        for line, item in zip(found.lines, found.document.get(kind, []), strict=True)
    ]
    return TableDocument(found.document, rows, _warnings(found, program, said))


def _ask_to_skip(file: str, error: Unprocessable, taken: "Callable[[], Taken]") -> "Taken":
    """Show the faulty cells; continue without them only if the user at a terminal agrees."""
    faults = "\n".join(f"{fault.field}: {fault.message}" for fault in error.details)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(f"{file}\n{faults}\n(--skip-bad leaves such cells empty)")
    click.echo(clean(f"{file}\n{faults}"), err=True)
    click.confirm("Leave these cells empty and import the rest?", abort=True, err=True)
    return taken()


def _warnings(found: "Taken", program: Program | None, said: TableOptions) -> list[str]:
    warnings = []
    if program is not None and said.program_name is None:
        warnings.append(f"read as an export of {program.title} (--from says otherwise)")
    if found.left_out:
        warnings.append(f"columns left out: {', '.join(found.left_out)}")
    if found.skipped:
        warnings.append(
            f"{plural(found.skipped, 'row')} not imported: settings, sections, comments"
        )
    warnings += found.notes
    warnings += [f"left empty: {fault.field}: {fault.message}" for fault in found.bad]
    return warnings


def _shown(line: int, item: Json, projects: Json) -> Json:
    """A row in the form it will have after the import."""
    shown: Json = {"line": line}
    for name, value in item.items():
        if name == "projectId":
            shown["project"] = projects.get(value, value)
        elif name not in ("id", "userId") and value is not None:
            shown[name] = value
    return shown


def _delimiter(said: str | None) -> str | None:
    if said is None:
        return None
    delimiter = "\t" if said.lower() in TAB else said
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise click.BadParameter("must be one character, or `tab`", param_hint="--delimiter")
    return delimiter
