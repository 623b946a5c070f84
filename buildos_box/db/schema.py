"""Whether a database has the schema that the migrations make."""

from pathlib import Path
from typing import TYPE_CHECKING

from buildos_box.db.migrate import known_migrations, statements
from buildos_box.db.snapshot import own_tables, reading

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.db import Index


def differences(path: Path) -> list[str]:
    """What a file whose schema is of this version lacks, or has otherwise, as short sentences.

    Tables, columns and indexes of somebody's own are no difference. Raises FileNotFoundError,
    sqlite3.DatabaseError for a file that is not a database.
    """
    from sqlite_utils import Database

    expected = Database(memory=True)
    for migration in known_migrations():
        for statement in statements(migration.sql):
            expected.execute(statement)
    with reading(path) as found:
        return _differences(expected, found)


def _differences(expected: "Database", found: "Database") -> list[str]:
    there = {table.name: table for table in own_tables(found)}
    lacking = []
    for table in own_tables(expected):
        if table.name not in there:
            lacking.append(f"table {table.name} is missing")
            continue
        own = there[table.name]
        lacking += [
            f"{table.name}.{name} is missing"
            if name not in own.columns_dict
            else f"{table.name}.{name} is not {kind.__name__}"
            for name, kind in table.columns_dict.items()
            if own.columns_dict.get(name) is not kind
        ]
        lacking += [
            f"index {index.name} is missing or has other columns"
            for index in table.indexes
            if _shape(index) not in map(_shape, own.indexes)
        ]
        references = {(key.column, key.other_table) for key in own.foreign_keys}
        lacking += [
            f"{table.name}.{key.column} does not refer to {key.other_table}"
            for key in table.foreign_keys
            if (key.column, key.other_table) not in references
        ]
    lacking += [
        f"trigger {name} is missing or another"
        for name, sql in expected.triggers_dict.items()
        if found.triggers_dict.get(name) != sql
    ]
    return lacking


def _shape(index: "Index") -> tuple[object, ...]:
    """What an index is, whatever others its table has."""
    return index.name, index.unique, index.partial, index.columns
