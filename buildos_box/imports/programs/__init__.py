"""The programs whose exports are known. A new one is a `Program` and a line here."""

from collections.abc import Iterable
from typing import Any

from buildos_box.imports.csv_table import Table
from buildos_box.imports.programs import google, microsoft
from buildos_box.imports.programs.program import Meaning, Program, Record
from buildos_box.imports.programs.task_programs import (
    ASANA,
    CLICKUP,
    LINEAR,
    TICKTICK,
    TODOIST,
    TRELLO,
)

NOTION = Program(name="notion", title="Notion")
"""Its columns are the user's own, so it is read like any table, dates and ranges included."""
PROGRAMS = (
    TODOIST, TICKTICK, TRELLO, ASANA, CLICKUP, LINEAR, NOTION,
    microsoft.OUTLOOK_TASKS, microsoft.OUTLOOK_CALENDAR,
    google.GOOGLE_CALENDAR, google.GOOGLE_TASKS, microsoft.MICROSOFT_TODO,
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
        (microsoft.MICROSOFT_TODO, microsoft.tasks_table),
    ):
        if (table := read(document)) is not None:
            return program, table
    return None


__all__ = ["BY_NAME", "PROGRAMS", "Meaning", "Program", "Record", "recognise", "table_of"]
