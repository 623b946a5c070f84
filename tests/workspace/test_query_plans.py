"""What is read of one person's day goes through nobody else's rows."""

import re
import sqlite3
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from buildos_box.briefs.collect import Selection, collect
from buildos_box.db import Database, Tx
from buildos_box.workspace import store
from tests.world import BoxWorld

SHARED = ("tasks", "events", "notes", "projects", "users", "task_dependencies")

EACH_WAITS_FOR_THE_ONE_BEFORE = """
    INSERT INTO task_dependencies
    SELECT t.id, o.id FROM tasks t
      JOIN tasks o ON o.seq = t.seq - 1 AND o.project_id = t.project_id"""
WHOLE = re.compile(r"(?:SCAN|BLOOM FILTER ON) (\w+)(?: USING| \(|$)")


class ExplainingTx(Tx):
    """Keeps the plan of every statement that is read."""

    plans: list[tuple[str, str]]

    def execute(self, sql: str, params: Any = ()) -> sqlite3.Cursor:
        self.plans += [
            (str(row["detail"]), sql)
            for row in super().execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
        ]
        return super().execute(sql, params)


class Explaining(Database):
    """Looks through transactions that keep their plans."""

    plans: list[tuple[str, str]]

    async def read_snapshot(self, run: Callable[[Tx], Any]) -> Any:
        def explained(tx: Tx) -> Any:
            explaining = ExplainingTx(tx._connection, tx._listeners)
            explaining.plans = self.plans
            return run(explaining)

        return await super().read_snapshot(explained)


def scanned(plans: Sequence[tuple[str, str]]) -> list[str]:
    """Steps that go through a whole table, by one of its indexes too, or to make a filter of it."""
    tables = (*SHARED, "t", "o", "d", "n", "e", "p")
    found = [(WHOLE.match(detail), detail, sql) for detail, sql in plans]
    return [
        detail
        for match, detail, sql in found
        if match and match[1] in tables and f"{match[1]} AS (" not in sql
    ]


@pytest.mark.parametrize("with_statistics", [False, True])
async def test_the_facts_of_a_day_are_found_by_index(box: BoxWorld, with_statistics: bool) -> None:
    for name in ("ada", "bo", "cy"):
        await box.person(name)
        await box.project(name, tasks=3)
    await box.db.write(lambda tx: tx.execute(EACH_WAITS_FOR_THE_ONE_BEFORE))
    if with_statistics:
        await box.db.write(lambda tx: tx.execute("ANALYZE"))
    user = await store.get_user(box.db, "ada")
    assert user is not None
    explaining = Explaining.__new__(Explaining)
    explaining.__dict__ = {**box.db.__dict__, "plans": []}
    await collect(
        explaining, user, date(2024, 10, 23), "UTC", Selection(None, None), box.clock.now()
    )
    assert len(explaining.plans) > 20
    assert scanned(explaining.plans) == []
