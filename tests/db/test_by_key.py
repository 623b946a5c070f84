"""What is read on the event loop's own thread is found by an index, whatever the table's size.

One row by a unique key, or a page by an index in its order.

The rule: docs/spec.md#sqlite.
"""

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildos_box.db.database import Database
from tests.clock import ManualClock

PACKAGE = Path(__file__).parents[2] / "buildos_box"


def queries(method: str = "by_key") -> Iterator[tuple[str, str]]:
    """(where, SQL) of each call of that method."""
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        named = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr != method or file.parent.name == "db":
                continue
            sql = node.args[0]
            if isinstance(sql, ast.Subscript):
                sql = sql.value
            if isinstance(sql, ast.Name):
                sql = named[sql.id]
            texts = sql.values if isinstance(sql, ast.Dict) else [sql]
            for text in texts:
                yield f"{file.name}:{node.lineno}", ast.literal_eval(text)


def test_there_are_such_queries() -> None:
    assert len(list(queries())) > 10


async def test_each_finds_its_row_by_a_unique_index(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    await (await Database.open(path, ManualClock())).close()
    db = sqlite3.connect(path)
    others = [
        (where, step)
        for where, sql in queries()
        for step in steps(db, sql)
        if not is_by_key(db, step)
    ]
    db.close()
    assert others == []


async def test_each_page_is_found_in_the_order_of_an_index(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    await (await Database.open(path, ManualClock())).close()
    db = sqlite3.connect(path)
    found = [(sql, steps(db, sql)) for _, sql in queries("few")]
    db.close()
    assert found
    for sql, (step,) in found:
        assert re.search(r"^SEARCH \w+ USING INDEX \w+ \(\w+=\?", step), (sql, step)
        assert sql.endswith("LIMIT ?")


def steps(db: sqlite3.Connection, sql: str) -> list[str]:
    values = ["x"] * sql.count("?")
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


def is_by_key(db: sqlite3.Connection, step: str) -> bool:
    """Whether it searches by equality in the table's key or in a unique index."""
    if not step.startswith("SEARCH") or "=?" not in step or re.search("[<>]", step):
        return False
    index = re.search(r"USING (?:COVERING )?INDEX (\S+)", step)
    if index is None:
        return "PRIMARY KEY" in step
    made = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index[1],)).fetchone()
    return index[1].startswith("sqlite_autoindex") or "UNIQUE" in (made[0] or "")


@pytest.mark.parametrize("sql", ["SELECT * FROM t", "SELECT * FROM t WHERE b = ?",
                                 "SELECT * FROM t WHERE a > ?"])  # fmt: skip
def test_others_are_noticed(sql: str) -> None:
    db = sqlite3.connect(":memory:")
    db.executescript("CREATE TABLE t (a TEXT UNIQUE, b TEXT); CREATE INDEX by_b ON t (b)")
    (step,) = steps(db, sql)
    assert not is_by_key(db, step)
    db.close()
