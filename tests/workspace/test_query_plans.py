"""What is read of one person's day goes through nobody else's rows."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from buildos_box.briefs.collect import Selection, collect
from buildos_box.db import Database
from buildos_box.workspace import store
from tests.world import BoxWorld

SHARED = ("tasks", "events", "notes", "projects", "users", "task_dependencies")


class Explaining(Database):
    """Keeps the plan of every statement that is read."""

    plans: list[tuple[str, str]]

    async def all(self, sql: str, params: Any = ()) -> list[Any]:
        self.plans += [
            (str(row["detail"]), sql)
            for row in await super().all(f"EXPLAIN QUERY PLAN {sql}", params)
        ]
        return await super().all(sql, params)


def scanned(plans: Sequence[tuple[str, str]]) -> list[str]:
    """Steps that go through a whole table, also by one of its indexes."""
    names = {f"SCAN {name}" for name in (*SHARED, "t", "o", "d", "n", "e", "p")}
    return [
        detail
        for detail, sql in plans
        if detail.partition(" USING")[0] in names and f"{detail.split()[1]} AS (" not in sql
    ]


@pytest.mark.parametrize("with_statistics", [False, True])
async def test_the_facts_of_a_day_are_found_by_index(box: BoxWorld, with_statistics: bool) -> None:
    for name in ("ada", "bo", "cy"):
        await box.person(name)
        await box.project(name, tasks=3)
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
