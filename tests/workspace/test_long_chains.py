"""A user's data, however long, makes no transaction long: work is counted in SQLite's own steps."""

import sqlite3
from typing import Any

import pytest

from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.workspace.batch import Batch, Link
from buildos_box.workspace.sync import apply
from tests.workspace.conftest import Workspace

LENGTH = 20_000


@pytest.fixture
async def chain(ada: Workspace) -> Workspace:
    """Each task waits for the one before it."""
    await ada.sync(projects=[{"id": "long", "userId": "ada", "name": "Long"}])

    def fill(tx: Tx) -> None:
        tx.execute(
            """WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
               INSERT INTO tasks (id, project_id, title, created_at, updated_at)
               SELECT 't' || i, 'long', 'x', '2024-01-01T00:00:00.000Z',
                      '2024-01-01T00:00:00.000Z' FROM n""",
            (LENGTH + 1,),
        )
        tx.execute(
            """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
               INSERT INTO task_dependencies (task_id, depends_on_id)
               SELECT 't' || i, 't' || (i - 1) FROM n""",
            (LENGTH,),
        )

    await ada.db.write(fill)
    return ada


async def change(ada: Workspace, task: str, other: str) -> tuple[int, Any]:
    """Make one task wait for another; the hundreds of steps that SQLite took, and the fault."""
    steps, fault = 0, None

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def run(tx: Tx) -> None:
        connection: sqlite3.Connection = tx._connection
        connection.set_progress_handler(count, 100)
        try:
            apply(tx, Batch(links=[Link("dependsOn[0]", task, other)]), ada.clock.now())
        finally:
            connection.set_progress_handler(None, 0)

    try:
        await ada.db.write(run)
    except Unprocessable as error:
        fault = error.message
    return steps, fault


async def test_the_work_of_a_change_is_bounded(chain: Workspace) -> None:
    steps, fault = await change(chain, "t20001", f"t{LENGTH}")
    assert fault is not None
    assert "leads to more than 2,010 dependencies" in fault
    assert steps < 2_000  # each dependency that is followed takes some fifty


async def test_a_short_way_back_is_found_and_a_free_task_may_join(chain: Workspace) -> None:
    _, fault = await change(chain, "t0", "t1000")
    assert fault is not None
    assert "closes a dependency cycle" in fault
    assert (await change(chain, "t20001", "t1500"))[1] is None


async def test_what_is_there_already_is_no_new_work(chain: Workspace) -> None:
    steps, fault = await change(chain, f"t{LENGTH}", f"t{LENGTH - 1}")
    assert fault is None
    assert steps < 10
