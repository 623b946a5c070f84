"""A batch whose transaction is run again, because another one of its group has failed.

The rules: docs/spec.md#sqlite, docs/spec.md#sync-skip.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import Counts, apply, apply_good
from tests.world import BoxWorld

FAULTY = {
    "tasks": [
        {"id": "t1", "projectId": "ada-launch", "title": "Pay rent"},
        {"id": "t2", "projectId": "ada-launch"},
        {"id": "t3", "projectId": "nowhere", "title": "Lost"},
    ]
}


def in_one_group(box: BoxWorld, *runs: Callable[[Tx], Any]) -> list[Future[Any]]:
    """Let these transactions wait for the writer together."""
    go_on = threading.Event()
    box.db.submit(lambda _tx: go_on.wait(10))
    waiting = [box.db.submit(run) for run in runs]
    go_on.set()
    return waiting


def fail(_tx: Tx) -> None:
    raise ValueError("this one fails")


async def test_what_was_left_out_is_told_also_by_the_second_run(box: BoxWorld) -> None:
    await box.person()
    await box.project()
    batch, now = read_sync(FAULTY, skips=True), box.clock.now()
    asked, failed = in_one_group(box, lambda tx: apply_good(tx, batch, now), fail)
    changed, faults = asked.result(10)
    assert isinstance(failed.exception(10), ValueError)
    assert [fault.field for fault in faults] == ["tasks[1].title", "tasks[2].projectId"]
    assert changed == {"tasks": Counts(created=1)}


async def test_each_fault_is_told_once_also_by_the_second_run(box: BoxWorld) -> None:
    await box.person()
    await box.project()
    batch, now = read_sync(FAULTY), box.clock.now()
    _, refused = in_one_group(box, lambda _tx: None, lambda tx: apply(tx, batch, now))
    with pytest.raises(Unprocessable) as error:
        refused.result(10)
    assert [fault.field for fault in error.value.details] == [
        "tasks[1].title",
        "tasks[2].projectId",
    ]
