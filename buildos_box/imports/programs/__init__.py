"""The programs whose exports are known. A new one is a module and a line here."""

from collections.abc import Iterable
from typing import Any

from buildos_box.imports.csv_table import Table
from buildos_box.imports.programs import google, microsoft_todo
from buildos_box.imports.programs.asana import ASANA
from buildos_box.imports.programs.clickup import CLICKUP
from buildos_box.imports.programs.linear import LINEAR
from buildos_box.imports.programs.outlook import OUTLOOK_CALENDAR, OUTLOOK_TASKS
from buildos_box.imports.programs.program import Meaning, Program, Record
from buildos_box.imports.programs.ticktick import TICKTICK
from buildos_box.imports.programs.todoist import TODOIST
from buildos_box.imports.programs.trello import TRELLO

NOTION = Program(name="notion", title="Notion")
"""Its columns are the user's own, so it is read like any table, dates and ranges included."""
PROGRAMS = (
    TODOIST, TICKTICK, TRELLO, ASANA, CLICKUP, LINEAR, NOTION, OUTLOOK_TASKS, OUTLOOK_CALENDAR,
    google.GOOGLE_CALENDAR, google.GOOGLE_TASKS, microsoft_todo.MICROSOFT_TODO,
)  # fmt: skip
BY_NAME = {program.name: program for program in PROGRAMS}


def recognise(columns: Iterable[str]) -> Program | None:
    """The program that wrote a table with these columns, if it is known."""
    names = list(columns)
    return next((program for program in PROGRAMS if program.recognises(names)), None)


def table_of(document: Any) -> tuple[Program, Table] | None:
    """The program that wrote a JSON document, and its tasks as a table; None if none is known."""
    for program, read in (
        (google.GOOGLE_TASKS, google.tasks_table),
        (microsoft_todo.MICROSOFT_TODO, microsoft_todo.tasks_table),
    ):
        if (table := read(document)) is not None:
            return program, table
    return None


__all__ = ["BY_NAME", "PROGRAMS", "Meaning", "Program", "Record", "recognise", "table_of"]
