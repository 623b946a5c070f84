"""Which column of a table is which field, by choice or by the names that programs use."""

from collections.abc import Iterable, Mapping

from buildos_box.errors import Malformed

KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "tasks": {
        "title": ("title", "task name", "name", "task", "content", "card name", "summary",
                  "subject", "to-do"),
        "description": ("description", "card description", "notes", "note", "details", "body"),
        "status": ("status", "state", "completed", "complete", "done", "is completed"),
        "priority": ("priority", "importance"),
        "start": ("start date", "start", "start on"),
        "due": ("due date", "due", "due at", "due on", "deadline", "date"),
        "completed": ("completed at", "completed on", "completion date", "date completed"),
        "project": ("project", "project name", "projects", "board name", "list", "list name",
                    "task list"),
        "id": ("id", "task id", "card id", "uid", "key"),
        "type": ("type",),
    },
    "projects": {
        "name": ("name", "project", "project name", "title"),
        "description": ("description", "notes", "note", "details"),
        "status": ("status", "state"),
        "start": ("start date", "start"),
        "due": ("due date", "due", "deadline", "end date"),
        "id": ("id", "project id", "uid", "key"),
    },
    "events": {
        "title": ("title", "subject", "summary", "name", "event"),
        "start": ("start date", "start", "start at", "begin", "date"),
        "start time": ("start time", "time"),
        "end": ("end date", "end", "end at"),
        "end time": ("end time",),
        "location": ("location", "where", "place"),
        "status": ("status",),
        "id": ("id", "uid", "event id"),
    },
}  # fmt: skip
"""For each list its fields, and for each field the usual names of columns, the likeliest first."""
NEEDED = {"tasks": ("title",), "projects": ("name",), "events": ("title", "start")}


def assign(
    columns: list[str],
    kind: str,
    said: Iterable[str],
    preset: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, int]:
    """The column of each field.

    `said` are choices `column=field`; `column=` ignores a column. `preset` are the columns in
    exports of a known program. Raises Malformed, which names what is wrong with a choice, or the
    field without a column.
    """
    fields = {**KNOWN[kind], **(preset or {})}
    found: dict[str, int] = {}
    assigned: set[int] = set()
    for choice in said:
        name, sign, field_name = choice.rpartition("=")
        if not sign:
            raise Malformed(f"{choice!r}: write it like column=field")
        column = _column(columns, name)
        assigned.add(column)
        if not field_name.strip():
            continue
        field = _field(fields, field_name)
        if field in found:
            raise Malformed(f"{choice!r}: {field} has a column already")
        found[field] = column
    for field, names in fields.items():
        if field not in found and (at := _known(columns, names, assigned)) is not None:
            found[field] = at
            assigned.add(at)
    for field in NEEDED[kind]:
        if field not in found:
            raise Malformed(
                f"no column was recognised as {field}; choose one with --map COLUMN={field}: "
                f"there are {', '.join(columns)}"
            )
    return found


def _known(columns: list[str], names: tuple[str, ...], assigned: set[int]) -> int | None:
    for name in names:
        for at, column in enumerate(columns):
            if at not in assigned and plain(column) == plain(name):
                return at
    return None


def _column(columns: list[str], name: str) -> int:
    for same in (str.strip, plain):
        at = [index for index, column in enumerate(columns) if same(column) == same(name)]
        if len(at) == 1:
            return at[0]
    raise Malformed(f"no one column is named {name!r}; there are {', '.join(columns)}")


def _field(fields: dict[str, tuple[str, ...]], name: str) -> str:
    for field, names in fields.items():
        if plain(name) in (plain(field), *map(plain, names)):
            return field
    raise Malformed(f"there is no field {name!r}; there are {', '.join(fields)}")


def plain(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return "".join(char for char in text.casefold() if char.isalnum())
