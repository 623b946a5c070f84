"""Many items of one sync that change different columns (docs/spec.md#sync)."""

import random
import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from tests.workspace.conftest import Workspace

CHANGES: dict[str, list[Any]] = {
    "projectId": ["home", "garden"],
    "title": ["One", "Two", "Drei ä"],
    "description": ["", "Long", None],
    "priority": ["low", "high", None],
    "startDate": ["2024-11-01", None],
    "dueDate": ["2024-11-02", "2024-11-03"],
}
COLUMNS = {"projectId": "project_id", "startDate": "start_date", "dueDate": "due_date"}
CLEARED = {"description": "", "priority": "medium", "startDate": None}


def some_changes(rng: random.Random) -> dict[str, Any]:
    chosen = rng.sample(list(CHANGES), rng.randint(0, len(CHANGES)))
    return {name: rng.choice(CHANGES[name]) for name in chosen}


@pytest.mark.parametrize("seed", range(3))
async def test_each_item_gets_its_own_values_whatever_the_others_change(
    ada: Workspace, seed: int
) -> None:
    rng = random.Random(seed)
    await ada.sync(projects=[{"id": "garden", "userId": "ada", "name": "Garden"}])
    expected: dict[str, dict[str, Any]] = {}
    for turn in range(3):
        tasks = []
        for n in rng.sample(range(600), 400):
            key, changes = f"t{n}", some_changes(rng)
            if key not in expected:
                changes = {"projectId": "home", "title": "New", **changes}
                expected[key] = {"description": "", "priority": "medium", "start_date": None}
                expected[key]["due_date"] = None
            tasks.append({"id": key, **changes})
            for name, value in changes.items():
                new = CLEARED[name] if value is None else value
                expected[key][COLUMNS.get(name, name)] = new
        before = {row["id"]: row for row in await ada.rows("tasks")}
        ada.clock.advance(timedelta(minutes=1))
        created, updated, unchanged, _ = (await ada.sync(tasks=tasks))["tasks"]
        after = {row["id"]: row for row in await ada.rows("tasks")}
        new = after.keys() - before.keys()
        changed = {key for key in before if before[key] != after[key]}
        assert (created, updated, unchanged) == (len(new), len(changed), 400 - len(new | changed))
        assert changed == {k for k in before if before[k]["updated_at"] != after[k]["updated_at"]}
        assert (turn == 0) == (not changed)
    for key, values in expected.items():
        assert {name: after[key][name] for name in values} == values


async def test_only_columns_that_change_are_written(ada: Workspace) -> None:
    """So that their indexes alone have to be kept up."""
    await ada.db.write(
        lambda tx: tx.execute(
            """CREATE TEMP TRIGGER no_due_date BEFORE UPDATE OF due_date ON main.tasks
               BEGIN SELECT raise(ABORT, 'due_date was written'); END"""
        )
    )
    await ada.sync(tasks=[{"id": "rent", "title": "Rent", "dueDate": None}])
    assert (await ada.row("tasks", "rent"))["title"] == "Rent"
    with pytest.raises(sqlite3.IntegrityError, match="due_date was written"):
        await ada.sync(tasks=[{"id": "rent", "dueDate": "2024-11-01"}])


async def test_a_note_changes_its_time_unless_another_is_given(ada: Workspace) -> None:
    first, second = "2024-10-01T00:00:00.000Z", "2024-10-02T00:00:00.000Z"
    await ada.sync(notes=[{"id": "n", "projectId": "home", "content": "A", "updatedAt": first}])
    await ada.sync(notes=[{"id": "n", "content": "B", "updatedAt": first}])
    assert (await ada.row("notes", "n"))["updated_at"] == first
    await ada.sync(notes=[{"id": "n", "updatedAt": second}])
    assert (await ada.row("notes", "n"))["updated_at"] == second
    ada.clock.advance(timedelta(minutes=1))
    assert (await ada.sync(notes=[{"id": "n", "content": "B"}]))["notes"] == (0, 0, 1, 0)
    await ada.sync(notes=[{"id": "n", "content": "C", "updatedAt": None}])
    assert (await ada.row("notes", "n"))["updated_at"] > "2024-10-03"
