"""A table as a document of `POST /sync`, for `buildos-box import`."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import click

from buildos_box.cli.dates import given
from buildos_box.cli.naming import Json, Person, project_for_new
from buildos_box.client import BoxClient, url_path
from buildos_box.errors import Impossible, Malformed

TAB = ("tab", "\\t")


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What was said of a table."""

    kind: str
    preferences: tuple[str, ...]
    delimiter: str | None
    date_format: str | None
    project_name: str | None


def options(command: Any) -> Any:
    """The options of `TableOptions`, on the command."""
    for option in reversed((
        click.option("--list", "kind", type=click.Choice(("tasks", "projects", "events")),
                     default="tasks", show_default=True, help="Of a table: what its rows are."),
        click.option("--map", "preferences", multiple=True, metavar="COLUMN=FIELD",
                     help="Of a table: a column and what it is; `COLUMN=` leaves it out."),
        click.option("--delimiter", help="Of a table: what stands between cells; `tab` is one."),
        click.option("--date-format", metavar="FORM",
                     help="Of a table: how its dates are written, such as %d/%m/%Y."),
    )):  # fmt: skip
        command = option(command)
    return command


def read_table_file(
    client: BoxClient, file: str, content: bytes, owner: Person, said: TableOptions
) -> tuple[Json, list[Json], list[str]]:
    """The document, its rows for people, and what was left out.

    Ends the command with every cell at fault, by line and column.
    """
    from buildos_box.imports.csv_cells import Dates
    from buildos_box.imports.csv_items import Owner, take
    from buildos_box.imports.csv_table import read_table

    projects = {
        project["id"]: project["name"]
        for project in client.items(url_path("users", owner.id, "projects"), limit=200)
    }

    @cache
    def usual_project() -> str:
        return str(project_for_new(client, owner, said.project_name)["id"])

    dates = given("--date-format", lambda: Dates(owner.zone, said.date_format))
    try:
        table = read_table(content, _delimiter(said.delimiter))
        taken = take(
            table, said.kind, said.preferences, dates, Owner(owner.id, projects, usual_project)
        )
    except Malformed as error:
        raise click.UsageError(f"{file}: {error}") from None
    except Impossible as error:
        faults = "\n".join(f"{fault.field}: {fault.message}" for fault in error.details)
        raise click.ClickException(f"{file}\n{faults}") from None
    warnings = []
    if taken.left_out:
        warnings.append(f"left out: {', '.join(taken.left_out)}")
    if taken.skipped:
        warnings.append(f"{taken.skipped} rows are no tasks")
    made = {project["id"]: project["name"] for project in taken.document.get("projects", [])}
    rows = [
        _shown(line, item, projects | made)
        for line, item in zip(taken.lines, taken.document.get(said.kind, []), strict=True)
    ]
    return taken.document, rows, warnings


def _shown(line: int, item: Json, projects: Json) -> Json:
    """A row as it will be taken, for a person to look at."""
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
